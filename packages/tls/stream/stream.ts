/**
 * TLS over any byte stream, with the I/O: a {@link Connection} and the transport that it runs on.
 *
 * @module
 */
import { DEFAULT_HANDSHAKE_TIMEOUT } from "../options/defaults.ts";
import { requireKnownOptions } from "@sealane/handshake";
import type {
  ClientAuthenticationOptions,
  ClientConfig,
  ClientTarget,
  ExportedAuthenticators,
  HandshakeInfo,
  PeerIdentity,
  ServerConfig,
} from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { LONGEST_TIMER, requireByteArgument, requireDuration, TlsError } from "@sealane/wire";
import { OpenRequests } from "./client_authentication.ts";
import { Connection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { type EarlyDataResult, earlyDataResult } from "../connection/early_data.ts";
import { pullStream } from "./incoming.ts";
import type { TlsStreamOptions } from "./stream_options.ts";
import { STREAM_OPTIONS } from "./option_names.ts";
import { StreamInput } from "./stream_input.ts";
import { StreamOutput } from "./stream_output.ts";
import { Patience } from "./interruptions.ts";
import { type ByteTransport, type StreamPair, streamTransport, within } from "./transport.ts";

/** How long an end waits, milliseconds, unless the options say it; see `TlsStreamOptions.closeTimeout`. */
const CLOSE_TIMEOUT = 1_000;

/** How long {@link TlsStream.abort} waits for a transport that is not blocked to take the alert: milliseconds. */
const ABORT_TIMEOUT = 10;

/**
 * One end of a TLS connection over a transport. The handshake begins at once.
 *
 * Back-pressure goes through both ways: nothing is read from the transport that nobody asked for (except during the
 * handshake), and a write is done when the transport has taken its bytes. At rest there is no buffer.
 *
 * The two directions close on their own: {@link TlsStream.closeWrite} sends close_notify and reading goes on, and the end
 * of what the peer sends is the end of {@link TlsStream.readable} only. An end without close_notify is the error
 * `peer/truncated`. When both directions are closed, or after an error, so is the transport.
 *
 * ```ts
 * import { TlsStream } from "@sealane/tls";
 * import { createCredential } from "@sealane/handshake";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const { chain, signer } = await authority.issue({ names: ["localhost"] });
 * const credentials = [createCredential({ certificates: chain, signer })];
 *
 * // Any pair of streams will do; here two pipes in memory.
 * const up = new TransformStream<Uint8Array, Uint8Array>();
 * const down = new TransformStream<Uint8Array, Uint8Array>();
 * const client = TlsStream.client(
 *   { readable: down.readable, writable: up.writable },
 *   { provider, dangerouslyDisableCertificateVerification: true },
 *   { serverName: "localhost" },
 * );
 * const server = TlsStream.server(
 *   { readable: up.readable, writable: down.writable },
 *   { provider, credentials },
 * );
 *
 * await client.write(new TextEncoder().encode("hello"));
 * const received = await server.next();
 * console.assert(received?.length === 5);
 * await Promise.all([client.close(), server.close()]);
 * ```
 */
export class TlsStream {
  /** What was agreed, once the handshake is done; rejects with the `TlsError` that ended it. */
  readonly opened: Promise<HandshakeInfo>;
  /** Done when the connection and its transport are closed; rejects with the `TlsError` that ended it, if one did. */
  readonly closed: Promise<void>;
  readonly #connection: Connection;
  readonly #transport: ByteTransport;
  readonly #options: TlsStreamOptions;
  readonly #opened: Deferred<HandshakeInfo> = deferred();
  readonly #closed: Deferred<void> = deferred();
  readonly #input: StreamInput;
  readonly #output: StreamOutput;
  readonly #requests: OpenRequests = new OpenRequests();
  /** Done when a client has said hello. */
  #starting: MaybePromise<void> = undefined;
  #earlyStream: ReadableStream<Uint8Array> | null = null;
  #closingWrite: Promise<void> | null = null;
  #ending: Promise<void> | null = null;
  /** How long the end waits for what was written. */
  readonly #patience: Patience;
  /** Ends the end. */
  readonly #cut: Deferred<void> = deferred();
  #error: TlsError | null = null;
  #readableStream: ReadableStream<Uint8Array> | null = null;
  #writableStream: WritableStream<Uint8Array> | null = null;
  #writableController: WritableStreamDefaultController | null = null;

  private constructor(
    connection: Connection,
    transport: ByteTransport | StreamPair,
    options: TlsStreamOptions,
  ) {
    requireKnownOptions(options, STREAM_OPTIONS, "a stream");
    this.#connection = connection;
    this.#transport = "readable" in transport ? streamTransport(transport) : transport;
    this.#options = options;
    this.#patience = new Patience(requireDuration("closeTimeout", this.#closeTimeout));
    const { handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = options;
    requireDuration("handshakeTimeout", handshakeTimeout);
    this.opened = this.#opened.promise;
    this.closed = this.#closed.promise;
    this.#input = new StreamInput(connection, this.#transport, {
      step: () => this.#afterStep(),
      fail: (error) => this.#fail(error),
      finished: () => this.#endIfBothClosed(),
      room: () => this.#output.room,
    });
    this.#output = new StreamOutput(connection, this.#transport, {
      fail: (error) => this.#fail(error),
      broken: (error) => this.#outputBroken(error),
      progress: () => this.#patience.restart(),
    });
    for (const promise of [this.opened, this.closed]) {
      promise.catch(() => {}); // whoever waits for it gets it; nobody has to
    }
    const { signal } = options;
    if (signal?.aborted) this.#onAbort();
    else {
      signal?.addEventListener("abort", this.#onAbort, { once: true });
      this.#limitHandshake(handshakeTimeout);
      this.#open();
    }
  }

  /**
   * A client's stream to `target`.
   *
   * @throws {TlsError} `api/config`.
   */
  static client(
    transport: ByteTransport | StreamPair,
    config: ClientConfig,
    target: ClientTarget = {},
    options: TlsStreamOptions = {},
  ): TlsStream {
    return new TlsStream(Connection.client(config, target, options), transport, options);
  }

  /**
   * A server's stream.
   *
   * @throws {TlsError} `api/config`.
   */
  static server(
    transport: ByteTransport | StreamPair,
    config: ServerConfig,
    options: TlsStreamOptions = {},
  ): TlsStream {
    return new TlsStream(Connection.server(config, options), transport, options);
  }

  /** The connection below, for what is not repeated here. Do not feed it. */
  get connection(): Connection {
    return this.#connection;
  }

  /** What was agreed; `null` before it is known. */
  get info(): HandshakeInfo | null {
    return this.#connection.info;
  }

  /** The application protocol; `null` before the handshake is done, or if none was agreed. */
  get alpn(): string | null {
    return this.info?.alpn ?? null;
  }

  /** Waits for the handshake; the same as {@link TlsStream.opened}. */
  handshake(): Promise<HandshakeInfo> {
    return this.opened;
  }

  /** What the peer sends, a chunk for each record. Reading it is what reads the transport. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#readableStream ??= pullStream(() => this.next(), () => this.#cancelRead());
  }

  /** What the peer gets. Closing it is {@link TlsStream.closeWrite}, aborting it {@link TlsStream.abort}. */
  get writable(): WritableStream<Uint8Array> {
    return this.#writableStream ??= new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writableController = controller;
        // The stream calls `abort` only when a write that is under way is done, which may be never.
        controller.signal.addEventListener("abort", () => {
          this.abort(TlsError.from(controller.signal.reason, "local/aborted"));
        });
        if (this.#error !== null) controller.error(this.#error);
      },
      write: (chunk) => this.write(chunk),
      close: () => this.closeWrite(),
      abort: (reason) => this.abort(TlsError.from(reason, "local/aborted")),
    });
  }

  /**
   * The next data of the peer, without a copy; `null` after its close_notify. Data that came before an error is given
   * before the error is.
   *
   * @throws {TlsError} what ended the connection.
   */
  next(): Promise<Uint8Array | null> {
    return this.#input.next();
  }

  /**
   * Reads into `buffer`: the number of bytes, or `null` after the close_notify of the peer.
   *
   * @throws {TlsError} what ended the connection.
   */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.#input.read(buffer);
  }

  /**
   * Sends all of `data`, which must not change before the promise is done: waits for the handshake where it has to, and
   * until the transport has taken the bytes.
   *
   * @throws {TlsError} `api/argument` if it is no `Uint8Array`; `api/state` after {@link TlsStream.closeWrite}; what ended the
   * connection.
   */
  write(data: Uint8Array): Promise<void> {
    try {
      requireByteArgument(data, "write");
    } catch (error) {
      return Promise.reject(error); // the connection goes on
    }
    if (this.#closingWrite !== null) {
      return Promise.reject(new TlsError("api/state", "write was called after close"));
    }
    return this.#output.write(data);
  }

  /** On a client: sends early data now, which anybody can replay; see {@link Connection.writeEarlyData}. */
  writeEarlyData(data: Uint8Array): number {
    const taken = this.#connection.writeEarlyData(data);
    this.#output.flushLater();
    return taken;
  }

  /**
   * On a client: sends early data as soon as a session was found for it, and waits for what becomes of it. It has to be made
   * for the protocol of `connection.handshake.earlyDataParameters`. Throws why the handshake failed.
   */
  async sendEarlyData(data: Uint8Array): Promise<EarlyDataResult> {
    await this.#starting;
    const taken = this.#error === null ? this.writeEarlyData(data) : 0;
    const info = await this.opened;
    return earlyDataResult(info, data, taken, this.#connection.handshake.earlyDataParameters);
  }

  /**
   * On a server: the next early data of the client, which may be a replay; `null` when there is no more of it, or none. What
   * is not taken here comes in front of the other data in {@link TlsStream.next}.
   *
   * @throws {TlsError} what ended the connection.
   */
  nextEarly(): Promise<Uint8Array | null> {
    return this.#input.nextEarly();
  }

  /** On a server: the early data of the client as a stream; see {@link TlsStream.nextEarly}. */
  get earlyData(): ReadableStream<Uint8Array> {
    return this.#earlyStream ??= pullStream(() => this.nextEarly());
  }

  /** Closes our side with close_notify, after what was written; the peer may go on. */
  closeWrite(): Promise<void> {
    return this.#closingWrite ??= this.#output.written.then(async () => {
      await this.#output.ready;
      await this.#output.end();
      this.#endIfBothClosed();
    });
  }

  /**
   * Closes both directions: close_notify goes out after what was written, what the peer still sends is dropped, and reads
   * that wait end now. It is done, with the transport closed, whatever the peer does: see `TlsStreamOptions.closeTimeout`.
   * What the transport has not taken by then is lost, which is the error `local/aborted` of its write and of
   * {@link TlsStream.closed}. During a handshake in which nothing was written it is the same as {@link TlsStream.abort}.
   * Does nothing after an error.
   */
  async close(): Promise<void> {
    if (this.#error !== null) return await this.closed.catch(() => {});
    this.#closingWrite ??= Promise.resolve();
    this.#input.end();
    const inTime = await this.#patience.for(this.#everythingSent());
    if (!inTime) return await this.abort(new TlsError("local/aborted", this.#notTaken()));
    if (!this.#connection.complete) return await this.abort();
    this.#input.discard();
    await this.#end();
  }

  /**
   * Ends the connection now, with an error, `local/aborted` unless given. The peer gets its alert if the transport takes it
   * at once.
   */
  async abort(reason?: TlsError): Promise<void> {
    this.#fail(reason ?? new TlsError("local/aborted", "the connection was aborted"));
    await within(ABORT_TIMEOUT, this.#end());
    this.#cut.resolve();
    await this.#end();
  }

  /** Keying material of an exporter (RFC 9846 section 7.5); see `Handshake.exportKeyingMaterial`. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#connection.exportKeyingMaterial(label, context, length);
  }

  /** For `createAuthenticator` and the like of `@sealane/handshake` (RFC 9261). */
  get exportedAuthenticators(): ExportedAuthenticators {
    return this.#connection.exportedAuthenticators;
  }

  /**
   * Updates our key, and with `requestUpdate` asks the peer to update its own (RFC 9846 section 4.7.3).
   *
   * @throws {TlsError} `api/state` before the handshake is done.
   */
  async updateKeys(requestUpdate = false): Promise<void> {
    this.#connection.updateKeys(requestUpdate);
    await this.#output.sent();
  }

  /**
   * On a server: asks the client for a certificate (RFC 9846 section 4.7.2) and waits for who it is; `null` if it declined.
   * Data goes both ways in the meantime: what the client sends before it answers is kept for {@link TlsStream.next}, up to
   * 64 KiB that nobody has taken. The client may never answer: that is for the program to judge. See
   * {@link Connection.requestClientAuthentication}.
   *
   * @throws {TlsError} `api/state`, `api/config` as there; what ended the connection; `peer/truncated` if the client closed
   * its side without an answer.
   */
  async requestClientAuthentication(
    options: ClientAuthenticationOptions = {},
  ): Promise<PeerIdentity | null> {
    await this.opened;
    const context = this.#connection.requestClientAuthentication(options);
    const answer = this.#requests.add(context);
    this.#output.flushLater();
    this.#readAnswer(context, answer);
    return await answer;
  }

  /** On a server: sends more tickets; see {@link Connection.sendTickets}. */
  async sendTickets(count = 1): Promise<void> {
    await this.#connection.sendTickets(count);
    await this.#output.sent();
  }

  /** The same as {@link TlsStream.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onAbort = (): void => {
    const reason = this.#options.signal?.reason;
    this.abort(new TlsError("local/aborted", "the signal was aborted", { cause: reason }));
  };

  get #closeTimeout(): number {
    return this.#options.closeTimeout ?? CLOSE_TIMEOUT;
  }

  #notTaken(): string {
    return `the transport took nothing of what was written for ${this.#closeTimeout} ms`;
  }

  async #everythingSent(): Promise<void> {
    await this.#output.written;
    // A server may have written before the client has finished, and owes it the rest of the handshake.
    if (this.#connection.writable) await this.opened.catch(() => {});
  }

  #limitHandshake(milliseconds: number): void {
    if (milliseconds > LONGEST_TIMER) return;
    const late = new TlsError("local/aborted", `the handshake took longer than ${milliseconds} ms`);
    const timer = setTimeout(() => void this.abort(late), milliseconds);
    const inTime = () => clearTimeout(timer);
    this.opened.then(inTime, inTime);
  }

  /** Runs the handshake: the only time when the transport is read without being asked. */
  async #open(): Promise<void> {
    try {
      this.#starting = this.#connection.start();
      if (isPromise(this.#starting)) await this.#starting;
      this.#afterStep();
      while (!this.#connection.complete) await this.#input.pump();
      // A client's Finished is on its way before anybody hears of it.
      await this.#output.flushed;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reads on behalf of a request that is open. */
  async #readAnswer(context: Uint8Array, answer: Promise<unknown>): Promise<void> {
    const interrupted = Promise.race([this.closed, answer]);
    await this.#input.readWhile(() => this.#requests.has(context), interrupted);
    const silent = this.#connection.readClosed
      ? new TlsError("peer/truncated", "the client closed without an answer")
      : new TlsError("local/aborted", "the stream was closed before the client answered");
    this.#requests.fail(context, this.#error ?? silent); // nothing where there is an answer
  }

  /** After whatever may have given events or output. */
  #afterStep(): void {
    for (const event of this.#connection.events()) {
      if (event.type === "data") this.#input.push(event.data, event.early);
      else {
        if (event.type === "close") this.#input.end();
        if (event.type === "complete") this.#opened.resolve(event.info);
        if (event.type === "clientAuthentication") this.#requests.answer(event);
        this.#options.onEvent?.(event);
      }
    }
    if (this.#connection.writable) this.#output.open();
    this.#output.flushLater();
  }

  /** Nothing can be sent any more. What the peer sent before may still be read: its alert may say why. */
  #outputBroken(error: TlsError): void {
    this.#writableController?.error(error);
    if (this.#connection.complete) return;
    within(this.#closeTimeout, this.opened).then(() => {
      if (!this.#connection.complete) this.#fail(error);
    });
  }

  #fail(reason: unknown): TlsError {
    if (this.#error !== null) return this.#error;
    const error = TlsError.from(reason);
    // We have closed: how the peer or the transport takes it is nothing that the program asked for.
    if (this.#ending !== null && error.code !== "local/aborted") return error;
    this.#error = error;
    this.#connection.abort(error); // which has failed by itself, if it is the one that complained
    this.#opened.reject(error);
    this.#input.fail(error);
    this.#output.fail(error);
    this.#writableController?.error(error);
    this.#end();
    return error;
  }

  #cancelRead(): void {
    this.#input.discard();
    this.#endIfBothClosed();
  }

  #endIfBothClosed(): void {
    if (this.#input.ended && this.#output.ended && this.#error === null) this.#end();
  }

  /** Lets the last bytes out, then closes the transport. */
  #end(): Promise<void> {
    return this.#ending ??= this.#lastBytes().finally(() => {
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      this.#transport.close();
      this.#input.end();
      if (this.#error === null) this.#closed.resolve();
      else this.#closed.reject(this.#error);
    });
  }

  async #lastBytes(): Promise<void> {
    if (this.#error?.code === "local/transport") return;
    // Both at once: the peer may be busy writing what nobody will read, and read only then.
    const last = Promise.allSettled([this.#output.end(), this.#input.drain()]);
    await within(this.#closeTimeout, Promise.race([last, this.#cut.promise]));
  }
}
