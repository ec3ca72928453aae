/**
 * Frames from bytes: each is read strictly, and refused in a packet where it may not stand (RFC 9000 sections 12.4 and 19).
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { type AckFrame, type Frame, FrameType, StreamBit, type StreamKind } from "./frames.ts";
import { MAX_CONNECTION_ID_LENGTH } from "../packets/header.ts";
import type { Role } from "../packets/role.ts";
import { varintLength, VarintReader } from "../packets/varint.ts";

const T = FrameType;

/** RFC 9000 table 3: the only frames of Initial and Handshake packets. */
const DURING_HANDSHAKE: ReadonlySet<number> = new Set([
  T.PADDING,
  T.PING,
  T.ACK,
  T.ACK_ECN,
  T.CRYPTO,
  T.CONNECTION_CLOSE,
]);
/** RFC 9000 section 12.5: frames that 0-RTT packets do not have. */
const NOT_EARLY: ReadonlySet<number> = new Set([
  T.ACK,
  T.ACK_ECN,
  T.CRYPTO,
  T.NEW_TOKEN,
  T.RETIRE_CONNECTION_ID,
  T.PATH_RESPONSE,
  T.HANDSHAKE_DONE,
]);
/** RFC 9000 §4.6: more streams cannot be numbered. */
const MAX_STREAMS = 2 ** 60;
const RESET_TOKEN_LENGTH = 16;
const PATH_DATA_LENGTH = 8;

/** What a transport takes besides the frames of RFC 9000. */
export interface DecodeOptions {
  /** Whether we told the peer a `max_datagram_frame_size` above 0 (RFC 9221); false unless given. */
  readonly datagrams?: boolean;
}

/**
 * The frames of a packet of `level`, one after the other; `sender` sent it. What comes before a fault is yielded.
 *
 * ```ts
 * import { decodeFrames } from "@sealane/quic-tls";
 *
 * const frames = [...decodeFrames(new Uint8Array([0x01, 0x06, 0x00, 0x01, 0xaa]), "initial", "client")];
 * console.assert(frames.map((frame) => frame.type).join() === "ping,crypto");
 * ```
 *
 * @throws {QuicError} `FRAME_ENCODING_ERROR` for what is malformed, `PROTOCOL_VIOLATION` for a frame that this sender may
 * not put into such a packet, and for a packet without frames.
 */
export function* decodeFrames(
  payload: Uint8Array,
  level: Level,
  sender: Role,
  options: DecodeOptions = {},
): Generator<Frame, void, undefined> {
  const reader = new VarintReader(payload, "frame");
  // RFC 9000 §12.4: a packet has one frame at least.
  if (payload.length === 0) violation(`a packet of the level ${level} has no frame`);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const type = reader.varint("type");
    // RFC 9000 §12.4: the type of a frame has its shortest encoding.
    if (reader.offset - start > varintLength(type)) {
      violation(`a long encoding of the type ${type}`);
    }
    if (!isAllowed(type, level)) violation(`frame type ${type} in a packet of the level ${level}`);
    // RFC 9000 §19.7 and §19.20: only servers send these.
    if (sender === "client" && (type === T.NEW_TOKEN || type === T.HANDSHAKE_DONE)) {
      violation(`frame type ${type} from a client`);
    }
    // RFC 9221 §3: DATAGRAM frames come only where they were asked for.
    if ((type & ~1) === T.DATAGRAM && !options.datagrams) violation("a DATAGRAM frame unasked");
    yield decodeFrame(reader, type, payload);
  }
}

function violation(reason: string): never {
  throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
}

function isAllowed(type: number, level: Level): boolean {
  if (level === "initial" || level === "handshake") return DURING_HANDSHAKE.has(type);
  return level === "application" || !NOT_EARLY.has(type);
}

