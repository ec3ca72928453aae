/**
 * A TLS connection as a stream of Node, in the shape of `tls.TLSSocket`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";
import { encodeSession, type HandshakeInfo, keyLogLine, type Observer } from "@sealane/handshake";
import { namedGroupName, TlsError } from "@sealane/wire";
import type { ConnectionEvent } from "../connection/connection_options.ts";
import type { TlsStream } from "../stream/stream.ts";
import type { TlsStreamOptions } from "../stream/stream_options.ts";
import type { ByteTransport } from "../stream/transport.ts";
import { type PeerCertificate, peerCertificate } from "./peer_certificate.ts";
import { duplexTransport } from "./transport.ts";

/** What a {@link TLSSocket} is made of. */
export interface TlsSocketParts {
  /** Which side it is. */
  readonly role: "client" | "server";
  /** The socket below. */
  readonly socket: Duplex;
  /** Whether our side stays open when the peer has closed its own. */
  readonly allowHalfOpen: boolean;
  /** Whether a peer that cannot be verified is refused. */
  readonly rejectUnauthorized: boolean;
  /** Begins the handshake: given the transport and the hooks of the socket, makes the stream. */
  start(
    transport: ByteTransport,
    hooks: { readonly options: TlsStreamOptions; readonly observer: Observer },
  ): TlsStream;
}

/**
 * One end of a TLS connection. Events besides those of a stream: `secureConnect` (client) and `secure` when the
 * handshake is done, `session` for each session that can be resumed, `keylog` with the lines of a key log.
 */
export class TLSSocket extends Duplex {
  /** Always true. */
  readonly encrypted = true;
  /** Whether the peer's certificate was verified. */
  authorized = false;
  /** Why it was not; `null` if it was, or if there is none. */
  authorizationError: Error | null = null;
  /** The application protocol; `false` if none was agreed, `null` before the handshake is done. */
  alpnProtocol: string | false | null = null;
  /** The name that the client asked for; `false` if it asked for none. */
  servername: string | false | null = null;
  /** Whether a peer that cannot be verified is refused: the option of this name, or that of {@link TLSSocket.renegotiate}. */
  rejectUnauthorized: boolean;
  readonly #parts: TlsSocketParts;
  readonly #stream: TlsStream;
  #session: Buffer | undefined;

  /** Used by `connect()` and `createServer()`. */
  constructor(parts: TlsSocketParts) {
    super({ allowHalfOpen: parts.allowHalfOpen });
    this.#parts = parts;
    this.rejectUnauthorized = parts.rejectUnauthorized;
    parts.socket.on("timeout", () => this.emit("timeout"));
    const observer: Observer = {
      secret: (label, clientRandom, secret) => {
        if (this.listenerCount("keylog") === 0) return;
        this.emit("keylog", Buffer.from(`${keyLogLine(label, clientRandom, secret)}\n`));
      },
    };
    const options = {
      onEvent: (event: Exclude<ConnectionEvent, { type: "data" }>) => this.#on(event),
    };
    try {
      this.#stream = parts.start(duplexTransport(parts.socket), { options, observer });
    } catch (error) {
      parts.socket.destroy();
      throw error;
    }
    this.#stream.opened.then((info) => this.#onOpen(info), (error) => this.destroy(error));
  }

  /** The stream below. */
  get stream(): TlsStream {
    return this.#stream;
  }

  /** Whether the handshake is still under way. */
  get secureConnecting(): boolean {
    return this.alpnProtocol === null;
  }

  /** Whether the socket below is still connecting. */
  get connecting(): boolean {
    return this.#socket?.connecting ?? false;
  }

  /** `TLSv1.3`; `null` before it is agreed. */
  getProtocol(): string | null {
    return this.#stream.info === null ? null : "TLSv1.3";
  }

  /** The cipher suite. */
  getCipher(): { name: string; standardName: string; version: string } | Record<string, never> {
    const { info } = this.#stream;
    if (info === null) return {};
    return { name: info.suite.name, standardName: info.suite.name, version: "TLSv1.3" };
  }

  /** The group of the key exchange; empty where there was none. */
  getEphemeralKeyInfo(): { type: string; name: string } | Record<string, never> {
    const group = this.#stream.info?.group ?? null;
    return group === null ? {} : { type: "ECDH", name: namedGroupName(group) };
  }

