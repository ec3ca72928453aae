/**
 * SM4 (GB/T 32907-2016) in TypeScript, bit-sliced over eight blocks: no table is looked up with a secret, so the time does
 * not depend on one. `tools/sm4_nibble_tables.ts` derives the matrices and tells the method.
 *
 * @module
 */
/** Blocks that are encrypted at once. */
export const LANES = 8;

// Rows of bit matrices: output bit b is the sum of the input bits in row b.
// deno-fmt-ignore
const INPUT = [0b01100011, 0b00110010, 0b00010010, 0b01100111, 0b11010011, 0b11000100, 0b01111111, 0b10010011];
const INPUT_CONSTANT = 0x55;
// deno-fmt-ignore
const OUTPUT = [0b00000011, 0b00010101, 0b10100100, 0b11110101, 0b10011010, 0b01001010, 0b00110111, 0b01011001];
const OUTPUT_CONSTANT = 0xd3;

/** Plane b holds bit b of 32 bytes. Then come nibble-sliced temporaries of four planes each. */
const planes = new Int32Array(8);
const tower = new Int32Array(8);
const K = 0;
const I = 4;
const scratch = new Int32Array(32);
const [N, N2, N4, N8, INV, AI, P] = [0, 4, 8, 12, 16, 20, 24];

/** Transposes the 8x8 bit matrices in eight words: bit b of byte j of word i to bit i of byte j of word b. */
function transpose(w: Int32Array): void {
  for (let shift = 1, mask = 0x55555555; shift < 8; shift *= 2) {
    for (let i = 0; i < 8; i++) {
      if (i & shift) continue;
      const swap = (w[i] >>> shift ^ w[i + shift]) & mask;
      w[i] ^= swap << shift;
      w[i + shift] ^= swap;
    }
    mask = shift === 1 ? 0x33333333 : 0x0f0f0f0f;
  }
}

function linear(out: Int32Array, input: Int32Array, rows: readonly number[], constant: number) {
  for (let b = 0; b < 8; b++) {
    let sum = -(constant >> b & 1);
    for (let i = 0; i < 8; i++) if (rows[b] >> i & 1) sum ^= input[i];
    out[b] = sum;
  }
}

/** Product in GF(2)[x] / (x^4 + x + 1), four planes each. */
function multiply(o: Int32Array, at: number, a: Int32Array, i: number, b: Int32Array, j: number) {
  const a0 = a[i], a1 = a[i + 1], a2 = a[i + 2], a3 = a[i + 3];
  const b0 = b[j], b1 = b[j + 1], b2 = b[j + 2], b3 = b[j + 3];
  const c4 = a1 & b3 ^ a2 & b2 ^ a3 & b1, c5 = a2 & b3 ^ a3 & b2, c6 = a3 & b3;
  o[at] = a0 & b0 ^ c4;
  o[at + 1] = a0 & b1 ^ a1 & b0 ^ c4 ^ c5;
  o[at + 2] = a0 & b2 ^ a1 & b1 ^ a2 & b0 ^ c5 ^ c6;
  o[at + 3] = a0 & b3 ^ a1 & b2 ^ a2 & b1 ^ a3 & b0 ^ c6;
}

function square(o: Int32Array, at: number, a: Int32Array, i: number): void {
  const a0 = a[i], a1 = a[i + 1], a2 = a[i + 2], a3 = a[i + 3];
  o[at] = a0 ^ a2;
  o[at + 1] = a2;
  o[at + 2] = a1 ^ a3;
  o[at + 3] = a3;
}

/** Adds x times `a` to `o`. */
function addTimesX(o: Int32Array, at: number, a: Int32Array, i: number): void {
  o[at] ^= a[i + 3];
  o[at + 1] ^= a[i] ^ a[i + 3];
  o[at + 2] ^= a[i + 1];
  o[at + 3] ^= a[i + 2];
}

/** The S-box on the 32 bytes of eight words. */
function sBox(words: Int32Array): void {
  transpose(words);
  linear(tower, words, INPUT, INPUT_CONSTANT);
  // An element k + i t with t^2 = a t + a, a = x. Its norm is N = k^2 + a k i + a i^2.
  multiply(scratch, P, tower, K, tower, I);
  square(scratch, N, tower, K);
  addTimesX(scratch, N, scratch, P);
  square(scratch, P, tower, I);
  addTimesX(scratch, N, scratch, P);
  // 1/N = N^14
  square(scratch, N2, scratch, N);
  square(scratch, N4, scratch, N2);
  square(scratch, N8, scratch, N4);
  multiply(scratch, INV, scratch, N2, scratch, N4);
  multiply(scratch, INV, scratch, INV, scratch, N8);
  // The inverse is (k + a i + i t) / N.
  for (let b = 0; b < 4; b++) scratch[AI + b] = tower[K + b];
  addTimesX(scratch, AI, tower, I);
  multiply(tower, I, tower, I, scratch, INV);
  multiply(tower, K, scratch, AI, scratch, INV);
  linear(words, tower, OUTPUT, OUTPUT_CONSTANT);
  transpose(words);
}

const rotl = (x: number, n: number): number => x << n | x >>> (32 - n);

/** FK and the round constants CK (GB/T 32907 section 7.3). */
const FK = [0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc];
const CK = Array.from({ length: 32 }, (_, i) => {
  let word = 0;
  for (let j = 0; j < 4; j++) word = word << 8 | (4 * i + j) * 7 % 256;
  return word;
});

/** The round keys of a 16-byte key. */
export function expandKey(key: Uint8Array): Int32Array {
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const k = new Int32Array(36);
  for (let i = 0; i < 4; i++) k[i] = view.getInt32(4 * i) ^ FK[i];
  for (let i = 0; i < 32; i++) {
    planes.fill(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ CK[i]);
    sBox(planes);
    const s = planes[0];
    k[i + 4] = k[i] ^ s ^ rotl(s, 13) ^ rotl(s, 23);
  }
  return k.slice(4);
}

const state = new Int32Array(36 * LANES);

/** Encrypts {@link LANES} blocks of `data` in place. */
export function encryptBlocks(roundKeys: Int32Array, data: DataView): void {
  for (let lane = 0; lane < LANES; lane++) {
    for (let i = 0; i < 4; i++) state[LANES * i + lane] = data.getInt32(16 * lane + 4 * i);
  }
  for (let i = 0; i < 32; i++) {
    const x = LANES * i;
    for (let lane = 0; lane < LANES; lane++) {
      planes[lane] = state[x + 8 + lane] ^ state[x + 16 + lane] ^ state[x + 24 + lane] ^
        roundKeys[i];
    }
    sBox(planes);
    for (let lane = 0; lane < LANES; lane++) {
      const s = planes[lane];
      state[x + 32 + lane] = state[x + lane] ^ s ^ rotl(s, 2) ^ rotl(s, 10) ^ rotl(s, 18) ^
        rotl(s, 24);
    }
  }
  for (let lane = 0; lane < LANES; lane++) {
    for (let i = 0; i < 4; i++) {
      data.setInt32(16 * lane + 4 * i, state[LANES * (35 - i) + lane]);
    }
  }
  state.fill(0);
}
