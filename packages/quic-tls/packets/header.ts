/**
 * Packet headers (RFC 9000 section 17, RFC 8999): what can be read of a datagram before any key is used, and how to write
 * a header.
 *
 * Nothing here throws at what arrived: a packet that has to be dropped says why.
 *
 * @module
 */
import type { DropReason } from "./drop.ts";
import { writePacketNumber } from "./packet_number.ts";
import { readVarint, varintLength, varintLengthOf, writeVarint } from "./varint.ts";
import { type LongPacketType, type QuicVersion, quicVersion } from "./version.ts";

/** The longest connection ID of versions 1 and 2, in bytes (RFC 9000 section 17.2). */
export const MAX_CONNECTION_ID_LENGTH = 20;

/** The least bytes of a datagram with which a client begins (RFC 9000 section 14.1). */
export const MIN_INITIAL_DATAGRAM = 1200;

/** Bytes of the AEAD tag of every suite that QUIC uses (RFC 9001 section 5.3): what a packet grows by. */
export const PACKET_TAG_LENGTH = 16;

/** Bytes of the Retry integrity tag. */
export const RETRY_TAG_LENGTH = 16;

const LONG_HEADER = 0x80;
const FIXED_BIT = 0x40;
const EMPTY: Uint8Array = new Uint8Array(0);

/** A packet with a long header and packet protection (RFC 9000 sections 17.2.2 to 17.2.4). */
export interface LongPacket {
  /** Which of the three. */
  readonly type: "initial" | "0rtt" | "handshake";
  /** The version in the header. */
  readonly version: QuicVersion;
  /** Destination Connection ID, 0 to 20 bytes. */
  readonly destinationConnectionId: Uint8Array;
  /** Source Connection ID, 0 to 20 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /** The token of an Initial packet, empty in the other two. */
  readonly token: Uint8Array;
  /** Where the packet number stands, from the start of {@link LongPacket.bytes}. */
  readonly packetNumberOffset: number;
  /** The whole packet, protected, as a view over the datagram. */
  readonly bytes: Uint8Array;
}

/** A packet with a short header (RFC 9000 section 17.3). */
export interface ShortPacket {
  /** Which kind of packet this is. */
  readonly type: "1rtt";
  /** Destination Connection ID: one of ours, of the length that the caller named. */
  readonly destinationConnectionId: Uint8Array;
  /** Where the packet number stands, from the start of {@link ShortPacket.bytes}. */
  readonly packetNumberOffset: number;
  /** The whole packet, protected: what is left of the datagram. */
  readonly bytes: Uint8Array;
}

/** A Retry packet (RFC 9000 section 17.2.5). Its tag is not yet checked. */
export interface RetryPacket {
  /** Which kind of packet this is. */
  readonly type: "retry";
  /** The version in the header. */
  readonly version: QuicVersion;
  /** Destination Connection ID. */
  readonly destinationConnectionId: Uint8Array;
  /** The connection ID that the server wants next. */
  readonly sourceConnectionId: Uint8Array;
  /** The token to send back, of at least one byte. */
  readonly token: Uint8Array;
  /** The whole packet, with the integrity tag at its end. */
  readonly bytes: Uint8Array;
}

/** A Version Negotiation packet (RFC 9000 section 17.2.1). */
export interface VersionNegotiationPacket {
  /** Which kind of packet this is. */
  readonly type: "version-negotiation";
  /** Destination Connection ID, up to 255 bytes (RFC 8999 section 6). */
  readonly destinationConnectionId: Uint8Array;
  /** Source Connection ID, up to 255 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /** What the server supports; may hold reserved numbers. */
  readonly versions: readonly number[];
  /** The whole packet. */
  readonly bytes: Uint8Array;
}

/** A long header of a version that we do not know: a server answers it with {@link versionNegotiation}. */
export interface UnknownVersionPacket {
  /** Which kind of packet this is. */
  readonly type: "unknown-version";
  /** The version number in the header. */
  readonly version: number;
  /** Destination Connection ID, up to 255 bytes. */
  readonly destinationConnectionId: Uint8Array;
  /** Source Connection ID, up to 255 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /** What is left of the datagram. */
  readonly bytes: Uint8Array;
}