  /** The peer's certificate; an empty object if it has none. With `detailed`, its chain as sent. */
  getPeerCertificate(detailed = false): Partial<PeerCertificate> {
    return peerCertificate(this.#stream.info?.peer?.certificates ?? [], detailed) ?? {};
  }

  /** The last session that can be resumed, for the option `session`. */
  getSession(): Buffer | undefined {
    return this.#session;
  }

  /** Whether a session was resumed. */
  isSessionReused(): boolean {
    return this.#stream.info?.resumed ?? false;
  }

  /**
   * On a server: asks the client for its certificate, which is what TLS 1.3 has in place of a renegotiation (RFC 9846 section
   * 4.7.2). The client has to have offered it: with Sealane by `sealane: { postHandshakeAuthentication: true }`, with OpenSSL
   * by `-enable_pha`. `callback` is called when it has answered; {@link TLSSocket.getPeerCertificate} and
   * {@link TLSSocket.authorized} say what. With `rejectUnauthorized`, as it is unless given here or to the server, a client
   * without a certificate that can be verified ends the connection.
   *
   * Returns whether the client was asked; if not, `callback` is told why.
   */
  renegotiate(
    options: { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean } = {},
    callback: (error: Error | null) => void = () => {},
  ): boolean {
    const { rejectUnauthorized: required = this.rejectUnauthorized } = options;
    const { connection } = this.#stream;
    const possible = connection.writable &&
      connection.handshake.post.canRequestClientAuthentication;
    if (possible) this.rejectUnauthorized = required;
    const answer = this.#stream.requestClientAuthentication({ required });
    answer.then(() => callback(null), callback);
    return possible;
  }

  /** Keying material of an exporter (RFC 9846 section 7.5); `length` is in bytes. */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    const empty = new Uint8Array(0);
    return Buffer.from(this.#stream.exportKeyingMaterial(label, context ?? empty, length));
  }

  /** Our end of the socket. */
  address(): AddressInfo | Record<string, never> {
    // Of a TCP socket it is an AddressInfo or empty; the type says more for the sake of pipes.
    return (this.#socket?.address() ?? {}) as AddressInfo | Record<string, never>;
  }

  /** The peer's address. */
  get remoteAddress(): string | undefined {
    return this.#socket?.remoteAddress;
  }

  /** The family of the peer's address, `IPv4` or `IPv6`. */
  get remoteFamily(): string | undefined {
    return this.#socket?.remoteFamily;
  }

  /** The peer's port. */
  get remotePort(): number | undefined {
    return this.#socket?.remotePort;
  }

  /** Our address. */
  get localAddress(): string | undefined {
    return this.#socket?.localAddress;
  }

  /** Our port. */
  get localPort(): number | undefined {
    return this.#socket?.localPort;
  }

  /** As of the socket below: emits `timeout` after so many milliseconds without bytes. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    if (callback !== undefined) this.once("timeout", callback);
    this.#socket?.setTimeout(milliseconds);
    return this;
  }

  /** As of the socket below. */
  setNoDelay(noDelay = true): this {
    this.#socket?.setNoDelay(noDelay);
    return this;
  }

  /** As of the socket below. */
  setKeepAlive(enable = false, initialDelay = 0): this {
    this.#socket?.setKeepAlive(enable, initialDelay);
    return this;
  }

  /** Makes the socket keep the program running. */
  ref(): this {
    this.#socket?.ref();
    return this;
  }

  /** Lets the program end in spite of the socket. */
  unref(): this {
    this.#socket?.unref();
    return this;
  }

  /** Part of the stream interface: reads. */
  override _read(): void {
    this.#stream.next().then((chunk) => {
      this.push(chunk);
      if (chunk === null) this.read(0); // the end is seen even if nobody reads
    }, (error) => this.destroy(error));
  }

  /** Part of the stream interface: writes. */
  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#stream.write(chunk).then(() => done(), done);
  }

  /** Part of the stream interface: writes what was collected, in as few records as it takes. */
  override _writev(
    chunks: { chunk: Uint8Array; encoding: string }[],
    done: (error?: Error) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "", done);
  }

  /** Part of the stream interface: closes our side. */
  override _final(done: (error?: Error) => void): void {
    this.#stream.closeWrite().then(() => done(), done);
  }

  /** Part of the stream interface: ends. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const ending = error === null
      ? this.#stream.close()
      : this.#stream.abort(TlsError.from(error, "local/aborted"));
    ending.finally(() => done(error));
  }

  get #socket(): Socket | null {
    const { socket } = this.#parts;
    return socket instanceof Socket ? socket : null;
  }

  #on(event: Exclude<ConnectionEvent, { type: "data" }>): void {
    if (event.type !== "ticket") return;
    this.#session = Buffer.from(encodeSession(event.session));
    this.emit("session", this.#session);
  }

  #onOpen(info: HandshakeInfo): void {
    this.alpnProtocol = info.alpn ?? false;
    this.servername = info.serverName ?? false;
    this.emit("secure");
    if (this.#parts.role === "client") this.emit("secureConnect");
    this.read(0); // as of net.Socket: reading begins before anybody asks, and stops when the buffer is full
  }
}
