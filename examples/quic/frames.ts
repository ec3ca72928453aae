/**
 * QUIC frames (RFC 9000 section 19): those that this transport acts on are decoded, the others are skipped.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { QuicError, TransportErrorCode, VarintReader } from "@sealane/quic-tls";

/** The types of frames that this transport knows, named as in RFC 9000 section 19. */
export const FrameType = {
  PADDING: 0x00,
  PING: 0x01,
  ACK: 0x02,
  ACK_ECN: 0x03,
  RESET_STREAM: 0x04,
  STOP_SENDING: 0x05,
  CRYPTO: 0x06,
  STREAM: 0x08, // to 0x0f, with the bits OFF 4, LEN 2 and FIN 1
  MAX_DATA: 0x10,
  MAX_STREAM_DATA: 0x11,
  MAX_STREAMS_BIDI: 0x12,
  MAX_STREAMS_UNI: 0x13,
  CONNECTION_CLOSE: 0x1c,
  APPLICATION_CLOSE: 0x1d,
  HANDSHAKE_DONE: 0x1e,
} as const;

const T = FrameType;

/** A frame that arrived. */
export type Frame =
  | { type: "ping" | "handshakeDone" | "skipped" }
  | { type: "ack"; ranges: [number, number][]; delay: number }
  | { type: "reset"; id: number; code: number; finalSize: number }
  | { type: "stop"; id: number; code: number }
  | { type: "crypto"; offset: number; data: Uint8Array }
  | { type: "stream"; id: number; offset: number; data: Uint8Array; fin: boolean }
  | { type: "maxData"; max: number }
  | { type: "maxStreamData"; id: number; max: number }
  | { type: "maxStreams"; kind: "bidi" | "uni"; max: number }
  | { type: "close"; code: number; application: boolean; reason: string };

/** What Initial and Handshake packets may have (RFC 9000 table 3): PADDING, PING, ACK, CRYPTO, CONNECTION_CLOSE. */
const IN_HANDSHAKE = new Set([0x00, 0x01, 0x02, 0x03, 0x06, 0x1c]);
/** What 0-RTT packets may not have: ACK, CRYPTO, NEW_TOKEN, RETIRE_CONNECTION_ID, PATH_RESPONSE, HANDSHAKE_DONE. */
const NOT_IN_EARLY = new Set([0x02, 0x03, 0x06, 0x07, 0x19, 0x1b, 0x1e]);
/** Frames that mean nothing to this transport, and their fields: varints, and byte strings of so many bytes. */
const SKIPPED: Readonly<Record<number, readonly ("varint" | "string" | number)[]>> = {
  0x07: ["string"], // NEW_TOKEN
  0x14: ["varint"], // DATA_BLOCKED
  0x15: ["varint", "varint"], // STREAM_DATA_BLOCKED
  0x16: ["varint"], // STREAMS_BLOCKED
  0x17: ["varint"],
  0x18: ["varint", "varint", "string", 16], // NEW_CONNECTION_ID
  0x19: ["varint"], // RETIRE_CONNECTION_ID
  0x1a: [8], // PATH_CHALLENGE
  0x1b: [8], // PATH_RESPONSE
};

/** The frames of a packet, one after the other. Throws `QuicError` for what is malformed or not allowed at `level`. */
export function* decodeFrames(payload: Uint8Array, level: Level): Generator<Frame> {
  const reader = new VarintReader(payload, "frame");
  while (reader.remaining > 0) {
    const type = reader.varint("type");
    const allowed = level === "initial" || level === "handshake"
      ? IN_HANDSHAKE.has(type)
      : level === "application" || !NOT_IN_EARLY.has(type);
    if (!allowed) {
      const reason = `frame type ${type} in a packet of the level ${level}`;
      throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
    }
    if (type !== T.PADDING) yield decodeFrame(reader, type);
  }
}

function decodeFrame(reader: VarintReader, type: number): Frame {
  const varint = (field: string): number => reader.varint(field);
  if (type >= T.STREAM && type < T.STREAM + 8) {
    const id = varint("stream");
    const offset = type & 4 ? varint("offset") : 0;
    const length = type & 2 ? varint("length") : reader.remaining;
    return { type: "stream", id, offset, data: reader.bytes(length, "data"), fin: (type & 1) > 0 };
  }
  switch (type) {
    case T.PING:
      return { type: "ping" };
    case T.ACK:
    case T.ACK_ECN:
      return decodeAck(reader, type === T.ACK_ECN);
    case T.RESET_STREAM:
      return { type: "reset", id: varint("id"), code: varint("code"), finalSize: varint("size") };
    case T.STOP_SENDING:
      return { type: "stop", id: varint("id"), code: varint("code") };
    case T.CRYPTO: {
      const offset = varint("offset");
      return { type: "crypto", offset, data: reader.bytes(varint("length"), "data") };
    }
    case T.MAX_DATA:
      return { type: "maxData", max: varint("maximum") };
    case T.MAX_STREAM_DATA:
      return { type: "maxStreamData", id: varint("id"), max: varint("maximum") };
    case T.MAX_STREAMS_BIDI:
    case T.MAX_STREAMS_UNI: {
      const kind = type === T.MAX_STREAMS_BIDI ? "bidi" : "uni";
      return { type: "maxStreams", kind, max: varint("maximum") };
    }
    case T.CONNECTION_CLOSE:
    case T.APPLICATION_CLOSE: {
      const code = varint("error code");
      if (type === T.CONNECTION_CLOSE) varint("frame type");
      const reason = new TextDecoder().decode(reader.bytes(varint("length"), "reason"));
      return { type: "close", code, application: type === T.APPLICATION_CLOSE, reason };
    }
    case T.HANDSHAKE_DONE:
      return { type: "handshakeDone" };
    default:
      if (!(type in SKIPPED)) reader.fail(`unknown type ${type}`);
      for (const field of SKIPPED[type]) {
        if (field === "varint") varint("field");
        else reader.bytes(field === "string" ? varint("length") : field, "field");
      }
      return { type: "skipped" };
  }
}

/** RFC 9000 section 19.3: from the largest packet number down, ranges and the gaps between them. */
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
  for (let counts = ecn ? 3 : 0; counts > 0; counts--) reader.varint("ECN count");
  return { type: "ack", ranges, delay };
}
