/**
 * `tls.Server` and `tls.createServer()`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Server as NetServer, type ServerOpts } from "node:net";
import process from "node:process";
import type { Duplex } from "node:stream";
import { protocolList } from "./alpn.ts";
import { type CallableClass, callableClass } from "./callable.ts";
import { argumentTypeError, nodeError, resetError } from "./node_error.ts";
import { refuseUnknownOptions } from "./option_names.ts";
import { SecureContext, type SecureContextOptions } from "./secure_context.ts";
import { serverEvents } from "./server_events.ts";
import type { ServerEndOptions, SniCallback } from "./socket_options.ts";
import { TICKET_KEYS_LENGTH } from "./ticket_keys.ts";
import { TLSSocket } from "./tls_socket.ts";
import {
  bytesOf,
  validateBuffer,
  validateFunction,
  validateNumber,
  validateObject,
  validateString,
} from "./validate.ts";

/** Options of {@link createServer}: those of `net.createServer()`, and what to ask of connections. */
export interface TlsServerOptions extends ServerEndOptions, Omit<ServerOpts, "allowHalfOpen"> {}

/** Told of a client when its handshake is done. */
export type SecureConnectionListener = (socket: TLSSocket) => void;

/** How long a handshake may take unless the options say so, milliseconds. */
const HANDSHAKE_TIMEOUT = 120_000;

/** A context for the names that fit a pattern. */
interface NamedContext {
  readonly pattern: RegExp;
  readonly context: SecureContext;
}

/** What a server does with each connection; shared by {@link Server} and the one of `https`. */
export class Acceptor {
  /** The context of connections to come. */
  context: SecureContext;
  readonly #options: TlsServerOptions;
  readonly #server: NetServer;
  readonly #named: NamedContext[] = [];

  /** Checks the options. */
  constructor(server: NetServer, options: TlsServerOptions) {
    refuseUnknownOptions(options, "createServer");
    const { ALPNCallback, ALPNProtocols, SNICallback, pskCallback, pskIdentityHint } = options;
    if (ALPNCallback && ALPNProtocols) {
      throw nodeError(
        "ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS",
        "The ALPNCallback and ALPNProtocols TLS options are mutually exclusive",
        TypeError,
      );
    }
    if (ALPNProtocols) protocolList(ALPNProtocols);
    validateNumber(options.handshakeTimeout || HANDSHAKE_TIMEOUT, "options.handshakeTimeout");
    if (SNICallback) validateFunction(SNICallback, "options.SNICallback");
    if (pskCallback) validateFunction(pskCallback, "options.pskCallback");
    if (pskIdentityHint) validateString(pskIdentityHint, "options.pskIdentityHint");
    this.#server = server;
    this.#options = options;
    this.context = options.secureContext ?? serverContext(options);
  }

  /** Replaces the context for connections to come; ticket keys that the program chose stay. */
  setContext(options: SecureContextOptions): void {
    validateObject(options, "options");
    const { ticketKeys } = this.#options;
    this.context = serverContext({ ...(ticketKeys && { ticketKeys }), ...options });
  }

  /** The context for names that fit `servername`, which may have `*` for a label. The last one that fits counts. */
  addContext(servername: string, context: SecureContext | SecureContextOptions): void {
    if (!servername) {
      throw nodeError(
        "ERR_TLS_REQUIRED_SERVER_NAME",
        '"servername" is required parameter for Server.addContext',
      );
    }
    const pattern = servername.replaceAll(/[.^$+?\-\\[\]{}()|]/g, "\\$&").replaceAll("*", "[^.]*");
    this.#named.push({
      pattern: new RegExp(`^${pattern}$`, "i"),
      context: context instanceof SecureContext ? context : serverContext(context),
    });
  }

  /** A TLS socket over an accepted one; `secure` is called when its handshake is done. */
  accept(raw: Duplex, secure: (socket: TLSSocket) => void): TLSSocket {
    const options = this.#options;
    const server = this.#server;
    const socket: TLSSocket = new TLSSocket(raw, {
      ...options,
      secureContext: this.context,
      isServer: true,
      server,
      requestCert: options.requestCert === true,
      handshakeTimeout: options.handshakeTimeout || HANDSHAKE_TIMEOUT,
      SNICallback: options.SNICallback ?? (this.#named.length > 0 ? this.#byName : undefined),
      serverEvents: serverEvents(server),
    });
    let told = false;
    const failed = (error: Error) => {
      if (told) return;
      told = true;
      server.emit("tlsClientError", error, socket);
    };
    if (server.listenerCount("keylog") > 0) {
      socket.on("keylog", (line) => server.emit("keylog", line, socket));
    }
    // Stays for good, as in Node: no client ends a program that does not listen for the errors of its sockets.
    socket.on("error", failed);
    socket.on("close", (hadError: boolean) => {
      if (!hadError) failed(resetError("socket hang up"));
    });
    socket.on("secure", () => {
      if (told || socket.destroyed) return;
      told = true;
      socket.secureConnecting = false;
      socket.releaseErrors();
      secure(socket);
    });
    return socket;
  }

  readonly #byName: SniCallback = (name, done) => {
    done(null, this.#named.findLast(({ pattern }) => pattern.test(name))?.context);
  };
}

