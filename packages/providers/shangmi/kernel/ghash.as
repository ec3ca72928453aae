// GHASH (NIST SP 800-38D section 6.4) without tables: carry-less products from integer products of operands with "holes",
// so that carries never reach a bit that is kept. That is the method of BearSSL's `ghash_ctmul64` (Pornin). Constant time
// where a 64-bit integer multiplication is.
//
// A product of two 64-bit polynomials has 127 bits and an integer product gives the low 64. The high ones are the low ones
// of the product of the bit-reversed operands, reversed. A product of 128 bits is three of 64 (Karatsuba), thus six
// integer ones; up to four blocks are summed before the result is reversed back and reduced.
import { BLOCK, GHASH_KEY } from "./memory";

const M0: u64 = 0x1111111111111111;
const M1: u64 = 0x2222222222222222;
const M2: u64 = 0x4444444444444444;
const M3: u64 = 0x8888888888888888;

/** Bytes that one power of the key takes: six operands, each in four parts. */
const POWER: usize = 192;

/** The running sum, as in memory order of the blocks. */
const SUM: usize = memory.data(16, 16);

/** The low 64 bits of the product of `x` and the operand of which the four parts lie at `y`. */
// @ts-ignore: decorator
@inline function product(x: u64, y: usize): u64 {
  const x0 = x & M0, x1 = x & M1, x2 = x & M2, x3 = x & M3;
  const y0 = load<u64>(y), y1 = load<u64>(y, 8), y2 = load<u64>(y, 16), y3 = load<u64>(y, 24);
  const z0 = (x0 * y0) ^ (x1 * y3) ^ (x2 * y2) ^ (x3 * y1);
  const z1 = (x0 * y1) ^ (x1 * y0) ^ (x2 * y3) ^ (x3 * y2);
  const z2 = (x0 * y2) ^ (x1 * y1) ^ (x2 * y0) ^ (x3 * y3);
  const z3 = (x0 * y3) ^ (x1 * y2) ^ (x2 * y1) ^ (x3 * y0);
  return (z0 & M0) | (z1 & M1) | (z2 & M2) | (z3 & M3);
}

// The nibbles of a byte, reversed and in each other's place.
const REVERSE_LOW: usize = memory.data<u8>([0x00, 0x80, 0x40, 0xc0, 0x20, 0xa0, 0x60, 0xe0, 0x10, 0x90, 0x50, 0xd0, 0x30, 0xb0, 0x70, 0xf0], 16);
const REVERSE_HIGH: usize = memory.data<u8>([0x0, 0x8, 0x4, 0xc, 0x2, 0xa, 0x6, 0xe, 0x1, 0x9, 0x5, 0xd, 0x3, 0xb, 0x7, 0xf], 16);
const REVERSE: usize = memory.data<u8>([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 16);
const NIBBLE: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);

/** Each byte with its bits in reverse order. */
// @ts-ignore: decorator
@inline function reverseBits(v: v128): v128 {
  const nibble = v128.load(NIBBLE), low = v128.load(REVERSE_LOW), high = v128.load(REVERSE_HIGH);
  return v128.or(
    v128.swizzle(low, v128.and(v, nibble)),
    v128.swizzle(high, v128.and(v128.shr<u32>(v, 4), nibble)),
  );
}

// @ts-ignore: decorator
@inline function reverseBytes(v: v128): v128 {
  return v128.swizzle(v, v128.load(REVERSE));
}

function reverse64(x: u64): u64 {
  return v128.extract_lane<u64>(reverseBytes(reverseBits(i64x2.splat(x))), 0);
}