/** Bytes that are no packet for us. */
export interface DroppedPacket {
  /** Which kind of packet this is. */
  readonly type: "dropped";
  /** Why. */
  readonly reason: DropReason;
  /** The bytes that were dropped. */
  readonly bytes: Uint8Array;
}

/** What stands at one place of a datagram. */
export type ParsedPacket =
  | LongPacket
  | ShortPacket
  | RetryPacket
  | VersionNegotiationPacket
  | UnknownVersionPacket
  | DroppedPacket;

/** What the receiver knows that the packets do not say. */
export interface ParseOptions {
  /**
   * Bytes of our own connection IDs, which short headers do not tell; or a function that finds it from the bytes after
   * the first byte (-1: no connection ID of ours).
   */
  readonly connectionIdLength: number | ((bytes: Uint8Array) => number);
  /** Whether we sent `grease_quic_bit`, so that a fixed bit of 0 is fine (RFC 9287 section 3). */
  readonly greaseQuicBit?: boolean;
}

function dropped(reason: DropReason, bytes: Uint8Array): DroppedPacket {
  return { type: "dropped", reason, bytes };
}

/**
 * Reads the packet at `start`; `bytes` of the result end where the next coalesced packet starts, or with the datagram.
 *
 * ```ts
 * import { parsePacket } from "@sealane/quic-tls";
 *
 * const packet = parsePacket(new Uint8Array([0x40, 1, 2, 3, 4, 5]), 0, { connectionIdLength: 4 });
 * console.assert(packet.type === "1rtt" && packet.packetNumberOffset === 5);
 * ```
 */
export function parsePacket(
  datagram: Uint8Array,
  start: number,
  options: ParseOptions,
): ParsedPacket {
  const bytes = start === 0 ? datagram : datagram.subarray(start);
  if (bytes.length === 0) return dropped("empty", bytes);
  return bytes[0] & LONG_HEADER ? parseLong(bytes, options) : parseShort(bytes, options);
}

function parseShort(bytes: Uint8Array, options: ParseOptions): ShortPacket | DroppedPacket {
  // RFC 9000 §17.3.1: packets with a fixed bit of 0 are not valid in this version.
  if (!(bytes[0] & FIXED_BIT) && !options.greaseQuicBit) return dropped("fixed-bit", bytes);
  const { connectionIdLength } = options;
  const length = typeof connectionIdLength === "number"
    ? connectionIdLength
    : connectionIdLength(bytes.subarray(1));
  if (length < 0) return dropped("unknown-connection-id", bytes);
  if (bytes.length < 1 + length) return dropped("truncated", bytes);
  return {
    type: "1rtt",
    destinationConnectionId: bytes.subarray(1, 1 + length),
    packetNumberOffset: 1 + length,
    bytes,
  };
}

