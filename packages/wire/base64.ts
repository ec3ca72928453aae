/**
 * Base64 (RFC 4648 section 4), strictly.
 *
 * @module
 */

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

/** The base64 text of `bytes`, padded, on one line. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * The bytes of a base64 text: padding stands only at the end, and fills up to a multiple of four; no white space.
 *
 * @throws {SyntaxError} on any other text.
 */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !ALPHABET.test(text)) {
    throw new SyntaxError(`not base64: a string of ${text.length} characters`);
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
