/**
 * The payload of a packet on its way out, and what becomes of its frames.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { type CryptoSender, encodeVarint, type RangeSet } from "@sealane/quic-tls";
import { FrameType } from "./frames.ts";

/** Type, stream, offset and length of a CRYPTO or STREAM frame at their longest. */
const MAX_CHUNK_OVERHEAD = 1 + 8 + 8 + 2;

/** What to do when the packet with a frame arrived, or was lost: a frame that still matters is then owed again. */
export interface Fate {
  readonly onAcked?: () => void;
  readonly onLost: () => void;
}

/** Builds the payload of one packet within a number of bytes. */
export class Payload {
  /** The fates of the frames that have to be acknowledged. */
  readonly fates: Fate[] = [];
  readonly level: Level;
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(level: Level, capacity: number) {
    this.level = level;
    this.#bytes = new Uint8Array(Math.max(0, capacity));
  }

  get length(): number {
    return this.#length;
  }

  get room(): number {
    return this.#bytes.length - this.#length;
  }

  /** Appends a frame of numbers and byte strings, if there is room for all of it. */
  add(parts: readonly (number | Uint8Array)[], fate?: Fate): boolean {
    const encoded = parts.map((part) => typeof part === "number" ? encodeVarint(part) : part);
    const length = encoded.reduce((sum, part) => sum + part.length, 0);
    if (length > this.room) return false;
    for (const part of encoded) {
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
    if (fate !== undefined) this.fates.push(fate);
    return true;
  }

  /** Appends frames with what a sender has: `start` is what they begin with, before offset, length and data. */
  addChunks(sender: CryptoSender, start: readonly number[]): void {
    while (sender.hasData && this.room > MAX_CHUNK_OVERHEAD) {
      const chunk = sender.next(this.room - MAX_CHUNK_OVERHEAD);
      if (chunk === null) return;
      const { offset, data } = chunk;
      this.add([...start, offset, data.length, data], {
        onAcked: () => sender.onAcknowledged(offset, data.length),
        onLost: () => sender.onLost(offset, data.length),
      });
    }
  }

  /** Appends an ACK frame with the newest ranges, at most 32. */
  addAck(received: RangeSet): boolean {
    const last = received.size - 1;
    const first = Math.max(0, last - 31);
    const width = (i: number): number => received.end(i) - received.start(i) - 1;
    const parts = [FrameType.ACK, received.end(last) - 1, 0, last - first, width(last)];
    for (let i = last - 1; i >= first; i--) {
      parts.push(received.start(i + 1) - received.end(i) - 1, width(i));
    }
    return this.add(parts);
  }

  /** Appends PADDING, up to `length` bytes in all. */
  pad(length: number): void {
    this.#length = Math.min(this.#bytes.length, Math.max(this.#length, length));
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
