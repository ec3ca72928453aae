/**
 * Padding policies (RFC 9846 section 5.4). A policy is a function, so a program can bring its own.
 *
 * @module
 */
import { type ContentType, TlsError } from "@sealane/wire";

/**
 * How many zero bytes to add to a protected record of this type with this many bytes of content, at most `room`. A
 * larger answer is cut to `room`.
 */
export type PaddingPolicy = (type: ContentType, length: number, room: number) => number;

/**
 * Pads content to the next multiple of `size` bytes, as far as a record goes. The type byte is not counted.
 *
 * @throws {TlsError} `api/config` if `size` is not a whole number from 1 to 16,384.
 */
export function padToMultiple(size: number): PaddingPolicy {
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 14) {
    throw new TlsError("api/config", `padding to multiples of ${size} bytes is not possible`);
  }
  return (_type, length) => (size - length % size) % size;
}

/**
 * Adds 0 to `most` bytes, each number as likely as the others. `random` is the `random` of a provider.
 *
 * @throws {TlsError} `api/config` if `most` is not a whole number from 0 to 16,384.
 */
export function padRandomly(most: number, random: (length: number) => Uint8Array): PaddingPolicy {
  if (!Number.isInteger(most) || most < 0 || most > 2 ** 14) {
    throw new TlsError("api/config", `padding with up to ${most} bytes is not possible`);
  }
  return () => {
    // 32 bits for at most 2^14 + 1 outcomes: the bias is below 2^-17
    const [a, b, c, d] = random(4);
    return ((a << 24 | b << 16 | c << 8 | d) >>> 0) % (most + 1);
  };
}