/** `sum = (sum + block 1) H^count + block 2 H^(count - 1) + ... + block count H`, for a `count` of 1 to 4. */
// @ts-ignore: decorator
@inline function absorb(data: usize, count: i32): void {
  let z0: u64 = 0, z1: u64 = 0, z2: u64 = 0, w0: u64 = 0, w1: u64 = 0, w2: u64 = 0;
  let sum = v128.load(SUM);
  let power = GHASH_KEY + POWER * (count - 1);
  for (; count > 0; count--) {
    const block = v128.xor(v128.load(data), sum);
    const forward = reverseBytes(block), backward = reverseBits(block);
    // Block bytes are the polynomial with its coefficients in reverse: x is the big-endian number that they are, and what
    // the products lack of a proper reversal is made up for by a shift below.
    const x0 = v128.extract_lane<u64>(forward, 0), x1 = v128.extract_lane<u64>(forward, 1);
    const r0 = v128.extract_lane<u64>(backward, 1), r1 = v128.extract_lane<u64>(backward, 0);
    z0 ^= product(x0, power);
    z1 ^= product(x1, power + 32);
    z2 ^= product(x0 ^ x1, power + 64);
    w0 ^= product(r0, power + 96);
    w1 ^= product(r1, power + 128);
    w2 ^= product(r0 ^ r1, power + 160);
    sum = i64x2.splat(0);
    data += 16;
    power -= POWER;
  }
  z2 ^= z0 ^ z1;
  w2 ^= w0 ^ w1;
  const w = reverseBits(v128.shuffle<u8>(
    i64x2.replace_lane(i64x2.splat(w0), 1, w1),
    i64x2.splat(0),
    7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,
  ));
  w0 = v128.extract_lane<u64>(w, 0) >> 1;
  w1 = v128.extract_lane<u64>(w, 1) >> 1;
  w2 = reverse64(w2) >> 1;
  // The 255-bit product, shifted left by one, as four words.
  let v0 = z0, v1 = w0 ^ z2, v2 = z1 ^ w2, v3 = w1;
  v3 = v3 << 1 | v2 >> 63;
  v2 = v2 << 1 | v1 >> 63;
  v1 = v1 << 1 | v0 >> 63;
  v0 = v0 << 1;
  // Modulo x^128 + x^7 + x^2 + x + 1, in reverse.
  v2 ^= v0 ^ v0 >> 1 ^ v0 >> 2 ^ v0 >> 7;
  v1 ^= v0 << 63 ^ v0 << 62 ^ v0 << 57;
  v3 ^= v1 ^ v1 >> 1 ^ v1 >> 2 ^ v1 >> 7;
  v2 ^= v1 << 63 ^ v1 << 62 ^ v1 << 57;
  v128.store(SUM, reverseBytes(i64x2.replace_lane(i64x2.splat(v2), 1, v3)));
}

export function ghashReset(): void {
  v128.store(SUM, i64x2.splat(0));
}

/** The running sum. */
export function ghashSum(): v128 {
  return v128.load(SUM);
}

/** Absorbs four blocks. */
export function ghash4(data: usize): void {
  absorb(data, 4);
}

/** Absorbs `length` bytes, padded with zeros to a block. May overwrite up to 15 bytes after them. */
export function ghash(data: usize, length: i32): void {
  const rest = length & 15;
  if (rest > 0) memory.fill(data + length, 0, 16 - rest);
  let blocks = (length + 15) >> 4;
  for (; blocks >= 4; blocks -= 4) {
    ghash4(data);
    data += 64;
  }
  for (; blocks > 0; blocks--) {
    absorb(data, 1);
    data += 16;
  }
}

function storeParts(to: usize, x: u64): void {
  store<u64>(to, x & M0);
  store<u64>(to, x & M1, 8);
  store<u64>(to, x & M2, 16);
  store<u64>(to, x & M3, 24);
}

/** Stores the block `h` as the operands of one power. */
function storePower(to: usize, h: v128): void {
  const forward = reverseBytes(h), backward = reverseBits(h);
  const h0 = v128.extract_lane<u64>(forward, 0), h1 = v128.extract_lane<u64>(forward, 1);
  const r0 = v128.extract_lane<u64>(backward, 1), r1 = v128.extract_lane<u64>(backward, 0);
  storeParts(to, h0);
  storeParts(to + 32, h1);
  storeParts(to + 64, h0 ^ h1);
  storeParts(to + 96, r0);
  storeParts(to + 128, r1);
  storeParts(to + 160, r0 ^ r1);
}

/** Prepares H, H^2, H^3 and H^4 from the block H at BLOCK, which is wiped. */
export function ghashKey(): void {
  storePower(GHASH_KEY, v128.load(BLOCK));
  ghashReset();
  for (let i: usize = 1; i < 4; i++) {
    // H^(i + 1) = (H^i + 0) H
    absorb(BLOCK, 1);
    storePower(GHASH_KEY + POWER * i, v128.load(SUM));
    v128.store(BLOCK, i64x2.splat(0));
  }
}
