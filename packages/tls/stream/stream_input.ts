/**
 * The receiving half of a stream: reads from the transport when somebody asks, and keeps what has come until it is taken.
 *
 * @module
 */
import { isPromise } from "@sealane/providers";
import type { TlsError } from "@sealane/wire";
import type { Connection } from "../connection/connection.ts";
import { Incoming } from "./incoming.ts";
import { Interruptions } from "./interruptions.ts";
import { type ByteTransport, transportError } from "./transport.ts";

/** What a stream does about its input. */
export interface InputHooks {
  /** The connection has taken bytes, or failed to: it may have events and output. */
  step(): void;
  /** Reading failed: ends the stream. */
  fail(error: unknown): TlsError;
  /** Done when there is room for the answers to what comes; `null` if there is. */
  room(): Promise<void> | null;
  /** Somebody has read to the end. */
  finished(): void;
}

/** Feeds a connection from its transport. */
export class StreamInput {
  readonly #connection: Connection;
  readonly #transport: ByteTransport;
  readonly #hooks: InputHooks;
  /** Data that the peer sent and nobody has taken. */
  readonly #incoming: Incoming = new Incoming();
  /** Those who wait for data. */
  readonly #readers: Interruptions = new Interruptions();
  /** The read of the transport that is under way. */
  #pumping: Promise<void> | null = null;
  #ended = false;
  #failure: TlsError | null = null;

  /** Used by `TlsStream` only. */
  constructor(connection: Connection, transport: ByteTransport, hooks: InputHooks) {
    this.#connection = connection;
    this.#transport = transport;
    this.#hooks = hooks;
  }

  /** Whether no more data comes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What ended the stream, or `null`. */
  get failure(): TlsError | null {
    return this.#failure;
  }

  /** No more data comes: whoever waits for it hears of the end now. */
  end(): void {
    this.#ended = true;
    this.#readers.interrupt();
  }

  /** The stream has failed: so do reads, once what came before is taken. */
  fail(error: TlsError): void {
    this.#failure = error;
    this.#readers.interrupt();
  }

  /** Data has come. */
  push(data: Uint8Array, early: boolean): void {
    this.#incoming.push(data, early);
  }

  /** Nobody wants what has come, nor what still comes. */
  discard(): void {
    this.#incoming.clear();
    this.end();
  }

  /** See `TlsStream.next`. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#incoming.shift();
      if (chunk !== undefined) return chunk;
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) {
        this.#hooks.finished();
        return null;
      }
      await this.#readers.until(this.pump()); // the loop gives what came before an error, and then the error
    }
  }

  /** See `TlsStream.read`. */
  async read(buffer: Uint8Array): Promise<number | null> {
    if (buffer.length === 0) return 0;
    const chunk = await this.next();
    if (chunk === null) return null;
    const length = Math.min(chunk.length, buffer.length);
    buffer.set(chunk.subarray(0, length));
    if (length < chunk.length) this.#incoming.putBack(chunk.subarray(length));
    return length;
  }

  /** See `TlsStream.nextEarly`. */
  async nextEarly(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#incoming.shiftEarly();
      if (chunk !== undefined) return chunk;
      if (this.#connection.complete || this.#ended) return null;
      if (this.#failure !== null) throw this.#failure;
      await this.#readers.until(this.pump()); // the loop gives what came before an error, and then the error
    }
  }

  /** Reads while `wanted` says so, nobody has taken less than there is room for, and there is something to read. */
  async readWhile(wanted: () => boolean, interrupted: Promise<unknown>): Promise<void> {
    const interruption = interrupted.catch(() => {}); // the loop looks for itself
    while (wanted() && !this.#ended && this.#failure === null) {
      const { room } = this.#incoming;
      if (room === null) await this.#readers.until(this.pump()); // the same
      else await Promise.race([room, interruption]);
    }
  }

  /** Reads once from the transport, for everybody who waits. */
  pump(): Promise<void> {
    return this.#pumping ??= this.#readOnce().finally(() => {
      this.#pumping = null;
    });
  }

  /** Drops what still comes. */
  async drain(): Promise<void> {
    await this.#pumping?.catch(() => {});
    if (this.#connection.readClosed || this.#failure?.code === "peer/truncated") return;
    while (await this.#transport.read() !== null) { /* nobody wants it */ }
  }

  async #readOnce(): Promise<void> {
    try {
      for (let room = this.#hooks.room(); room !== null; room = this.#hooks.room()) await room;
      const chunk = await this.#transport.read().catch((cause) => {
        throw transportError("reading", cause);
      });
      const received = chunk === null
        ? this.#connection.receiveEnd()
        : this.#connection.receive(chunk);
      if (isPromise(received)) await received;
      if (this.#failure !== null) throw this.#failure; // ended by us in the meantime
      this.#hooks.step();
    } catch (error) {
      this.#hooks.step();
      throw this.#hooks.fail(error);
    }
  }
}
