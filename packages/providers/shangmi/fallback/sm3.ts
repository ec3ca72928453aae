/**
 * SM3 compression (GB/T 32905-2016 section 5.3) in TypeScript.
 *
 * @module
 */
const W = new Uint32Array(68);

const rotl = (x: number, n: number): number => x << n | x >>> (32 - n);
const p0 = (x: number): number => x ^ rotl(x, 9) ^ rotl(x, 17);
const p1 = (x: number): number => x ^ rotl(x, 15) ^ rotl(x, 23);

/** Compresses `count` blocks of `data`, from `from` on, into the eight words of `state`. */
export function sm3Compress(
  state: Uint32Array,
  data: Uint8Array,
  from: number,
  count: number,
): void {
  const view = new DataView(data.buffer, data.byteOffset + from, 64 * count);
  for (let block = 0; block < count; block++) {
    for (let j = 0; j < 16; j++) W[j] = view.getUint32(64 * block + 4 * j);
    for (let j = 16; j < 68; j++) {
      W[j] = p1(W[j - 16] ^ W[j - 9] ^ rotl(W[j - 3], 15)) ^ rotl(W[j - 13], 7) ^ W[j - 6];
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let j = 0; j < 64; j++) {
      const early = j < 16;
      const a12 = rotl(a, 12);
      const ss1 = rotl((a12 + e + rotl(early ? 0x79cc4519 : 0x7a879d8a, j % 32)) | 0, 7);
      const ff = early ? a ^ b ^ c : a & b | a & c | b & c;
      const gg = early ? e ^ f ^ g : e & f | ~e & g;
      const tt1 = (ff + d + (ss1 ^ a12) + (W[j] ^ W[j + 4])) | 0;
      const tt2 = (gg + h + ss1 + W[j]) | 0;
      d = c;
      c = rotl(b, 9);
      b = a;
      a = tt1;
      h = g;
      g = rotl(f, 19);
      f = e;
      e = p0(tt2);
    }
    const words = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) state[i] ^= words[i];
  }
}

/** The digest of a message of `length` bytes of which the last `length % 64` are at the start of `rest`. */
export function sm3Finish(state: Uint32Array, rest: Uint8Array, length: number): Uint8Array {
  // GB/T 32905 §5.2: a one, zeros, and the length in bits as 64 bits.
  const filled = length % 64;
  const padding = new Uint8Array(filled < 56 ? 64 : 128);
  padding.set(rest.subarray(0, filled));
  padding[filled] = 0x80;
  const view = new DataView(padding.buffer);
  view.setUint32(padding.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(padding.length - 4, length * 8 % 2 ** 32);
  sm3Compress(state, padding, 0, padding.length / 64);
  padding.fill(0);
  const digest = new Uint8Array(32);
  const output = new DataView(digest.buffer);
  for (let i = 0; i < 8; i++) output.setUint32(4 * i, state[i]);
  return digest;
}
