/**
 * The options of sockets, clients and servers.
 *
 * @module
 */
import type { ClientConfig, ServerConfig } from "@sealane/handshake";
import type { AlpnProtocols } from "./alpn.ts";
import type { PskClientCallback } from "./psk.ts";
import type { ServerEvents } from "./server_event_hooks.ts";
import type { SecureContext, SecureContextOptions } from "./secure_context.ts";
import type { IdentityCheck } from "./verify.ts";

/** What both ends take besides a context. */
export interface CommonTlsOptions extends SecureContextOptions {
  /** A context in place of the options of one. */
  readonly secureContext?: SecureContext | null;
  /** Application protocols, most preferred first: names, or the bytes of ProtocolNameList. */
  readonly ALPNProtocols?: AlpnProtocols | null;
  /** Whether a peer whose certificate cannot be verified is refused; true unless given. */
  readonly rejectUnauthorized?: boolean | null;
  /** Whether our side stays open when the peer has closed its own; false unless given. */
  readonly allowHalfOpen?: boolean | null;
  /** Whether to write a line to standard error for every handshake message; false unless given. */
  readonly enableTrace?: boolean | null;
  /**
   * Whether the end of the stream without close_notify is an error (RFC 9846 section 6.1). False unless given, as in Node:
   * anybody in the path can cut a stream, so a program that has no lengths of its own wants this.
   */
  readonly requireCloseNotify?: boolean | null;
}

/** Gets the protocol to choose, of those that a client offers; `undefined` refuses the client. */
export type AlpnCallback = (
  request: { readonly servername: string; readonly protocols: string[] },
) => string | undefined;

/** Finds the context for a name; without one it is that of the server. */
export type SniCallback = (
  name: string,
  done: (error: Error | null, context?: SecureContext | SecureContextOptions | null) => void,
) => void;

/**
 * Finds the key of an external PSK by its name: the key, or an object with it as `psk`; nothing for a handshake with
 * certificates. The first argument is the server's `TLSSocket`.
 */
export type PskServerCallback = (socket: object, identity: string) => unknown;

/** What a server's end takes. */
export interface ServerEndOptions extends CommonTlsOptions {
  /** Whether clients are asked for a certificate; with `rejectUnauthorized` they need one. */
  readonly requestCert?: boolean | null;
  /** Chooses the application protocol, in place of `ALPNProtocols`. */
  readonly ALPNCallback?: AlpnCallback | null;
  /** Finds the context for the name that a client asks for. */
  readonly SNICallback?: SniCallback | null;
  /** How long a handshake may take, milliseconds. */
  readonly handshakeTimeout?: number | null;
  /** Finds the key of an external PSK by its name. */
  readonly pskCallback?: PskServerCallback | null;
  /** A hint that TLS 1.3 does not have; taken for the sake of programs that give one. */
  readonly pskIdentityHint?: string | null;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<ServerConfig>;
}

/** What a client's end takes. */
export interface ClientEndOptions extends CommonTlsOptions {
  /** The name to ask for. It is also the one to verify; where it is empty, that is the host. */
  readonly servername?: string | null;
  /** A session to resume: what the event `session` gave. */
  readonly session?: Uint8Array | string | null;
  /** Whether to tell of the OCSP response that the server staples, as the event `OCSPResponse`. */
  readonly requestOCSP?: boolean | null;
  /** Verifies the name in place of the built-in rules: returns what is wrong, if anything is. */
  readonly checkServerIdentity?: IdentityCheck;
  /** Gives an external PSK, in place of certificates. */
  readonly pskCallback?: PskClientCallback | null;
  /** A bound on a key exchange that TLS 1.3 does not have; checked, and not used. */
  readonly minDHSize?: number;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<ClientConfig>;
}

/** Options of `new TLSSocket()`: those of its side, and what concerns the stream. */
export interface TlsSocketOptions extends CommonTlsOptions {
  /** Which side it is; a client unless true. */
  readonly isServer?: boolean | null;
  /** The server that the socket belongs to: its events are told of what happens. */
  readonly server?: object | null;
  /** What events of that server stand for. */
  readonly serverEvents?: ServerEvents;
  /** The host to verify where `servername` is empty. */
  readonly host?: string | null;
  /** As of {@link ClientEndOptions}. */
  readonly servername?: string | null;
  /** As of {@link ClientEndOptions}. */
  readonly session?: Uint8Array | string | null;
  /** As of {@link ClientEndOptions}. */
  readonly requestOCSP?: boolean | null;
  /** As of {@link ClientEndOptions}. */
  readonly checkServerIdentity?: IdentityCheck;
  /** As of {@link ServerEndOptions}. */
  readonly requestCert?: boolean | null;
  /** As of {@link ServerEndOptions}. */
  readonly ALPNCallback?: AlpnCallback | null;
  /** As of {@link ServerEndOptions}. */
  readonly SNICallback?: SniCallback | null;
  /** As of {@link ServerEndOptions}. */
  readonly handshakeTimeout?: number | null;
  /** Finds, or gives, an external PSK: as of {@link ServerEndOptions} and {@link ClientEndOptions}. */
  readonly pskCallback?: PskServerCallback | PskClientCallback | null;
  /** As of {@link ServerEndOptions}. */
  readonly pskIdentityHint?: string | null;
  /** Aborts the connection. */
  readonly signal?: AbortSignal | null;
  /** How much is read ahead, bytes. */
  readonly highWaterMark?: number | null;
  /** Reads into a buffer of the program's, in place of the events of a stream. */
  readonly onread?: OnRead | null;
  /** Whether reading begins paused. */
  readonly pauseOnConnect?: boolean | null;
  /** Whether small writes of the socket below go out at once. */
  readonly noDelay?: boolean | null;
  /** Whether the socket below probes an idle connection. */
  readonly keepAlive?: boolean | null;
  /** After how many milliseconds. */
  readonly keepAliveInitialDelay?: number | null;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<ClientConfig> | Partial<ServerConfig>;
}

/** Reads into one buffer, again and again. */
export interface OnRead {
  /** The buffer, or what gives one for each read. */
  readonly buffer: Uint8Array | (() => Uint8Array);
  /** Called with the number of bytes and the buffer; `false` pauses the socket. */
  readonly callback: (length: number, buffer: Uint8Array) => boolean | void;
}
