/**
 * A whole packet in one call: header, payload and protection, for transports that do not lay out their own buffers.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import type { MaybePromise } from "@sealane/providers";
import {
  type LongHeader,
  longHeaderLength,
  PACKET_TAG_LENGTH,
  type ShortHeader,
  shortHeaderLength,
  writeLongHeader,
  writeShortHeader,
} from "./header.ts";
import type { Role } from "./role.ts";
import type { QuicVersion } from "./version.ts";

/** A packet that is to be sent during or after a handshake. */
export interface PacketFields {
  /** The level whose keys protect it. */
  readonly level: Level;
  /** Its number: each once in its space. */
  readonly packetNumber: number;
  /** How many bytes of the number to send, 1 to 4: see `packetNumberLength`. */
  readonly packetNumberLength: number;
  /** Our connection ID, for long headers. */
  readonly sourceConnectionId: Uint8Array;
  /** Where it goes, if not to {@link PacketSender.destinationConnectionId}. */
  readonly destinationConnectionId?: Uint8Array;
}

/** What packets are written for: `QuicTls` is one. */
export interface PacketSender {
  /** Which end this is. */
  readonly role: Role;
  /** The version that long headers have now. */
  readonly version: QuicVersion;
  /** The version of the first packet, which 0-RTT packets keep. */
  readonly originalVersion: QuicVersion;
  /** The token for Initial packets. */
  readonly token: Uint8Array;
  /** The Destination Connection ID of the next packet. */
  readonly destinationConnectionId: Uint8Array;
  /** Whether packets of a level can be sent. */
  canSend(level: Level): boolean;
  /** Protects a packet in place; see `QuicTls.protect`. */
  protect(
    level: Level,
    packet: Uint8Array,
    headerLength: number,
    packetNumber: number,
  ): MaybePromise<Uint8Array>;
}

/** The header of a packet, short for 1-RTT. */
function headerOf(
  tls: PacketSender,
  fields: PacketFields,
  payload: number,
): ShortHeader | LongHeader {
  const { level, packetNumber, packetNumberLength } = fields;
  const destinationConnectionId = fields.destinationConnectionId ?? tls.destinationConnectionId;
  const common = { destinationConnectionId, packetNumber, packetNumberLength };
  if (level === "application") return common;
  return {
    ...common,
    type: level === "early" ? "0rtt" : level,
    // RFC 9369 §4.1: 0-RTT keeps the original version.
    version: level === "early" ? tls.originalVersion : tls.version,
    sourceConnectionId: fields.sourceConnectionId,
    token: tls.token,
    protectedLength: payload + PACKET_TAG_LENGTH,
  };
}

/** How many bytes a packet of less than 16 KiB has besides its payload: header and tag. */
export function packetOverhead(tls: PacketSender, fields: PacketFields): number {
  const header = headerOf(tls, fields, 0);
  const length = "type" in header ? longHeaderLength(header) : shortHeaderLength(header);
  return length + PACKET_TAG_LENGTH;
}

/**
 * Writes the header of a packet with `payloadLength` bytes of frames, unprotected, at `offset`, and returns the offset
 * after it: where the frames go, and after them 16 bytes of room for the tag.
 */
export function writePacketHeader(
  bytes: Uint8Array,
  offset: number,
  tls: PacketSender,
  fields: PacketFields,
  payloadLength: number,
): number {
  const header = headerOf(tls, fields, payloadLength);
  return "type" in header
    ? writeLongHeader(bytes, offset, header)
    : writeShortHeader(bytes, offset, header);
}

/**
 * A protected packet, in new memory. `payload` is its frames, at least `4 - packetNumberLength` bytes and not none (RFC
 * 9001 section 5.4.2).
 *
 * @throws {TlsError} `api/state` without keys for the level.
 * @throws {QuicError} `AEAD_LIMIT_REACHED`: see `QuicTls.protect`.
 */
export function sealPacket(
  tls: PacketSender,
  fields: PacketFields,
  payload: Uint8Array,
): MaybePromise<Uint8Array> {
  const packet = new Uint8Array(packetOverhead(tls, fields) + payload.length);
  const headerLength = writePacketHeader(packet, 0, tls, fields, payload.length);
  packet.set(payload, headerLength);
  return tls.protect(fields.level, packet, headerLength, fields.packetNumber);
}
