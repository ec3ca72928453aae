/**
 * Frames to bytes (RFC 9000 section 19).
 *
 * @module
 */
import { type AckFrame, type Frame, FrameType, StreamBit } from "./frames.ts";
import { varintLength, writeVarint } from "../packets/varint.ts";

const T = FrameType;

/** What a frame is made of: numbers that go as varints, and byte strings that go as they are. */
type Field = number | Uint8Array;

/** The fields of a frame, its type first. */
function fieldsOf(frame: Frame): readonly Field[] {
  switch (frame.type) {
    case "padding":
      return [new Uint8Array(frame.length)];
    case "ping":
      return [T.PING];
    case "ack":
      return ackFields(frame);
    case "resetStream":
      return [T.RESET_STREAM, frame.streamId, frame.code, frame.finalSize];
    case "stopSending":
      return [T.STOP_SENDING, frame.streamId, frame.code];
    case "crypto":
      return [T.CRYPTO, frame.offset, frame.data.length, frame.data];
    case "newToken":
      return [T.NEW_TOKEN, frame.token.length, frame.token];
    case "stream": {
      const { streamId, offset, data, fin } = frame;
      const type = T.STREAM | StreamBit.OFFSET | StreamBit.LENGTH | (fin ? StreamBit.FIN : 0);
      return [type, streamId, offset, data.length, data];
    }
    case "maxData":
      return [T.MAX_DATA, frame.maximum];
    case "maxStreamData":
      return [T.MAX_STREAM_DATA, frame.streamId, frame.maximum];
    case "maxStreams":
      return [frame.kind === "bidi" ? T.MAX_STREAMS_BIDI : T.MAX_STREAMS_UNI, frame.maximum];
    case "dataBlocked":
      return [T.DATA_BLOCKED, frame.maximum];
    case "streamDataBlocked":
      return [T.STREAM_DATA_BLOCKED, frame.streamId, frame.maximum];
    case "streamsBlocked": {
      const type = frame.kind === "bidi" ? T.STREAMS_BLOCKED_BIDI : T.STREAMS_BLOCKED_UNI;
      return [type, frame.maximum];
    }
    case "newConnectionId": {
      const { sequenceNumber, retirePriorTo, connectionId, statelessResetToken } = frame;
      const id = [connectionId.length, connectionId, statelessResetToken];
      return [T.NEW_CONNECTION_ID, sequenceNumber, retirePriorTo, ...id];
    }
    case "retireConnectionId":
      return [T.RETIRE_CONNECTION_ID, frame.sequenceNumber];
    case "pathChallenge":
      return [T.PATH_CHALLENGE, frame.data];
    case "pathResponse":
      return [T.PATH_RESPONSE, frame.data];
    case "connectionClose": {
      const reason = new TextEncoder().encode(frame.reason);
      if (frame.application) return [T.APPLICATION_CLOSE, frame.code, reason.length, reason];
      return [T.CONNECTION_CLOSE, frame.code, frame.frameType, reason.length, reason];
    }
    case "handshakeDone":
      return [T.HANDSHAKE_DONE];
    case "datagram":
      return [T.DATAGRAM_WITH_LENGTH, frame.data.length, frame.data];
  }
}

function ackFields({ ranges, delay, ecn }: AckFrame): Field[] {
  const fields: Field[] = [ecn === undefined ? T.ACK : T.ACK_ECN, ranges[0][1] - 1, delay];
  fields.push(ranges.length - 1);
  for (const [i, [start, end]] of ranges.entries()) {
    // RFC 9000 §19.3.1: a gap is counted like a range, one less than its packets.
    if (i > 0) fields.push(ranges[i - 1][0] - end - 1);
    fields.push(end - start - 1);
  }
  if (ecn !== undefined) fields.push(ecn.ect0, ecn.ect1, ecn.ce);
  return fields;
}

function lengthOf(fields: readonly Field[]): number {
  let length = 0;
  for (const field of fields) {
    length += typeof field === "number" ? varintLength(field) : field.length;
  }
  return length;
}

function write(bytes: Uint8Array, offset: number, fields: readonly Field[]): number {
  let at = offset;
  for (const field of fields) {
    if (typeof field === "number") at = writeVarint(bytes, at, field);
    else {
      bytes.set(field, at);
      at += field.length;
    }
  }
  return at;
}

/**
 * Writes a frame at `offset` and returns the offset after it, or -1, and writes nothing, where `bytes` end before the
 * frame would. STREAM and DATAGRAM frames are written with their length, so that others may follow.
 *
 * ```ts
 * import { writeFrame } from "@sealane/quic-tls";
 *
 * const payload = new Uint8Array(3);
 * console.assert(writeFrame(payload, 0, { type: "maxData", maximum: 1000 }) === 3);
 * console.assert(writeFrame(payload, 3, { type: "ping" }) === -1);
 * ```
 *
 * @throws {TlsError} `local/internal` for a number that is no integer from 0 to 2^53 - 1.
 */
export function writeFrame(bytes: Uint8Array, offset: number, frame: Frame): number {
  const fields = fieldsOf(frame);
  return offset + lengthOf(fields) > bytes.length ? -1 : write(bytes, offset, fields);
}

/** The bytes of a frame; see {@link writeFrame}. */
export function encodeFrame(frame: Frame): Uint8Array {
  const fields = fieldsOf(frame);
  const bytes = new Uint8Array(lengthOf(fields));
  write(bytes, 0, fields);
  return bytes;
}
