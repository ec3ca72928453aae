/**
 * What of a brotli stream (RFC 7932) is looked at before a decoder sees it: the window, which decides how much memory it takes.
 *
 * @module
 */

/**
 * A brotli stream with the smallest window that is large enough for `length` bytes, of those that take as many bits to write;
 * `null` if its first bits are none of RFC 7932.
 *
 * RFC 7932 §9.1 writes windows of 18 to 24 bits as a 1 and three bits of `WBITS - 17`. A window of `2^WBITS - 16` bytes that
 * is at least as long as the whole output allows the same distances as a larger one. It has no window for the bits 0010001 (from
 * the right): decoders that know "large window brotli" take a window of up to 30 bits behind them.
 */
export function limitBrotliWindow(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length === 0) return null;
  const [first] = bytes;
  if ((first & 0x7f) === 0x11) return null;
  const code = first >> 1 & 7;
  // A window of 16 bits has a first bit of 0; one of 17 bits or fewer has a code of 0.
  if ((first & 1) === 0 || code === 0) return bytes;
  let wanted = 1;
  while (wanted < code && 2 ** (17 + wanted) - 16 < length) wanted++;
  if (wanted === code) return bytes;
  const limited = bytes.slice();
  limited[0] = first & 0xf0 | wanted << 1 | 1;
  return limited;
}
