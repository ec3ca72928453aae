/**
 * TLS for Node, and for Deno and Bun through their `node:` modules, in the shape of `node:tls`: what takes a socket or a
 * server of that module, `node:https` for instance, takes these.
 *
 * ```ts
 * import { connect, createServer } from "@sealane/tls/node";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider } from "@sealane/providers/native";
 * import { encodePem } from "@sealane/wire";
 *
 * const authority = await createTestAuthority(nativeProvider);
 * const issued = await authority.issue({ names: ["localhost"] });
 * const cert = encodePem("CERTIFICATE", issued.chain[0]);
 * const key = encodePem("PRIVATE KEY", issued.privateKey);
 * const ca = encodePem("CERTIFICATE", authority.certificate);
 *
 * const server = createServer({ cert, key }, (socket) => socket.end("hello"));
 * await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
 * let text = "";
 * for await (const chunk of socket) text += chunk;
 * console.assert(text === "hello" && socket.authorized);
 * await new Promise((resolve) => server.close(resolve));
 * ```
 *
 * Least permissions under Deno: `--allow-net`; a client without `ca` wants those of `systemTrust` of `@sealane/pki` too,
 * `--allow-read` and `--allow-env`.
 *
 * @module
 */
import { connect as connectSocket, isIP, type NetConnectOpts, Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import {
  type ClientConfig,
  type CommonConfig,
  type Credential,
  decodeSession,
  type Observer,
  type PeerIdentity,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Tickets,
  type VerifyRequest,
} from "@sealane/handshake";
import { TrustStore, verifyClientCertificate, verifyServerCertificate } from "@sealane/pki";
import { TlsError } from "@sealane/wire";
import {
  commonConfig,
  type CommonTlsOptions,
  createSecureContext,
  type SecureContext,
  type TlsClientOptions,
  type TlsServerOptions,
  trustOf,
} from "./node/options.ts";
import { peerCertificate } from "./node/peer_certificate.ts";
import { TLSSocket } from "./node/tls_socket.ts";
import { Connection } from "./connection/connection.ts";
import { deferred } from "./connection/deferred.ts";
import { TlsStream } from "./stream/stream.ts";

export type {
  CommonTlsOptions,
  Pem,
  SecureContext,
  SecureContextOptions,
  SniCallback,
  TlsClientOptions,
  TlsServerOptions,
} from "./node/options.ts";
export type { PeerCertificate } from "./node/peer_certificate.ts";
export { createSecureContext, TLSSocket };

/** Where {@link connect} connects to. */
export interface ConnectOptions extends TlsClientOptions {
  /** The host; `localhost` unless given. */
  readonly host?: string;
  /** The port. */
  readonly port?: number;
  /** A pipe, in place of host and port. */
  readonly path?: string;
  /** A socket that is connected or connecting, in place of host and port. */
  readonly socket?: Duplex;
  /** How many milliseconds without bytes make a `timeout`. */
  readonly timeout?: number;
}

/**
 * Connects. The socket can be written to at once; `listener` is called when the handshake is done, as for the event
 * `secureConnect`. Errors are the event `error`, with a `TlsError`.
 *
 * @throws {TlsError} `api/config`.
 */
export function connect(options: ConnectOptions, listener?: () => void): TLSSocket {
  const { host = "localhost", servername = host } = options;
  const common = commonConfig(options);
  const credential = contextOf(options).credential;
  const trust = options.rejectUnauthorized === false && options.ca === undefined
    ? null
    : trustOf(options);
  const raw = options.socket ?? connectSocket(socketOptions(options, host));
  const target = {
    ...(servername === "" ? {} : { serverName: servername }),
    ...(options.session && { session: decodeSession(options.session) }),
  };
  const socket: TLSSocket = new TLSSocket({
    role: "client",
    socket: raw,
    allowHalfOpen: options.allowHalfOpen ?? false,
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    start(transport, hooks): TlsStream {
      const config: ClientConfig = {
        ...common,
        ...(credential && { credentials: () => credential }),
        observer: hooks.observer,
        verifyOnResumption: true, // it is what `authorized` is known from
        verifyPeer: async (peer, request) => {
          await Promise.resolve(); // a session is judged while the socket is being made
          await judge(socket, () => verifyServer(options, trust, common, peer, request));
        },
        ...options.sealane,
      };
      return TlsStream.client(transport, config, target, hooks.options);
    },
  });
  if (options.timeout !== undefined) socket.setTimeout(options.timeout);
  if (listener !== undefined) socket.once("secureConnect", listener);
  return socket;
}

function socketOptions(options: ConnectOptions, host: string): NetConnectOpts {
  // The end of what the peer sends is not the end of what we send: close_notify is still to come.
  if (options.path !== undefined) return { path: options.path, allowHalfOpen: true };
  if (options.port === undefined) throw new TlsError("api/config", "connect needs a port");
  return { host, port: options.port, noDelay: true, allowHalfOpen: true };
}

function contextOf(options: CommonTlsOptions): SecureContext {
  return options.secureContext ?? createSecureContext(options);
}

/** Verifies and, where the program wants to look at the result itself, lets a bad one pass. */
async function judge(socket: TLSSocket, verify: () => Promise<void>): Promise<void> {
  try {
    await verify();
    socket.authorized = true;
    socket.authorizationError = null;
  } catch (error) {
    socket.authorized = false;
    socket.authorizationError = error instanceof Error ? error : new Error(String(error));
    if (socket.rejectUnauthorized) throw error;
  }
}

async function verifyServer(
  options: TlsClientOptions,
  trust: CommonConfig["trust"] | null,
  { provider }: CommonConfig,
  peer: PeerIdentity,
  { serverName, now }: VerifyRequest,
): Promise<void> {
  if (!trust) throw new TlsError("peer/unknown-ca", "there is nothing to verify the server with");
  const { checkServerIdentity } = options;
  const name = checkServerIdentity === undefined ? serverName : null;
  const chain = peer.certificates;
  const anchors = TrustStore.of(trust);
  await verifyServerCertificate({ chain, serverName: name, now, trust: anchors, provider });
  const shown = peerCertificate(chain, true);
  if (checkServerIdentity === undefined || shown === null) return;
  const wrong = checkServerIdentity(serverName ?? "", shown);
  if (wrong !== undefined) {
    throw new TlsError("peer/certificate-name", wrong.message, { cause: wrong });
  }
}

/**
 * A TLS server. Events besides those of `net.Server`: `secureConnection` with a {@link TLSSocket} when a handshake is
 * done, `tlsClientError` with the error and the socket when one failed, `keylog` with the lines of a key log.
 */
export class Server extends NetServer {
  readonly #options: TlsServerOptions;
  readonly #context: SecureContext;
  readonly #common: CommonConfig;
  readonly #tickets: Tickets;

  /**
   * The listener is for the event `secureConnection`.
   *
   * @throws {TlsError} `api/config`.
   */
  constructor(options: TlsServerOptions, listener?: (socket: TLSSocket) => void) {
    super({ allowHalfOpen: true });
    this.#options = options;
    this.#context = contextOf(options);
    this.#common = commonConfig(options);
    const { provider } = this.#common;
    const keys = new RotatingTicketKeys({ random: provider.random });
    this.#tickets = sealedTickets({ provider, keys });
    if (this.#context.credential === null && options.SNICallback === undefined) {
      throw new TlsError(
        "api/config",
        "a server needs cert and key, a secureContext or an SNICallback",
      );
    }
    Connection.server(this.#config({}, () => {
      throw new TlsError("local/internal", "there is no socket yet");
    })); // finds mistakes now, not when the first client comes
    this.on("connection", (raw: Duplex) => this.#accept(raw));
    if (listener !== undefined) this.on("secureConnection", listener);
  }

  #accept(raw: Duplex): void {
    const options = this.#options;
    const socket: TLSSocket = new TLSSocket({
      role: "server",
      socket: raw,
      allowHalfOpen: options.allowHalfOpen ?? false,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      start: (transport, hooks) =>
        TlsStream.server(transport, this.#config(hooks.observer, () => socket), {
          handshakeTimeout: options.handshakeTimeout ?? 120_000,
          ...hooks.options,
        }),
    });
    const failed = (error: Error) => this.emit("tlsClientError", error, socket);
    socket.on("keylog", (line) => this.emit("keylog", line, socket));
    socket.once("error", failed);
    socket.once("secure", () => {
      socket.off("error", failed);
      this.emit("secureConnection", socket);
    });
  }

  #config(observer: Observer, socket: () => TLSSocket): ServerConfig {
    const options = this.#options;
    const { requestCert = false, rejectUnauthorized = true } = options;
    const { provider } = this.#common;
    const clientAuthentication = rejectUnauthorized ? "required" : "requested";
    // Also without requestCert, for TLSSocket.renegotiate().
    const verifies = requestCert || options.sealane?.trust === undefined;
    return {
      ...this.#common,
      observer,
      tickets: this.#tickets,
      verifyOnResumption: true,
      credentials: ({ serverName }) => this.#credential(serverName),
      ...(requestCert && { clientAuthentication }),
      ...(verifies && {
        verifyPeer: ({ certificates: chain }: PeerIdentity, { now }: VerifyRequest) =>
          judge(socket(), async () => {
            await verifyClientCertificate({ chain, now, trust: trustOf(options), provider });
          }),
      }),
      ...options.sealane,
    };
  }

  async #credential(name: string | null): Promise<Credential | null> {
    const { SNICallback } = this.#options;
    if (SNICallback === undefined || name === null || isIP(name) !== 0) {
      return await this.#context.credential;
    }
    const { promise, resolve, reject } = deferred<SecureContext | undefined>();
    SNICallback(name, (error, context) => error ? reject(error) : resolve(context));
    const chosen = await promise ?? this.#context;
    return await chosen.credential;
  }
}

/**
 * A TLS server; `listener` is for the event `secureConnection`.
 *
 * @throws {TlsError} `api/config`.
 */
export function createServer(
  options: TlsServerOptions,
  listener?: (socket: TLSSocket) => void,
): Server {
  return new Server(options, listener);
}
