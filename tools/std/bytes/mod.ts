/**
 * A stand-in for the few functions of `@std/bytes` that Sealane uses, so that every task runs where JSR cannot be
 * reached. Links are not published: users get the real package.
 *
 * @module
 */

/** Concatenates byte arrays into a new one. */
export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  const output = new Uint8Array(length);
  let offset = 0;
  for (const buffer of buffers) {
    output.set(buffer, offset);
    offset += buffer.length;
  }
  return output;
}
