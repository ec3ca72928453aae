/**
 * Packet numbers on the wire: how many of their low bytes are sent, and how the rest is recovered (RFC 9000 section 17.1
 * and appendix A).
 *
 * A packet number is a JavaScript number. The standard allows up to 2^62 - 1; here one above 2^53 - 1 does not decode
 * ({@link decodePacketNumber} answers -1), since no connection gets there by counting.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";

/**
 * How many bytes, 1 to 4, to send of `packetNumber` so that a peer that has acknowledged up to `largestAcked` (-1: nothing
 * yet) recovers it (RFC 9000 appendix A.2).
 *
 * @throws {TlsError} `local/internal` if 4 bytes are not enough: 2^31 packets are unacknowledged.
 */
export function packetNumberLength(packetNumber: number, largestAcked: number): 1 | 2 | 3 | 4 {
  const unacknowledged = packetNumber - largestAcked;
  // RFC 9000 §17.1: the range has to be more than twice the unacknowledged numbers.
  if (unacknowledged <= 0x7f) return 1;
  if (unacknowledged <= 0x7fff) return 2;
  if (unacknowledged <= 0x7fffff) return 3;
  if (unacknowledged <= 0x7fffffff) return 4;
  throw new TlsError(
    "local/internal",
    `packet number ${packetNumber} is too far from the last ack`,
  );
}

/** Writes the low `length` bytes of `packetNumber` at `offset` and returns the offset after them. */
export function writePacketNumber(
  bytes: Uint8Array,
  offset: number,
  packetNumber: number,
  length: number,
): number {
  for (let i = length - 1, rest = packetNumber; i >= 0; i--, rest = Math.floor(rest / 256)) {
    bytes[offset + i] = rest % 256;
  }
  return offset + length;
}

/**
 * The packet number nearest to the one after `largest` (the largest that was received in the packet number space, or -1)
 * whose low `length` bytes are `truncated` (RFC 9000 appendix A.3); -1 if that is above 2^53 - 1.
 */
export function decodePacketNumber(largest: number, truncated: number, length: number): number {
  const expected = largest + 1;
  const window = 2 ** (8 * length);
  const half = window / 2;
  const candidate = expected - expected % window + truncated;
  if (candidate <= expected - half && candidate + window <= Number.MAX_SAFE_INTEGER) {
    return candidate + window;
  }
  if (candidate > expected + half && candidate >= window) return candidate - window;
  return candidate > Number.MAX_SAFE_INTEGER ? -1 : candidate;
}
