/**
 * The sending half of a stream: what the connection has for the transport, and in which order it goes.
 *
 * @module
 */
import { isPromise } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import type { Connection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { Interruptions } from "./interruptions.ts";
import { type ByteTransport, transportError } from "./transport.ts";

/** How much is sealed before it is handed to the transport, so that a large write does not stand in memory twice. */
const WRITE_CHUNK = 4 * 16_384;

/**
 * How much may wait for the transport before nothing more is read: what comes may want an answer, and a peer that does not
 * take ours is to get no more of them.
 */
const READ_BOUND = 131_072;

/** What a stream does about failures of its output. */
export interface OutputHooks {
  /** The connection refused data: ends the stream. */
  fail(error: unknown): TlsError;
  /** Nothing can be sent any more. What the peer sent before may still be read: its alert may say why. */
  broken(error: TlsError): void;
  /** The transport has taken something. */
  progress(): void;
}

/** Sends what a connection has to say, and what the program writes on it. */
export class StreamOutput {
  readonly #connection: Connection;
  readonly #transport: ByteTransport;
  readonly #hooks: OutputHooks;
  readonly #ready: Deferred<void> = deferred();
  /** Programs that wait for the transport. */
  readonly #writers: Interruptions = new Interruptions();
  #flushing: Promise<void> = Promise.resolve();
  /** The flush that has not begun: it takes whatever there is when it does, so one is enough. */
  #nextFlush: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #ended = false;
  /** What ended the stream. */
  #failure: TlsError | null = null;
  /** What ended the output alone. */
  #error: TlsError | null = null;

  /** Used by `TlsStream` only. */
  constructor(connection: Connection, transport: ByteTransport, hooks: OutputHooks) {
    this.#connection = connection;
    this.#transport = transport;
    this.#hooks = hooks;
    this.ready.catch(() => {}); // whoever waits for it gets it; nobody has to
  }

  /** Done when data that is written goes out at once. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Done when everything that was to be written so far is, or has failed. */
  get written(): Promise<void> {
    return this.#writing;
  }

  /** Done when the transport has everything so far, or has failed. */
  get flushed(): Promise<void> {
    return this.#flushing;
  }

  /** Done when little waits for the transport; `null` if little does. */
  get room(): Promise<void> | null {
    if (this.#failure !== null || this.#error !== null) return null;
    if (this.#connection.pendingOutput <= READ_BOUND) return null;
    return this.flush().catch(() => {}); // which says so itself
  }

  /** Whether nothing more is sent. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The handshake is far enough: what was to be written goes out. */
  open(): void {
    this.#ready.resolve();
  }

  /** The stream has failed: what was to be written fails too. */
  fail(error: TlsError): void {
    this.#failure = error;
    this.#ready.reject(error);
    this.#writers.interrupt();
  }

  /** Sends all of `data`, after what was written before. */
  write(data: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => this.#write(data));
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Hands the transport what the connection has for it, in order. */
  flush(): Promise<void> {
    if (this.#nextFlush !== null) return this.#nextFlush;
    const flushed = this.#flushing.then(() => {
      this.#nextFlush = null;
      return this.#writeOut();
    });
    this.#nextFlush = flushed;
    this.#flushing = flushed.catch(() => {});
    return flushed;
  }

  /** The same for the program, which does not wait longer than there is a stream. */
  async sent(): Promise<void> {
    const flushed = this.flush();
    await this.#writers.until(flushed);
    if (this.#failure !== null) throw this.#failure;
    await flushed;
  }

  /** The same where nobody waits: the next write reports a failure. */
  flushLater(): void {
    this.flush().catch(() => {});
  }

  /** Closes our side with close_notify, and the transport's. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#connection.close();
    try {
      await this.flush();
      await this.#transport.closeWrite().catch((cause) => {
        throw this.#broken(transportError("closing", cause));
      });
    } catch (error) {
      // A peer that has closed its side may be gone: nothing is lost then.
      if (!this.#connection.readClosed) throw error;
    }
    this.#ended = true;
  }

  async #write(data: Uint8Array): Promise<void> {
    await this.ready;
    for (let start = 0; start < data.length; start += WRITE_CHUNK) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#error !== null) throw this.#error;
      try {
        this.#connection.write(data.subarray(start, start + WRITE_CHUNK));
      } catch (error) {
        throw this.#hooks.fail(error);
      }
      await this.sent();
    }
  }

  async #writeOut(): Promise<void> {
    if (this.#error !== null) throw this.#error;
    try {
      // The peer may wait for its new key, and we may have nothing to say. One answers all requests until now.
      this.#connection.answerKeyUpdate();
      const taken = this.#connection.take();
      const bytes = isPromise(taken) ? await taken : taken;
      if (bytes.length === 0) return;
      await this.#transport.write(bytes).catch((cause) => {
        throw transportError("writing", cause);
      });
      this.#hooks.progress();
    } catch (error) {
      throw this.#broken(TlsError.from(error));
    }
  }

  #broken(error: TlsError): TlsError {
    if (this.#error !== null) return this.#error;
    this.#error = this.#failure ?? error;
    this.#ended = true;
    this.#ready.reject(error);
    this.#hooks.broken(error);
    return error;
  }
}
