/**
 * The CCM mode (RFC 3610, as RFC 5116 section 5.3 and RFC 6655 use it: 12-byte nonces, so 3-byte lengths) over the CBC
 * and CTR of a 16-byte block cipher. Time depends on lengths only, as far as those two do.
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import { checkLength, NONCE_LENGTH, placeFor } from "./cipher_suites.ts";
import type { AeadKey } from "./provider.ts";

/** The two modes that CCM is made of, under one key. */
export interface CcmModes {
  /** CBC encryption of whole blocks from a zero initial vector; only the last block counts. */
  cbc(blocks: Uint8Array): Uint8Array;
  /** CTR encryption of any length from the counter block `counter`. */
  ctr(counter: Uint8Array, data: Uint8Array): Uint8Array;
}

const BLOCK = 16;
/** RFC 3610 §2: a length has 15 - 12 = 3 bytes. */
const MAX_PLAINTEXT = 2 ** 24 - 1;

/** An AEAD key in CCM mode with tags of `tagLength` bytes (8 or 16). */
export function ccmKey(modes: CcmModes, tagLength: number): AeadKey {
  /** RFC 3610 §2.2: the CBC-MAC, before it is encrypted. */
  function authenticate(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const header = aad.length === 0 ? 0 : aad.length < 0xff00 ? 2 : 6;
    const aadEnd = BLOCK + roundUp(header + aad.length);
    const blocks = new Uint8Array(aadEnd + roundUp(plaintext.length));
    blocks[0] = (aad.length > 0 ? 0x40 : 0) | (tagLength - 2) / 2 << 3 | 2;
    blocks.set(nonce, 1);
    putLength(blocks, BLOCK, 3, plaintext.length);
    if (header === 2) putLength(blocks, BLOCK + 2, 2, aad.length);
    if (header === 6) {
      blocks[BLOCK] = 0xff;
      blocks[BLOCK + 1] = 0xfe;
      putLength(blocks, BLOCK + 6, 4, aad.length);
    }
    blocks.set(aad, BLOCK + header);
    blocks.set(plaintext, aadEnd);
    return modes.cbc(blocks).subarray(-BLOCK);
  }

  /** RFC 3610 §2.3: counter 0 is for the tag, the message starts at counter 1. So the tag goes in front. */
  function crypt(nonce: Uint8Array, tag: Uint8Array, data: Uint8Array): Uint8Array {
    const counter = new Uint8Array(BLOCK);
    counter[0] = 2;
    counter.set(nonce, 1);
    const input = new Uint8Array(BLOCK + data.length);
    input.set(tag);
    input.set(data, BLOCK);
    return modes.ctr(counter, input);
  }

  function check(nonce: Uint8Array, length: number): void {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    if (length > MAX_PLAINTEXT) {
      throw new TlsError("api/argument", `AES-CCM cannot protect ${length} bytes`);
    }
  }

  return {
    seal(nonce, aad, plaintext, out) {
      check(nonce, plaintext.length);
      const place = placeFor(plaintext.length + tagLength, out);
      const output = crypt(nonce, authenticate(nonce, aad, plaintext), plaintext);
      place.set(output.subarray(BLOCK));
      place.set(output.subarray(0, tagLength), plaintext.length);
      return place;
    },
    open(nonce, aad, ciphertext, out) {
      const length = ciphertext.length - tagLength;
      check(nonce, length);
      if (length < 0) return null;
      const place = placeFor(length, out);
      const tag = ciphertext.subarray(length);
      const output = crypt(nonce, tag, ciphertext.subarray(0, length));
      const plaintext = output.subarray(BLOCK);
      const expected = authenticate(nonce, aad, plaintext).subarray(0, tagLength);
      if (!equalBytes(output.subarray(0, tagLength), expected)) return null;
      place.set(plaintext);
      return place;
    },
  };
}

function roundUp(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}

function putLength(blocks: Uint8Array, end: number, width: number, length: number): void {
  for (let i = 1; i <= width; i++) blocks[end - i] = length >>> (8 * (i - 1));
}
