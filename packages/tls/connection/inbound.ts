/**
 * The receiving half of a connection: records on their way to the handshake and to the program.
 *
 * @module
 */
import type { Handshake, Level } from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { type RecordContent, RecordReader, type TrafficKey } from "@sealane/record";
import { ContentType, TlsError } from "@sealane/wire";
import type { ConnectionEvent, ConnectionOptions } from "./connection_options.ts";

/** What a connection does about what comes in. */
export interface InboundHooks {
  /** Handshake messages have come: takes what the handshake says to them. */
  drain(): void;
  /** Something for the program. */
  emit(event: ConnectionEvent): void;
}

/** Takes the records of the peer one by one, and refuses those that may not stand where they do (RFC 9846 section 5). */
export class Inbound {
  /** The records. */
  readonly reader: RecordReader;
  readonly #role: "client" | "server";
  readonly #handshake: Handshake;
  readonly #hooks: InboundHooks;
  #level: Level = "initial";
  #key: TrafficKey | null = null;
  #earlyBytes = 0;
  #closed = false;
  #started = false;

  /** Used by `Connection` only. */
  constructor(
    role: "client" | "server",
    handshake: Handshake,
    options: ConnectionOptions,
    hooks: InboundHooks,
  ) {
    this.#role = role;
    this.#handshake = handshake;
    this.#hooks = hooks;
    this.reader = new RecordReader(options.recordLimits);
  }

  /** The key in use; `null` without one. */
  get key(): TrafficKey | null {
    return this.#key;
  }

  /** Whether the peer has closed its side: no more data comes. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What it means that the peer's stream has ended without close_notify. */
  howItEnded(): string {
    if (this.#handshake.post.complete) {
      return "the peer closed the connection without close_notify: what it sent may be cut short";
    }
    const peer = this.#role === "client" ? "server" : "client";
    return this.#started
      ? `the ${peer} closed the connection during the handshake, without an alert that says why`
      : `the ${peer} closed the connection before it sent anything: it may want another protocol, or TLS 1.2`;
  }

  /** Whether nothing has arrived in part. */
  get atRest(): boolean {
    return this.reader.buffered === 0 && this.#handshake.atMessageBoundary;
  }

  /** What is read after this is protected with `key`. */
  setKey(level: Level, key: TrafficKey): void {
    // A client without early data that cannot use our ServerHello says so in the clear.
    const first = this.#key === null && level === "handshake";
    if (first && this.#role === "server") this.reader.allowPlaintextAlerts();
    this.#level = level;
    this.#key = key;
    this.reader.setKey(key);
  }

  /** Bytes from the network. */
  receive(bytes: Uint8Array): MaybePromise<void> {
    if (bytes.length > 0) this.#started = true;
    this.reader.push(bytes);
    return this.#readRecords();
  }

  /** The peer closes its side. */
  close(): void {
    this.#closed = true;
    this.#hooks.emit({ type: "close" });
  }

  /** Takes records one by one, since each may change the key of the next. */
  #readRecords(): MaybePromise<void> {
    while (!this.#closed) {
      const record = this.reader.next();
      if (isPromise(record)) return this.#readRecordsLater(record);
      if (record === null) return;
      const handled = this.#take(record);
      if (isPromise(handled)) return this.#readRecordsLater(handled);
    }
  }

  /** The same once something was asynchronous: waits, and goes on. */
  async #readRecordsLater(first: Promise<RecordContent | null | void>): Promise<void> {
    let record = await first;
    for (;;) {
      if (record === null) return;
      if (record !== undefined) await this.#take(record);
      if (this.#closed) return;
      record = await this.reader.next();
    }
  }

  #take({ type, content }: RecordContent): MaybePromise<void> {
    if (type === ContentType.handshake) return this.#takeHandshake(content);
    // RFC 9846 §5.1: handshake messages are not interleaved with other record types.
    if (!this.#handshake.atMessageBoundary) {
      throw new TlsError(
        "peer/interleaved-record",
        "a record came in the middle of a handshake message",
      );
    }
    if (type === ContentType.alert) return this.#takeAlert(content);
    this.#takeData(content);
  }

  #takeHandshake(content: Uint8Array): MaybePromise<void> {
    const received = this.#handshake.receive(this.#level, content);
    if (isPromise(received)) return received.finally(() => this.#handshakeTaken());
    this.#handshakeTaken();
  }

  #handshakeTaken(): void {
    // RFC 9846 §5: change_cipher_spec is dropped from the first ClientHello to the end of the handshake, but (§5.1) not between
    // the fragments of a message.
    const { post, atMessageBoundary } = this.#handshake;
    this.reader.allowChangeCipherSpec(!post.complete && atMessageBoundary);
    this.#hooks.drain();
  }

  #takeAlert(content: Uint8Array): void {
    if (this.#judgeAlert(content) === "close") {
      if (!this.#handshake.post.complete) {
        throw new TlsError("peer/truncated", "the peer closed the connection during the handshake");
      }
      this.close();
    }
  }

  /** What an alert means; where we declined to show a certificate, the peer may be right to complain. */
  #judgeAlert(content: Uint8Array): "close" | "ignore" {
    try {
      return this.reader.alerts.receive(content, this.reader.protected);
    } catch (error) {
      const { declined } = this.#handshake;
      if (declined === null || !(error instanceof TlsError) || error.code !== "peer/alert") {
        throw error;
      }
      const { receivedAlert } = error;
      throw new TlsError("peer/alert", `${error.message}; ${declined}`, { receivedAlert });
    }
  }

  #takeData(content: Uint8Array): void {
    const early = this.#level === "early";
    if (!early && this.#level !== "application") {
      throw new TlsError(
        "peer/unexpected-application-data",
        "application data came during the handshake",
      );
    }
    if (content.length === 0) return;
    if (early) this.#countEarlyData(content.length);
    this.#handshake.post.applicationDataReceived();
    this.#hooks.emit({ type: "data", data: content, early });
  }

  /** RFC 9846 §4.3.10: more than max_early_data_size is unexpected_message. */
  #countEarlyData(length: number): void {
    this.#earlyBytes += length;
    if (this.#earlyBytes > this.#handshake.maxEarlyData) {
      throw new TlsError(
        "peer/too-much-early-data",
        `${this.#earlyBytes} bytes of early data, more than ${this.#handshake.maxEarlyData}`,
      );
    }
  }
}
