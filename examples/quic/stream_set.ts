/**
 * The streams of a connection, their limits, and the credit that they share (RFC 9000 sections 2 and 4).
 *
 * @module
 */
import {
  QuicError,
  type Role,
  TransportErrorCode,
  type TransportParameters,
} from "@sealane/quic-tls";
import type { Frame, FrameWriter } from "./frames.ts";
import type { SentFrame } from "./recovery.ts";
import { QuicStream } from "./stream.ts";

/** How many bytes the peer may send ahead of the readers, on all streams together. */
export const CONNECTION_WINDOW = 1024 * 1024;
/** How many streams of each kind the peer may open. */
export const MAX_STREAMS = 100;

export type StreamKind = "bidi" | "uni";

/** All streams of one connection. */
export class StreamSet {
  readonly #initiator: number;
  readonly #wake: () => void;
  readonly #streams = new Map<number, QuicStream>();
  readonly #incoming: QuicStream[] = [];
  readonly #opened = { bidi: 0, uni: 0 };
  readonly #peerOpened = { bidi: 0, uni: 0 };
  readonly #limits = { bidi: 0, uni: 0 };
  #waiting: (() => void)[] = [];
  #peer: TransportParameters = {};
  #sendLimit = 0;
  #sent = 0;
  #receiveLimit = CONNECTION_WINDOW;
  #received = 0;
  #consumed = 0;
  #creditOwed = false;
  #over: Error | null = null;

  constructor(role: Role, wake: () => void) {
    this.#initiator = role === "client" ? 0 : 1;
    this.#wake = wake;
  }

