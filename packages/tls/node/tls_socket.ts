/**
 * A TLS connection as a socket of Node: `tls.TLSSocket`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import process from "node:process";
import { addAbortSignal, type Duplex } from "node:stream";
import type { HandshakeInfo } from "@sealane/handshake";
import { TlsError } from "@sealane/wire";
import type { ConnectionEvent } from "../connection/connection_options.ts";
import { protocolList } from "./alpn.ts";
import type { End } from "./end.ts";
import { Engine } from "./engine.ts";
import { nodeError, resetError, toNodeError } from "./node_error.ts";
import { openConnection } from "./open_connection.ts";
import { SecureContext, type SecureContextOptions } from "./secure_context.ts";
import { ReadTarget } from "./read_target.ts";
import type { TlsSocketOptions } from "./socket_options.ts";
import {
  baseOptions,
  checkCallbacks,
  checkedStream,
  contextOf,
  localChain,
} from "./socket_parts.ts";
import { writeTrace } from "./trace.ts";
import { TlsFacts, type TlsState } from "./tls_facts.ts";
import {
  validateBoolean,
  validateFunction,
  validateInteger,
  validateObject,
  validateString,
} from "./validate.ts";

/** The limits of `setMaxSendFragment()`, as in OpenSSL. */
const MIN_FRAGMENT = 512;
const MAX_FRAGMENT = 16_384;

/** Where a socket connects to. */
export interface ConnectTarget {
  /** A pipe. */
  readonly path?: string;
  /** The host. */
  readonly host?: string;
  /** The port. */
  readonly port?: number;
  /** Our own address. */
  readonly localAddress?: string;
}

/**
 * One end of a TLS connection. Events besides those of `net.Socket`: `secure` when the handshake is done, `secureConnect` on
 * what `connect()` made, `session` for each session that can be resumed, `keylog` with the lines of a key log, `OCSPResponse`.
 */
export class TLSSocket extends TlsFacts {
  /** Always true. */
  readonly encrypted = true;
  /** Whether the peer was verified. */
  authorized = false;
  /** Why it was not: a code of Node's, or the message of an error without one; `null` if it was. */
  authorizationError: string | null = null;
  /** The application protocol; `false` if none was agreed, `null` before the handshake is done. */
  alpnProtocol: string | false | null = null;
  /** The name that the client asked for; `false` if it asked for none, `null` before the handshake is done. */
  servername: string | false | null = null;
  /** Whether the handshake is still under way. */
  secureConnecting = true;
  /** Where `connect()` connects to, for the error of a connection that never was. */
  target: ConnectTarget = {};
  /** The server that the socket belongs to. */
  readonly server: object | undefined;
  /** The stream below. */
  protected override readonly raw: Duplex;
  /** What the connection has come to. */
  protected override readonly state: TlsState;
  readonly #options: TlsSocketOptions;
  readonly #end: End;
  readonly #into: ReadTarget | null;
  #engine: Engine | null = null;
  #rejectUnauthorized: boolean;
  #servername: string;
  #session: Uint8Array | string | null;
  #maxFragment: number | undefined;
  #verifyError: Error | null = null;
  #callbackError: Error | null = null;
  #closeEmitted = false;
  #starting = false;
  readonly #beforeStart: (() => void)[] = [];

