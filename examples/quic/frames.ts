/**
 * QUIC frames (RFC 9000 section 19): those that this transport acts on are decoded, the others are skipped.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import {
  encodeVarint,
  QuicError,
  type RangeSet,
  TransportErrorCode,
  VarintReader,
} from "@sealane/quic-tls";

/** A frame that arrived. */
export type Frame =
  | { type: "ping" | "handshakeDone" }
  | { type: "ack"; ranges: [number, number][]; delay: number }
  | { type: "reset"; id: number; code: number; finalSize: number }
  | { type: "stop"; id: number; code: number }
  | { type: "crypto"; offset: number; data: Uint8Array }
  | { type: "stream"; id: number; offset: number; data: Uint8Array; fin: boolean }
  | { type: "maxData"; max: number }
  | { type: "maxStreamData"; id: number; max: number }
  | { type: "maxStreams"; bidi: boolean; max: number }
  | { type: "close"; code: number; application: boolean; reason: string }
  | { type: "ignored" };

const violation = (reason: string): never => {
  throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
};

/** Frame types that Initial and Handshake packets may have (RFC 9000 table 3): PADDING, PING, ACK, CRYPTO, close. */
const IN_HANDSHAKE = new Set([0x00, 0x01, 0x02, 0x03, 0x06, 0x1c]);
/** Frame types that 0-RTT packets may not have: ACK, CRYPTO, NEW_TOKEN, PATH_RESPONSE, RETIRE_CONNECTION_ID, HANDSHAKE_DONE. */
const NOT_IN_EARLY = new Set([0x02, 0x03, 0x06, 0x07, 0x19, 0x1b, 0x1e]);

/** The frames of a packet, one after the other. Throws `QuicError` for what is malformed or not allowed at `level`. */
export function* decodeFrames(payload: Uint8Array, level: Level): Generator<Frame> {
  const reader = new VarintReader(payload, "frame");
  const varint = (field: string): number => reader.varint(field);
  while (reader.remaining > 0) {
    const type = varint("type");
    const inHandshake = level === "initial" || level === "handshake";
    if (inHandshake ? !IN_HANDSHAKE.has(type) : level === "early" && NOT_IN_EARLY.has(type)) {
      violation(`frame type ${type} in a packet of the level ${level}`);
    }
    if (type === 0x00) continue; // PADDING
    if (type >= 0x08 && type <= 0x0f) {
      const id = varint("stream");
      const offset = type & 4 ? varint("offset") : 0;
      const length = type & 2 ? varint("length") : reader.remaining;
      yield { type: "stream", id, offset, data: reader.bytes(length, "data"), fin: (type & 1) > 0 };
      continue;
    }
    switch (type) {
      case 0x01:
        yield { type: "ping" };
        break;
      case 0x02:
      case 0x03:
        yield decodeAck(reader, type === 0x03);
        break;
      case 0x04:
        yield { type: "reset", id: varint("id"), code: varint("code"), finalSize: varint("size") };
        break;
      case 0x05:
        yield { type: "stop", id: varint("id"), code: varint("code") };
        break;
      case 0x06: {
        const offset = varint("offset");
        yield { type: "crypto", offset, data: reader.bytes(varint("length"), "data") };
        break;
      }
      case 0x07:
        reader.bytes(varint("length"), "token");
        yield { type: "ignored" };
        break;
      case 0x10:
        yield { type: "maxData", max: varint("maximum") };
        break;
      case 0x11:
        yield { type: "maxStreamData", id: varint("id"), max: varint("maximum") };
        break;
      case 0x12:
      case 0x13:
        yield { type: "maxStreams", bidi: type === 0x12, max: varint("maximum") };
        break;
      case 0x15:
        varint("id");
        // falls through: STREAM_DATA_BLOCKED, DATA_BLOCKED, STREAMS_BLOCKED and RETIRE_CONNECTION_ID have one number more
      case 0x14:
      case 0x16:
      case 0x17:
      case 0x19:
        varint("limit");
        yield { type: "ignored" };
        break;
      case 0x18:
        varint("sequence number");
        varint("retire prior to");
        reader.bytes(reader.number(1, "length"), "connection ID");
        reader.bytes(16, "stateless reset token");
        yield { type: "ignored" };
        break;
      case 0x1a:
      case 0x1b:
        reader.bytes(8, "data");
        yield { type: "ignored" };
        break;
      case 0x1c:
      case 0x1d: {
        const code = varint("error code");
        if (type === 0x1c) varint("frame type");
        const reason = new TextDecoder().decode(reader.bytes(varint("length"), "reason"));
        yield { type: "close", code, application: type === 0x1d, reason };
        break;
      }
      case 0x1e:
        yield { type: "handshakeDone" };
        break;
      default:
        reader.fail(`unknown type ${type}`);
    }
  }
}

function decodeAck(reader: VarintReader, ecn: boolean): Frame {
  let end = reader.varint("largest acknowledged") + 1;
  const delay = reader.varint("delay");
  let more = reader.varint("range count");
  const ranges: [number, number][] = [];
  for (;;) {
    const start = end - 1 - reader.varint("range");
    if (start < 0) reader.fail("an acknowledged packet number is negative");
    ranges.push([start, end]);
    if (more-- === 0) break;
    end = start - 1 - reader.varint("gap");
  }
  for (let i = 0; ecn && i < 3; i++) reader.varint("ECN count");
  return { type: "ack", ranges, delay };
}

/** Builds the payload of one packet within a number of bytes. */
export class FrameWriter {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(0, capacity));
  }

  get room(): number {
    return this.#bytes.length - this.#length;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a frame of numbers and byte strings, if there is room for all of it. */
  add(...parts: (number | Uint8Array)[]): boolean {
    const encoded = parts.map((part) => typeof part === "number" ? encodeVarint(part) : part);
    const length = encoded.reduce((sum, part) => sum + part.length, 0);
    if (length > this.room) return false;
    for (const part of encoded) {
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
    return true;
  }

  /** An ACK frame of the newest ranges, at most 32. */
  addAck(received: RangeSet): boolean {
    const last = received.size - 1;
    const first = Math.max(0, last - 31);
    const width = (i: number): number => received.end(i) - received.start(i) - 1;
    const parts = [0x02, received.end(last) - 1, 0, last - first, width(last)];
    for (let i = last - 1; i >= first; i--) {
      parts.push(received.start(i + 1) - received.end(i) - 1, width(i));
    }
    return this.add(...parts);
  }

  /** Appends PADDING. */
  pad(length: number): void {
    this.#length = Math.min(this.#bytes.length, this.#length + Math.max(0, length));
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