function parseLong(bytes: Uint8Array, options: ParseOptions): ParsedPacket {
  if (bytes.length < 7) return dropped("truncated", bytes);
  const versionId = (bytes[1] << 24 | bytes[2] << 16 | bytes[3] << 8 | bytes[4]) >>> 0;
  const sourceLengthAt = 6 + bytes[5];
  if (sourceLengthAt >= bytes.length) return dropped("truncated", bytes);
  const end = sourceLengthAt + 1 + bytes[sourceLengthAt];
  if (end > bytes.length) return dropped("truncated", bytes);
  const destinationConnectionId = bytes.subarray(6, sourceLengthAt);
  const sourceConnectionId = bytes.subarray(sourceLengthAt + 1, end);

  if (versionId === 0) {
    const versions = versionList(bytes, end);
    if (versions === null) return dropped("truncated", bytes);
    const ids = { destinationConnectionId, sourceConnectionId };
    return { type: "version-negotiation", ...ids, versions, bytes };
  }
  const version = quicVersion(versionId);
  if (version === null) {
    const ids = { destinationConnectionId, sourceConnectionId };
    return { type: "unknown-version", version: versionId, ...ids, bytes };
  }
  if (!(bytes[0] & FIXED_BIT) && !options.greaseQuicBit) return dropped("fixed-bit", bytes);
  // RFC 9000 §17.2: endpoints drop a version 1 packet with a longer connection ID.
  if (
    destinationConnectionId.length > MAX_CONNECTION_ID_LENGTH ||
    sourceConnectionId.length > MAX_CONNECTION_ID_LENGTH
  ) return dropped("connection-id-too-long", bytes);

  const type = version.packetTypeOfBits[bytes[0] >> 4 & 3];
  if (type === "retry") {
    // RFC 9000 §17.2.5.2: a client discards a Retry packet with an empty token.
    if (bytes.length - end <= RETRY_TAG_LENGTH) return dropped("retry-token", bytes);
    const token = bytes.subarray(end, bytes.length - RETRY_TAG_LENGTH);
    return { type, version, destinationConnectionId, sourceConnectionId, token, bytes };
  }

  let offset = end;
  let token = EMPTY;
  if (type === "initial") {
    const tokenLength = readVarint(bytes, offset);
    if (tokenLength < 0) return dropped("truncated", bytes);
    offset += varintLengthOf(bytes[offset]);
    if (tokenLength > bytes.length - offset) return dropped("truncated", bytes);
    token = bytes.subarray(offset, offset + tokenLength);
    offset += tokenLength;
  }
  const length = readVarint(bytes, offset);
  if (length < 0) return dropped("truncated", bytes);
  offset += varintLengthOf(bytes[offset]);
  if (length > bytes.length - offset) return dropped("length", bytes);
  return {
    type,
    version,
    destinationConnectionId,
    sourceConnectionId,
    token,
    packetNumberOffset: offset,
    bytes: bytes.subarray(0, offset + length),
  };
}

function versionList(bytes: Uint8Array, start: number): number[] | null {
  if (start === bytes.length || (bytes.length - start) % 4 !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i));
}