  /**
   * A TLS connection over `socket`, which belongs to it from now on. The handshake begins in the next turn, when the socket is
   * connected. Without a socket it begins with {@link TLSSocket.connect}.
   *
   * @throws as `createSecureContext()`.
   */
  constructor(socket?: Duplex | null, options: TlsSocketOptions = {}) {
    super(baseOptions(checkedStream(socket), options));
    const { enableTrace, ALPNProtocols, signal } = options;
    if (enableTrace !== undefined && enableTrace !== null) {
      validateBoolean(enableTrace, "options.enableTrace");
    }
    if (ALPNProtocols) protocolList(ALPNProtocols); // throws what is wrong with it
    checkCallbacks(options);
    this.#options = options;
    this.state = this.#makeState(contextOf(options));
    this.#end = this.#makeEnd();
    this.#rejectUnauthorized = options.rejectUnauthorized !== false;
    this.#servername = options.servername ?? "";
    this.#session = options.session ?? null;
    this.#into = socket || !options.onread ? null : new ReadTarget(options.onread);
    this.server = options.server ?? undefined;
    this.raw = socket ?? new Socket({ allowHalfOpen: true });
    this.once("close", () => this.#closeEmitted = true);
    this.on("error", onEarlyError);
    this.#adopt(socket ?? null);
    if (options.pauseOnConnect) this.pause();
    if (options.handshakeTimeout) this.#limitHandshake(options.handshakeTimeout);
    if (signal) addAbortSignal(signal, this);
    // In the next turn, so that the program can listen before anything happens.
    if (socket) process.nextTick(() => this.start());
  }

  /** As of `net.Socket`: connects the socket below, and begins the handshake. */
  override connect(...args: unknown[]): this {
    if (this.destroyed) return this; // by its signal
    const callback = args.at(-1);
    if (typeof callback === "function") this.once("connect", () => callback.call(this));
    this.setConnecting(true);
    // Whatever net.Socket takes, it takes here.
    const { raw } = this;
    if (raw instanceof Socket) {
      const own = typeof callback === "function" ? args.slice(0, -1) : args;
      Reflect.apply(raw.connect, raw, own);
    }
    this.start();
    return this;
  }

  /** Begins the handshake when the socket is connected; nothing the second time. */
  protected start(): void {
    if (this.#starting || this.destroyed) return;
    if (this.connecting) {
      this.once("connect", () => this.start());
      return;
    }
    this.#starting = true;
    try {
      const connection = openConnection(this.#end, this, {
        ...this.#options,
        servername: this.#servername,
        session: this.#session,
        maxFragment: this.#maxFragment,
      });
      this.#engine = new Engine(connection, this.raw, {
        open: (info) => this.#onOpen(info),
        data: (bytes) => this.#onData(bytes),
        flowing: () => this.readableFlowing === true || this.#into !== null,
        end: () => this.#onPeerEnd(),
        event: (event) => this.#onEvent(event),
        fail: (error) => this.#onFailure(error),
        failsQuietly: () => this.#callbackError !== null,
      });
      this.#engine.start();
      for (const step of this.#beforeStart.splice(0)) step();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** What the handshake says to the program is on its way: errors are its own from now on, if it has no listener. */
  releaseErrors(): void {
    this.off("error", onEarlyError);
  }

  /** On a client, before the handshake: the name to ask for. */
  setServername(name: string): void {
    validateString(name, "name");
    if (this.#options.isServer) {
      throw nodeError("ERR_TLS_SNI_FROM_SERVER", "Cannot issue SNI from a TLS server-side socket");
    }
    this.#servername = name;
  }

  /** On a client, before the handshake: a session to resume. */
  setSession(session: Uint8Array | string): void {
    this.#session = session;
  }

  /** On a server, before it has answered: another certificate. */
  setKeyCert(context: SecureContext | SecureContextOptions): void {
    this.state.keyCert = context instanceof SecureContext ? context : new SecureContext(context);
  }

  /** The most bytes in a record that is sent: 512 to 16,384. Returns whether it was taken. */
  setMaxSendFragment(size: number): boolean {
    validateInteger(size, "size", -0x8000_0000, 0x7fff_ffff);
    if (size < MIN_FRAGMENT || size > MAX_FRAGMENT) return false;
    this.#maxFragment = size;
    this.#engine?.connection.setMaxFragment(size);
    return true;
  }

  /** Writes a line for each handshake message to standard error. */
  enableTrace(): void {
    this.state.trace = writeTrace;
  }

  /**
   * On a server: asks the client for its certificate, which is what TLS 1.3 has in place of a renegotiation (RFC 9846 section
   * 4.7.2). The client has to have offered it: with Sealane by `sealane: { postHandshakeAuthentication: true }`, with OpenSSL
   * by `-enable_pha`. `callback` is called when it has answered; {@link TlsFacts.getPeerCertificate} and
   * {@link TLSSocket.authorized} say what. With `rejectUnauthorized`, as it is unless given here or to the server, a client
   * without a certificate that can be verified ends the connection.
   *
   * Returns whether the client was asked; if not, `callback` is told why.
   */
  renegotiate(
    options: { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean } = {},
    callback: (error: Error | null) => void = () => {},
  ): boolean {
    const connection = this.#engine?.connection;
    const { rejectUnauthorized: required = this.#rejectUnauthorized } = options;
    validateObject(options, "options");
    validateFunction(callback, "callback");
    const fail = (why: TlsError) => {
      process.nextTick(callback, this.state.isServer ? why : wrongVersion(why));
      return false;
    };
    if (connection === undefined || this.destroyed) {
      return fail(new TlsError("api/state", "the socket is not connected"));
    }
    try {
      connection.requestClientAuthentication({ required });
    } catch (error) {
      return fail(TlsError.from(error));
    }
    this.#rejectUnauthorized = required;
    this.#engine?.flush();
    const settle = (error: Error | null) => {
      this.off("clientAuthentication", answered);
      this.off("error", settle);
      callback(error);
    };
    const answered = () => settle(null);
    this.once("clientAuthentication", answered);
    this.once("error", settle);
    return true;
  }

  /** Part of the stream interface: reads. */
  override _read(): void {
    this.#engine?.resume();
  }

  /** As of `net.Socket`. */
  override resume(): this {
    super.resume();
    this.#engine?.resume();
    return this;
  }

  /** Part of the stream interface: writes. */
  override _write(
    chunk: Uint8Array | string,
    encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
    this.active();
    this.plaintextWritten += bytes.length;
    if (this.#engine !== null) return this.#engine.write(bytes, done);
    this.#beforeStart.push(() => this.#engine?.write(bytes, done));
  }

  /** Part of the stream interface: writes what was collected, in as few records as it takes. */
  override _writev(
    chunks: { chunk: Uint8Array | string; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    const all = chunks.map(({ chunk, encoding }) =>
      typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk
    );
    this._write(Buffer.concat(all), "utf8", done);
  }

  /** Part of the stream interface: closes our side. */
  override _final(done: (error?: Error | null) => void): void {
    if (this.#engine !== null) return this.#engine.close(done);
    if (this.destroyed) return done();
    this.#beforeStart.push(() => this.#engine?.close(done));
  }

  /** Part of the stream interface: ends. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.setConnecting(false);
    this.stopTimer();
    if (this.#engine === null) this.raw.destroy();
    else this.#engine.stop();
    done(error);
    process.nextTick(() => {
      // Where the runtime's net.Socket leaves it to the socket, as Node's does.
      if (!this.#closeEmitted) this.emit("close", error !== null);
    });
  }

  #adopt(given: Duplex | null): void {
    const { raw } = this;
    raw.on("error", (error: Error) => this.#onFailure(error));
    raw.on("close", () => this.destroy());
    if (given === null || given instanceof Socket) {
      raw.on("lookup", (...args) => this.emit("lookup", ...args));
      this.setConnecting(given !== null && (given.connecting || given.pending));
      raw.once("connect", () => {
        this.setConnecting(false);
        this.emit("connect");
      });
      raw.once("ready", () => this.emit("ready"));
    }
    if (given === null) return;
    if (given.destroyed) process.nextTick(() => this.destroy());
    // The end of what the peer sends is not the end of what we send: close_notify is still to come.
    if (given instanceof Socket) given.allowHalfOpen = true;
  }

  #limitHandshake(milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#onFailure(nodeError("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout"));
    }, milliseconds);
    const inTime = () => clearTimeout(timer);
    this.once("secure", inTime).once("close", inTime);
  }

  #makeState(context: SecureContext): TlsState {
    const connection = () => this.#engine?.connection ?? null;
    return {
      info: null,
      context,
      keyCert: null,
      session: null,
      finished: {},
      peerSchemes: [],
      isServer: this.#options.isServer === true,
      trace: this.#options.enableTrace ? writeTrace : null,
      localChain: () => localChain(this.state),
      exportKeyingMaterial: (label, bytes, length) => {
        const open = connection();
        if (open === null) throw new TlsError("api/state", "the socket is closed");
        return open.exportKeyingMaterial(label, bytes, length);
      },
    };
  }

  #makeEnd(): End {
    const socket = this as TLSSocket;
    const { state } = this;
    return {
      state,
      get rejectUnauthorized() {
        return socket.#rejectUnauthorized;
      },
      judged(error) {
        socket.#verifyError = error;
        socket.authorized = error === null;
        socket.authorizationError = error === null ? null : codeOf(error);
      },
      asked(name) {
        socket.servername = name === "" ? false : name;
      },
      wantsKeyLog: () => socket.listenerCount("keylog") > 0,
      keyLog: (line) => socket.emit("keylog", line),
      callbackFailed: (error) => socket.#callbackError ??= error,
    };
  }

  #onOpen(info: HandshakeInfo): void {
    this.state.info = info;
    this.alpnProtocol = info.alpn ?? false;
    this.servername ??= info.serverName ?? false;
    if (info.externalPsk && !this.state.isServer) this.authorized = true;
    this.active();
    if (this.#options.requestOCSP && !this.state.isServer) {
      const response = info.peer?.ocspResponse ?? null;
      this.emit("OCSPResponse", response && Buffer.from(response));
    }
    if (!this.destroyed) this.emit("secure");
    // As of net.Socket: reading begins before anybody asks, and stops when the buffer is full.
    if (!this.destroyed && !this.isPaused()) this.read(0);
  }

  #onData(bytes: Uint8Array): boolean {
    if (this.destroyed) return false;
    this.active();
    this.plaintextRead += bytes.length;
    if (this.#into !== null) return this.#into.take(bytes);
    return this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  #onPeerEnd(): void {
    if (this.destroyed) return;
    this.push(null);
    this.read(0); // the end is seen even if nobody reads
  }

  #onEvent(event: ConnectionEvent): void {
    if (event.type === "clientAuthentication") {
      this.state.info = this.#engine?.connection.info ?? this.state.info; // it names the client now
      this.emit("clientAuthentication", event.peer);
    }
    if (event.type !== "ticket" || this.destroyed) return;
    this.state.session = event.session;
    this.emit("session", this.getSession());
  }

  #onFailure(error: unknown): void {
    if (this.destroyed) return;
    if (this.#isLastWord(error)) return void this.destroy();
    const shown = this.#shownError(error);
    if (this.secureConnecting && shown !== null) this.emit("_tlsError", shown);
    if (shown === null) this.destroy();
    else this.destroy(shown);
  }

  /**
   * Whether it is only our close_notify that the stream could not take, as in Node: everything that was written is out, and who
   * waits for more of the peer sees a stream that closed before its end.
   */
  #isLastWord(error: unknown): boolean {
    if (!this.writableEnded || this.writableLength > 0 || error instanceof TlsError) return false;
    return this.readableEnded ||
      (error instanceof Error && Reflect.get(error, "syscall") === "write");
  }

  /** What the program is told; `null` for a client that went away during the handshake, which its server tells of. */
  #shownError(error: unknown): Error | null {
    if (this.#callbackError !== null) return this.#callbackError;
    if (!(error instanceof TlsError)) return toNodeError(error);
    if (this.#verifyError !== null && error.cause === this.#verifyError) return this.#verifyError;
    if (error.code !== "peer/truncated" || this.state.info !== null) return toNodeError(error);
    if (this.state.isServer) return null;
    const { path, host, port, localAddress } = this.target;
    const message =
      "Client network socket disconnected before secure TLS connection was established";
    return resetError(message, { path, host, port, localAddress, cause: error });
  }
}

/** What OpenSSL says of a renegotiation over TLS 1.3. */
function wrongVersion(cause: TlsError): Error {
  return nodeError(
    "ERR_SSL_WRONG_SSL_VERSION",
    "error:0A00010A:SSL routines::wrong ssl version",
    Error,
    { library: "SSL routines", reason: "wrong ssl version", cause },
  );
}

/** An error before the program can know of the socket is none that it has to have a listener for. */
function onEarlyError(): void {}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