function decodeFrame(reader: VarintReader, type: number, payload: Uint8Array): Frame {
  const varint = (field: string): number => reader.varint(field);
  const string = (field: string): Uint8Array => reader.bytes(varint(`${field} length`), field);
  if (type >= T.STREAM && type < T.STREAM + 8) {
    const streamId = varint("stream ID");
    const offset = type & StreamBit.OFFSET ? varint("offset") : 0;
    const data = type & StreamBit.LENGTH ? string("data") : reader.bytes(reader.remaining, "data");
    return { type: "stream", streamId, offset, data, fin: (type & StreamBit.FIN) !== 0 };
  }
  switch (type) {
    case T.PADDING: {
      const start = reader.offset;
      let end = start;
      while (end < payload.length && payload[end] === 0) end++;
      reader.bytes(end - start, "padding");
      return { type: "padding", length: 1 + end - start };
    }
    case T.PING:
      return { type: "ping" };
    case T.ACK:
    case T.ACK_ECN:
      return decodeAck(reader, type === T.ACK_ECN);
    case T.RESET_STREAM: {
      const [streamId, code] = [varint("stream ID"), varint("error code")];
      return { type: "resetStream", streamId, code, finalSize: varint("final size") };
    }
    case T.STOP_SENDING:
      return { type: "stopSending", streamId: varint("stream ID"), code: varint("error code") };
    case T.CRYPTO:
      return { type: "crypto", offset: varint("offset"), data: string("data") };
    case T.NEW_TOKEN: {
      const token = string("token");
      // RFC 9000 §19.7: the token is not empty.
      if (token.length === 0) reader.fail("the token is empty");
      return { type: "newToken", token };
    }
    case T.MAX_DATA:
      return { type: "maxData", maximum: varint("maximum") };
    case T.MAX_STREAM_DATA: {
      const streamId = varint("stream ID");
      return { type: "maxStreamData", streamId, maximum: varint("maximum") };
    }
    case T.MAX_STREAMS_BIDI:
    case T.MAX_STREAMS_UNI:
      return { type: "maxStreams", kind: kindOf(type), maximum: streamCount(reader) };
    case T.DATA_BLOCKED:
      return { type: "dataBlocked", maximum: varint("maximum") };
    case T.STREAM_DATA_BLOCKED: {
      const streamId = varint("stream ID");
      return { type: "streamDataBlocked", streamId, maximum: varint("maximum") };
    }
    case T.STREAMS_BLOCKED_BIDI:
    case T.STREAMS_BLOCKED_UNI:
      return { type: "streamsBlocked", kind: kindOf(type), maximum: streamCount(reader) };
    case T.NEW_CONNECTION_ID:
      return decodeNewConnectionId(reader);
    case T.RETIRE_CONNECTION_ID:
      return { type: "retireConnectionId", sequenceNumber: varint("sequence number") };
    case T.PATH_CHALLENGE:
      return { type: "pathChallenge", data: reader.bytes(PATH_DATA_LENGTH, "data") };
    case T.PATH_RESPONSE:
      return { type: "pathResponse", data: reader.bytes(PATH_DATA_LENGTH, "data") };
    case T.CONNECTION_CLOSE:
    case T.APPLICATION_CLOSE: {
      const application = type === T.APPLICATION_CLOSE;
      const code = varint("error code");
      const frameType = application ? 0 : varint("frame type");
      const reason = new TextDecoder().decode(string("reason"));
      return { type: "connectionClose", code, application, frameType, reason };
    }
    case T.HANDSHAKE_DONE:
      return { type: "handshakeDone" };
    case T.DATAGRAM:
      return { type: "datagram", data: reader.bytes(reader.remaining, "data") };
    case T.DATAGRAM_WITH_LENGTH:
      return { type: "datagram", data: string("data") };
    default:
      // RFC 9000 §12.4: a frame of unknown type cannot be skipped.
      return reader.fail(`unknown type ${type}`);
  }
}

/** The lowest bit of MAX_STREAMS and STREAMS_BLOCKED says which streams. */
function kindOf(type: number): StreamKind {
  return type & 1 ? "uni" : "bidi";
}

/** RFC 9000 sections 19.11 and 19.14: a number of streams that can be numbered. */
function streamCount(reader: VarintReader): number {
  const count = reader.varintExact("maximum");
  if (count > MAX_STREAMS) reader.fail(`${count} streams are more than 2^60`);
  return Math.min(Number(count), Number.MAX_SAFE_INTEGER);
}

/** RFC 9000 section 19.3: from the largest packet number down, ranges and the gaps between them. */
function decodeAck(reader: VarintReader, withEcn: boolean): AckFrame {
  let end = reader.varint("largest acknowledged") + 1;
  const delay = reader.varint("delay");
  // Each further range takes two bytes at least, so the packet itself bounds them.
  let more = reader.varint("range count");
  const ranges: [number, number][] = [];
  for (;;) {
    const start = end - 1 - reader.varint("range");
    if (start < 0) reader.fail("an acknowledged packet number is negative");
    ranges.push([start, end]);
    if (more-- === 0) break;
    end = start - 1 - reader.varint("gap");
  }
  if (!withEcn) return { type: "ack", ranges, delay };
  const [ect0, ect1] = [reader.varint("ECT0 count"), reader.varint("ECT1 count")];
  return { type: "ack", ranges, delay, ecn: { ect0, ect1, ce: reader.varint("CE count") } };
}

function decodeNewConnectionId(reader: VarintReader): Frame {
  const sequenceNumber = reader.varint("sequence number");
  const retirePriorTo = reader.varint("retire prior to");
  // RFC 9000 §19.15: the frame does not retire the ID that it brings.
  if (retirePriorTo > sequenceNumber) {
    reader.fail(`retire prior to ${retirePriorTo} is above the sequence number ${sequenceNumber}`);
  }
  const length = reader.number(1, "connection ID length");
  // RFC 9000 §19.15: 1 to 20 bytes.
  if (length === 0 || length > MAX_CONNECTION_ID_LENGTH) {
    reader.fail(`a connection ID of ${length} bytes`);
  }
  const connectionId = reader.bytes(length, "connection ID");
  const statelessResetToken = reader.bytes(RESET_TOKEN_LENGTH, "stateless reset token");
  return {
    type: "newConnectionId",
    sequenceNumber,
    retirePriorTo,
    connectionId,
    statelessResetToken,
  };
}