/** The packets that are coalesced in a datagram, in order; those that have to be dropped say why. */
export function parseDatagram(datagram: Uint8Array, options: ParseOptions): ParsedPacket[] {
  const packets: ParsedPacket[] = [];
  let first: Uint8Array | null = null;
  for (let start = 0; start < datagram.length || start === 0;) {
    const packet = parsePacket(datagram, start, options);
    const { type, bytes } = packet;
    if (type === "dropped" || type === "unknown-version" || type === "version-negotiation") {
      packets.push(packet);
      break; // Where such a packet ends is not known.
    }
    // RFC 9000 §12.2: packets for another connection ID than the first packet's are ignored.
    const id: Uint8Array = packet.destinationConnectionId;
    if (first !== null && !sameBytes(first, id)) {
      packets.push(dropped("coalesced-connection-id", bytes));
    } else packets.push(packet);
    first ??= id;
    start += bytes.length;
  }
  return packets;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What a long header says. */
export interface LongHeader {
  /** Packet type: one of the three that are protected. */
  readonly type: Exclude<LongPacketType, "retry">;
  /** Version. */
  readonly version: QuicVersion;
  /** Destination Connection ID, 0 to 20 bytes. */
  readonly destinationConnectionId: Uint8Array;
  /** Source Connection ID, 0 to 20 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /** The token of an Initial packet; left out: empty. */
  readonly token?: Uint8Array;
  /** The full packet number. */
  readonly packetNumber: number;
  /** How many bytes of it to send, 1 to 4. */
  readonly packetNumberLength: number;
  /** Bytes of what follows the packet number: the frames and the AEAD tag. */
  readonly protectedLength: number;
}

/** How many bytes {@link writeLongHeader} writes. */
export function longHeaderLength(header: LongHeader): number {
  const token = header.token?.length ?? 0;
  return 7 + header.destinationConnectionId.length + header.sourceConnectionId.length +
    (header.type === "initial" ? varintLength(token) + token : 0) + lengthLength(header) +
    header.packetNumberLength;
}

/** The Length field has two bytes at least: it is then the same for every packet that fits in a usual datagram. */
function lengthLength(header: LongHeader): number {
  return Math.max(2, varintLength(header.packetNumberLength + header.protectedLength));
}

/** Writes an unprotected long header, up to and with the packet number, and returns the offset after it. */
export function writeLongHeader(bytes: Uint8Array, offset: number, header: LongHeader): number {
  const { version, packetNumberLength } = header;
  const bits = version.packetTypes[header.type] << 4 | (packetNumberLength - 1);
  let at = writeLongPrefix(bytes, offset, LONG_HEADER | FIXED_BIT | bits, version.id, header);
  if (header.type === "initial") {
    const token = header.token ?? EMPTY;
    at = writeVarint(bytes, at, token.length);
    bytes.set(token, at);
    at += token.length;
  }
  const length = packetNumberLength + header.protectedLength;
  at = writeVarint(bytes, at, length, lengthLength(header));
  return writePacketNumber(bytes, at, header.packetNumber, packetNumberLength);
}

/** First byte, version and both connection IDs: the part that no version changes (RFC 8999 section 5.1). */
export function writeLongPrefix(
  bytes: Uint8Array,
  offset: number,
  firstByte: number,
  version: number,
  ids: { readonly destinationConnectionId: Uint8Array; readonly sourceConnectionId: Uint8Array },
): number {
  bytes[offset] = firstByte;
  let at = writePacketNumber(bytes, offset + 1, version, 4);
  for (const id of [ids.destinationConnectionId, ids.sourceConnectionId]) {
    bytes[at] = id.length;
    bytes.set(id, at + 1);
    at += 1 + id.length;
  }
  return at;
}

/** What a short header says. */
export interface ShortHeader {
  /** Destination Connection ID. */
  readonly destinationConnectionId: Uint8Array;
  /** The full packet number. */
  readonly packetNumber: number;
  /** How many bytes of it to send, 1 to 4. */
  readonly packetNumberLength: number;
  /** The latency spin bit (RFC 9000 section 17.4); left out: 0. */
  readonly spin?: boolean;
}

/** How many bytes {@link writeShortHeader} writes. */
export function shortHeaderLength(header: ShortHeader): number {
  return 1 + header.destinationConnectionId.length + header.packetNumberLength;
}

/**
 * Writes an unprotected short header and returns the offset after it. The key phase bit is 0: it belongs to the keys, and
 * `KeyPhases` sets it.
 */
export function writeShortHeader(bytes: Uint8Array, offset: number, header: ShortHeader): number {
  const { destinationConnectionId, packetNumberLength } = header;
  bytes[offset] = FIXED_BIT | (header.spin ? 0x20 : 0) | (packetNumberLength - 1);
  bytes.set(destinationConnectionId, offset + 1);
  const at = offset + 1 + destinationConnectionId.length;
  return writePacketNumber(bytes, at, header.packetNumber, packetNumberLength);
}

/**
 * A server's answer to a version that it does not know (RFC 9000 section 6.1): the connection IDs of the client's packet
 * change places. `unused` gives the seven unused bits of the first byte.
 */
export function versionNegotiation(
  packet: { readonly destinationConnectionId: Uint8Array; readonly sourceConnectionId: Uint8Array },
  versions: readonly number[],
  unused = 0x40,
): Uint8Array {
  const ids = {
    destinationConnectionId: packet.sourceConnectionId,
    sourceConnectionId: packet.destinationConnectionId,
  };
  const length = 7 + ids.destinationConnectionId.length + ids.sourceConnectionId.length;
  const bytes = new Uint8Array(length + 4 * versions.length);
  let at = writeLongPrefix(bytes, 0, LONG_HEADER | unused, 0, ids);
  for (const version of versions) at = writePacketNumber(bytes, at, version, 4);
  return bytes;
}