  /** The peer's limits, remembered or new. */
  adopt(peer: TransportParameters): void {
    this.#peer = peer;
    this.#sendLimit = Math.max(this.#sendLimit, peer.initialMaxData ?? 0);
    this.#limits.bidi = Math.max(this.#limits.bidi, peer.initialMaxStreamsBidi ?? 0);
    this.#limits.uni = Math.max(this.#limits.uni, peer.initialMaxStreamsUni ?? 0);
    for (const stream of this.#streams.values()) {
      stream.sendLimit = Math.max(stream.sendLimit, this.#sendLimitOf(stream.id));
    }
    this.#notify();
  }

  /** Opens a stream as soon as the peer allows one more. */
  async open(kind: StreamKind): Promise<QuicStream> {
    while (this.#opened[kind] >= this.#limits[kind]) await this.#change();
    return this.#add(4 * this.#opened[kind]++ + (kind === "uni" ? 2 : 0) + this.#initiator);
  }

  /** The streams that the peer opens. */
  async *incoming(): AsyncGenerator<QuicStream, void, undefined> {
    while (this.#over === null || this.#incoming.length > 0) {
      const next = this.#incoming.shift();
      if (next !== undefined) yield next;
      else await this.#change().catch(() => {});
    }
  }

  #change(): Promise<void> {
    if (this.#over !== null) return Promise.reject(this.#over);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #sendLimitOf(id: number): number {
    const ours = (id & 1) === this.#initiator;
    const peer = this.#peer;
    if (id & 2) return ours ? peer.initialMaxStreamDataUni ?? 0 : 0;
    return (ours ? peer.initialMaxStreamDataBidiRemote : peer.initialMaxStreamDataBidiLocal) ?? 0;
  }

  #add(id: number): QuicStream {
    const stream = new QuicStream(id, this.#sendLimitOf(id), {
      takeCredit: (wanted) => {
        const length = Math.max(0, Math.min(wanted, this.#sendLimit - this.#sent));
        this.#sent += length;
        return length;
      },
      onConsumed: (bytes) => {
        this.#consumed += bytes;
        if (this.#receiveLimit - this.#consumed > CONNECTION_WINDOW / 2) return;
        this.#receiveLimit = this.#consumed + CONNECTION_WINDOW;
        this.#creditOwed = true;
        this.#wake();
      },
      wake: this.#wake,
    });
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream with an ID; a new one if the peer opens it with this. */
  #find(id: number): QuicStream | undefined {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const ours = (id & 1) === this.#initiator;
    const kind = id & 2 ? "uni" : "bidi";
    const index = Math.floor(id / 4);
    if (ours && index >= this.#opened[kind]) {
      throw new QuicError(TransportErrorCode.STREAM_STATE_ERROR, `stream ${id} was not opened`);
    }
    if (ours || index < this.#peerOpened[kind]) return undefined;
    if (index >= MAX_STREAMS) {
      throw new QuicError(TransportErrorCode.STREAM_LIMIT_ERROR, `stream ${id} is above the limit`);
    }
    // RFC 9000 §3.2: a stream opens all streams of its kind with lower numbers.
    while (this.#peerOpened[kind] <= index) {
      this.#incoming.push(this.#add(4 * this.#peerOpened[kind]++ + (id & 3)));
    }
    this.#notify();
    return this.#streams.get(id);
  }

  /** Takes a frame about streams or credit; others mean nothing here. */
  onFrame(frame: Frame): void {
    switch (frame.type) {
      case "stream":
        this.#received += this.#find(frame.id)?.receive(frame.offset, frame.data, frame.fin) ?? 0;
        if (this.#received <= this.#receiveLimit) return;
        throw new QuicError(TransportErrorCode.FLOW_CONTROL_ERROR, "too much data");
      case "reset":
        return this.#find(frame.id)?.fail(new Error(`the peer reset the stream: ${frame.code}`));
      case "stop": {
        const stream = this.#find(frame.id);
        if (stream) stream.resetOwed = frame.code;
        return;
      }
      case "maxData":
        this.#sendLimit = Math.max(this.#sendLimit, frame.max);
        return;
      case "maxStreamData": {
        const stream = this.#find(frame.id);
        if (stream) stream.sendLimit = Math.max(stream.sendLimit, frame.max);
        return;
      }
      case "maxStreams": {
        const kind = frame.bidi ? "bidi" : "uni";
        this.#limits[kind] = Math.max(this.#limits[kind], frame.max);
        return this.#notify();
      }
    }
  }

  onAcked(frame: SentFrame): void {
    if (frame.kind !== "stream") return;
    this.#streams.get(frame.id)?.onAcked(frame.offset, frame.length, frame.fin);
  }

  /** What was lost is owed again. */
  onLost(frame: SentFrame): void {
    if (frame.kind === "maxData") this.#creditOwed = true;
    if (!("id" in frame)) return;
    const stream = this.#streams.get(frame.id);
    if (stream === undefined) return;
    if (frame.kind === "stream") stream.onLost(frame.offset, frame.length, frame.fin);
    else if (frame.kind === "maxStreamData") stream.creditOwed = true;
    else if (frame.kind === "reset") stream.resetOwed = frame.code;
    else stream.stopOwed = frame.code;
  }

  /** Writes what the streams have to say. */
  write(writer: FrameWriter, frames: SentFrame[]): void {
    if (this.#creditOwed && writer.add(0x10, this.#receiveLimit)) {
      this.#creditOwed = false;
      frames.push({ kind: "maxData" });
    }
    for (const stream of this.#streams.values()) {
      const { id, resetOwed, stopOwed } = stream;
      if (stream.creditOwed && writer.add(0x11, id, stream.receiveLimit)) {
        stream.creditOwed = false;
        frames.push({ kind: "maxStreamData", id });
      }
      if (resetOwed !== null && writer.add(0x04, id, resetOwed, stream.sender.written)) {
        stream.resetOwed = null;
        frames.push({ kind: "reset", id, code: resetOwed });
      }
      if (stopOwed !== null && writer.add(0x05, id, stopOwed)) {
        stream.stopOwed = null;
        frames.push({ kind: "stop", id, code: stopOwed });
      }
      while (stream.wantsToSend && writer.room > 24) {
        const next = stream.next(writer.room - 20);
        if (next === null) break;
        const { offset, data, fin } = next;
        writer.add(fin ? 0x0f : 0x0e, id, offset, data.length, data);
        frames.push({ kind: "stream", id, offset, length: data.length, fin });
      }
    }
  }

  /** The connection is over. */
  fail(reason: Error): void {
    this.#over = reason;
    for (const stream of this.#streams.values()) stream.fail(reason);
    this.#notify();
  }
}