/** As in Node, a server follows its own order of cipher suites unless told otherwise. */
function serverContext(options: SecureContextOptions): SecureContext {
  if (options instanceof SecureContext) return options;
  return new SecureContext({ honorCipherOrder: true, ...options });
}

/**
 * A TLS server. Events besides those of `net.Server`: `secureConnection` with a {@link TLSSocket} when a handshake is done,
 * `tlsClientError` with the error and the socket when one failed, `keylog`, `newSession`, `resumeSession`, `OCSPRequest`.
 */
export class ServerClass extends NetServer {
  readonly #acceptor: Acceptor;

  /**
   * The listener is for the event `secureConnection`.
   *
   * @throws {TlsError} `api/config` for options that cannot be honoured; errors with Node's codes as Node throws them.
   */
  constructor(
    options?: TlsServerOptions | SecureConnectionListener | null,
    listener?: SecureConnectionListener,
  ) {
    const given = typeof options === "function" ? {} : options ?? {};
    if (typeof given !== "object") throw argumentTypeError("options", "Object", options);
    super(netOptions(given));
    this.#acceptor = new Acceptor(this, given);
    this.on("connection", (raw: Duplex) => {
      this.#acceptor.accept(raw, (socket) => this.emit("secureConnection", socket));
    });
    const secure = typeof options === "function" ? options : listener;
    if (secure) this.on("secureConnection", secure);
  }

  /** Replaces keys, certificates and the rest of the context for connections to come. */
  setSecureContext(options: SecureContextOptions): void {
    this.#acceptor.setContext(options);
  }

  /** A context for the names that fit `servername`, which may have `*` for a label. The last one that fits counts. */
  addContext(servername: string, context: SecureContext | SecureContextOptions): void {
    this.#acceptor.addContext(servername, context);
  }

  /** The 48 bytes that seal tickets, for another server of the same name. They open every ticket: keep them secret. */
  getTicketKeys(): Buffer {
    return this.#acceptor.context.ticketKeys.export();
  }

  /** Seals tickets with these 48 bytes from now on; those under the ones before are still taken. */
  setTicketKeys(keys: ArrayBufferView): void {
    validateBuffer(keys);
    if (keys.byteLength !== TICKET_KEYS_LENGTH) {
      throw nodeError("ERR_ASSERTION", "Session ticket keys must be a 48-byte buffer");
    }
    this.#acceptor.context.ticketKeys.replace(bytesOf(keys));
  }

  /** Part of the interface to `node:cluster`: what the workers share. */
  _getServerData(): { ticketKeys: string } {
    return { ticketKeys: this.getTicketKeys().toString("hex") };
  }

  /** Part of the interface to `node:cluster`. */
  _setServerData(data: { ticketKeys: string }): void {
    this.setTicketKeys(Buffer.from(data.ticketKeys, "hex"));
  }

  /** What a listener of `secureConnection` rejects with, where rejections are captured, ends its socket. */
  [Symbol.for("nodejs.rejection")](error: Error, event: string, socket: TLSSocket): void {
    if (event === "secureConnection") socket.destroy(error);
    else process.nextTick(() => this.emit("error", error));
  }
}

/** What `net.Server` has a use for. */
function netOptions(options: TlsServerOptions): ServerOpts {
  const { pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay, highWaterMark } = options;
  const given = {
    allowHalfOpen: options.allowHalfOpen ?? undefined,
    pauseOnConnect,
    noDelay,
    keepAlive,
    keepAliveInitialDelay,
    highWaterMark,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A TLS server. */
export type Server = ServerClass;
/** A TLS server, made with `new` or without. */
export const Server: CallableClass<typeof ServerClass> = callableClass(ServerClass);

/**
 * A TLS server; the listener is for the event `secureConnection`.
 *
 * @throws as {@link Server}.
 */
export function createServer(
  options?: TlsServerOptions | SecureConnectionListener | null,
  listener?: SecureConnectionListener,
): Server {
  return new ServerClass(options, listener);
}
