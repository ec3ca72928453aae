/**
 * Random bytes of the platform.
 *
 * @module
 */

/** What one call of `getRandomValues` may ask for. */
const QUOTA = 65536;

/** `length` bytes from `crypto.getRandomValues`. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += QUOTA) {
    crypto.getRandomValues(bytes.subarray(offset, offset + QUOTA));
  }
  return bytes;
}
