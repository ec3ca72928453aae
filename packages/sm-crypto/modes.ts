/**
 * The modes GCM and CCM over any 16-byte block cipher, written for reading rather than for speed: time and memory grow with the
 * message several times over, and comparisons alone are constant-time.
 *
 * @module
 */
import { ghash } from "@noble/ciphers/_polyval.js";
import type { AeadKey } from "@sealane/providers";
import { concat, equalBytes, TlsError } from "@sealane/wire";

/** Encrypts whole blocks, each for itself. */
export type BlockCipher = (blocks: Uint8Array) => Uint8Array;

const BLOCK = 16;
/** Bytes of a nonce and of a tag, of both modes. */
export const [NONCE_LENGTH, TAG_LENGTH] = [12, 16];

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

/** Fills up to whole blocks with zeros. */
function padded(data: Uint8Array): Uint8Array {
  return concat([data, new Uint8Array((BLOCK - data.length % BLOCK) % BLOCK)]);
}

function bigEndian(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes.slice(8 - width);
}

/** A mode: from key stream and tag, how a message is sealed. */
interface Mode {
  /** `data`, encrypted or decrypted. */
  crypt(nonce: Uint8Array, data: Uint8Array): Uint8Array;
  /** The tag. */
  tag(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array;
}

/** XORs the key stream of the counter blocks `block(first)`, `block(first + 1)` and so on. */
function ctr(
  cipher: BlockCipher,
  block: (index: number) => Uint8Array,
  first: number,
  data: Uint8Array,
): Uint8Array {
  if (data.length === 0) return data;
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += BLOCK) blocks.push(block(first + at / BLOCK));
  return xor(data, cipher(concat(blocks)));
}

/** GCM (NIST SP 800-38D). */
export function gcmKey(cipher: BlockCipher): AeadKey {
  const h = cipher(new Uint8Array(BLOCK));
  const counter = (nonce: Uint8Array) => (index: number) => concat([nonce, bigEndian(index, 4)]);
  return aeadKey({
    crypt: (nonce, data) => ctr(cipher, counter(nonce), 2, data),
    tag(nonce, aad, _plaintext, ciphertext) {
      const lengths = [bigEndian(8 * aad.length, 8), bigEndian(8 * ciphertext.length, 8)];
      const sum = ghash(concat([padded(aad), padded(ciphertext), ...lengths]), h);
      return ctr(cipher, counter(nonce), 1, sum);
    },
  });
}

/** CCM (RFC 3610) with lengths of 3 bytes, as RFC 5116 section 5.3 has it. */
export function ccmKey(cipher: BlockCipher): AeadKey {
  const counter = (nonce: Uint8Array) => (index: number) =>
    concat([Uint8Array.of(2), nonce, bigEndian(index, 3)]);
  return aeadKey({
    crypt: (nonce, data) => ctr(cipher, counter(nonce), 1, data),
    tag(nonce, aad, plaintext) {
      const flags = (aad.length > 0 ? 0x40 : 0) | (TAG_LENGTH - 2) / 2 << 3 | 2;
      const blocks = concat([
        Uint8Array.of(flags),
        nonce,
        bigEndian(plaintext.length, 3),
        padded(concat([aadLength(aad.length), aad])),
        padded(plaintext),
      ]);
      let mac = new Uint8Array(BLOCK);
      for (let at = 0; at < blocks.length; at += BLOCK) {
        mac = Uint8Array.from(cipher(xor(mac, blocks.subarray(at, at + BLOCK))));
      }
      return ctr(cipher, counter(nonce), 0, mac);
    },
  });
}

/** RFC 3610 §2.2: how the length of the additional data is written in front of it. */
function aadLength(length: number): Uint8Array {
  if (length === 0) return new Uint8Array();
  if (length < 0xff00) return bigEndian(length, 2);
  return concat([Uint8Array.of(0xff, 0xfe), bigEndian(length, 4)]);
}

function aeadKey({ crypt, tag }: Mode): AeadKey {
  return {
    seal(nonce, aad, plaintext, out) {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      const ciphertext = crypt(nonce, plaintext);
      return put(concat([ciphertext, tag(nonce, aad, plaintext, ciphertext)]), out);
    },
    open(nonce, aad, sealed, out) {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      if (sealed.length < TAG_LENGTH) return null;
      const ciphertext = sealed.slice(0, -TAG_LENGTH);
      const plaintext = crypt(nonce, ciphertext);
      const expected = tag(nonce, aad, plaintext, ciphertext);
      return equalBytes(expected, sealed.subarray(-TAG_LENGTH)) ? put(plaintext, out) : null;
    },
  };
}

/** The result in its place: `out` if it has room, or where it is if there is none. */
function put(result: Uint8Array, out: Uint8Array | undefined): Uint8Array {
  if (out === undefined) return result;
  if (out.length < result.length) {
    throw new TlsError("api/argument", `out has ${out.length} bytes, fewer than ${result.length}`);
  }
  out.set(result);
  return out.subarray(0, result.length);
}

/** Throws `api/argument` unless `bytes` has `length` bytes. */
export function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new TlsError("api/argument", `${what} has ${bytes.length} bytes instead of ${length}`);
  }
}
