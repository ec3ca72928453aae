/**
 * QUIC versions as data: everything in which version 2 (RFC 9369 section 3) differs from version 1 (RFC 9000 and 9001).
 *
 * @module
 */
import { fromHex } from "@sealane/wire";

/** The types of packets with a long header that {@link QuicVersion.packetTypes} numbers. */
export type LongPacketType = "initial" | "0rtt" | "handshake" | "retry";

/** What a version fixes. */
export interface QuicVersion {
  /** The version number in long headers. */
  readonly id: number;
  /** A short name for messages. */
  readonly name: string;
  /** The salt of the Initial secret (RFC 9001 section 5.2). */
  readonly initialSalt: Uint8Array;
  /** HKDF labels of packet protection, without `tls13 ` (RFC 9001 sections 5.1 and 6.1). */
  readonly labels: {
    readonly key: string;
    readonly iv: string;
    readonly headerProtection: string;
    readonly keyUpdate: string;
  };
  /** The AES-128-GCM key of the Retry integrity tag (RFC 9001 section 5.8). */
  readonly retryKey: Uint8Array;
  /** The nonce of the Retry integrity tag. */
  readonly retryNonce: Uint8Array;
  /** The two bits of the long header's packet type (RFC 9000 section 17.2). */
  readonly packetTypes: Readonly<Record<LongPacketType, number>>;
  /** The same, to look up: the type that each two-bit number means. */
  readonly packetTypeOfBits: readonly LongPacketType[];
}

/** QUIC version 1: RFC 9000, RFC 9001 sections 5.1, 5.2, 5.8 and 6.1. */
export const QUIC_V1: QuicVersion = Object.freeze<QuicVersion>({
  id: 0x00000001,
  name: "QUIC v1",
  initialSalt: fromHex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
  labels: { key: "quic key", iv: "quic iv", headerProtection: "quic hp", keyUpdate: "quic ku" },
  retryKey: fromHex("be0c690b9f66575a1d766b54e368c84e"),
  retryNonce: fromHex("461599d35d632bf2239825bb"),
  packetTypes: { initial: 0, "0rtt": 1, handshake: 2, retry: 3 },
  packetTypeOfBits: ["initial", "0rtt", "handshake", "retry"],
});

/** QUIC version 2: RFC 9369 section 3. */
export const QUIC_V2: QuicVersion = Object.freeze<QuicVersion>({
  id: 0x6b3343cf,
  name: "QUIC v2",
  initialSalt: fromHex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
  labels: {
    key: "quicv2 key",
    iv: "quicv2 iv",
    headerProtection: "quicv2 hp",
    keyUpdate: "quicv2 ku",
  },
  retryKey: fromHex("8fb4b01b56ac48e260fbcbcead7ccc92"),
  retryNonce: fromHex("d86969bc2d7c6d9990efb04a"),
  packetTypes: { initial: 1, "0rtt": 2, handshake: 3, retry: 0 },
  packetTypeOfBits: ["retry", "initial", "0rtt", "handshake"],
});

/** The versions that this package knows. Each is compatible with the other (RFC 9369 section 4). */
export const QUIC_VERSIONS: readonly QuicVersion[] = Object.freeze([QUIC_V1, QUIC_V2]);

/** The version with a number, or `null` if it is unknown. */
export function quicVersion(id: number): QuicVersion | null {
  if (id === QUIC_V1.id) return QUIC_V1;
  return id === QUIC_V2.id ? QUIC_V2 : null;
}

/** Whether a version number is reserved to exercise negotiation: 0x?a?a?a?a (RFC 9000 section 15). */
export function isReservedVersion(id: number): boolean {
  return (id & 0x0f0f0f0f) === 0x0a0a0a0a;
}

/** A reserved version number made from four random bytes. */
export function reservedVersion(random: Uint8Array): number {
  let id = 0;
  for (let i = 0; i < 4; i++) id = id * 256 + ((random[i] & 0xf0) | 0x0a);
  return id;
}
