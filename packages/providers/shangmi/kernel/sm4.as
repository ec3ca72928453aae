// SM4 (GB/T 32907-2016) on four blocks at a time, one word of each block in the lanes of a vector. The S-box is computed
// with 16-entry tables that are loaded whole and looked up in vector registers (`i8x16.swizzle`): constant time.
// `tools/sm4_nibble_tables.ts` derives the tables and tells how they work.
import { BLOCK, KEY } from "./memory";

/** Results of `encrypt4` and `encrypt8`, block after block. */
export const OUT: usize = memory.data(128, 16);

const INPUT_LOW: usize = memory.data<u8>([0x55, 0x8c, 0x8a, 0x53, 0x3d, 0xe4, 0xe2, 0x3b, 0x15, 0xcc, 0xca, 0x13, 0x7d, 0xa4, 0xa2, 0x7b], 16);
const INPUT_HIGH: usize = memory.data<u8>([0x00, 0xd6, 0x4b, 0x9d, 0x79, 0xaf, 0x32, 0xe4, 0xb0, 0x66, 0xfb, 0x2d, 0xc9, 0x1f, 0x82, 0x54], 16);
const INVERSE: usize = memory.data<u8>([0x80, 0x01, 0x09, 0x0e, 0x0d, 0x0b, 0x07, 0x06, 0x0f, 0x02, 0x0c, 0x05, 0x0a, 0x04, 0x03, 0x08], 16);
const A_OVER: usize = memory.data<u8>([0x80, 0x02, 0x01, 0x0f, 0x09, 0x05, 0x0e, 0x0c, 0x0d, 0x04, 0x0b, 0x0a, 0x07, 0x08, 0x06, 0x03], 16);
const OUTPUT_IO: usize = memory.data<u8>([0x00, 0x63, 0x37, 0xe1, 0xef, 0x5a, 0xd6, 0xb5, 0x82, 0x6d, 0x8c, 0xbb, 0x39, 0xd8, 0x0e, 0x54], 16);
const OUTPUT_JO: usize = memory.data<u8>([0x00, 0x6e, 0x22, 0x50, 0xf8, 0xe4, 0x72, 0x1c, 0x3e, 0xc6, 0x96, 0xb4, 0x8a, 0xda, 0xa8, 0x4c], 16);

// Words have their first byte on top, and lanes their last.
const SWAP: usize = memory.data<u8>([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12], 16);
const ROTATE_8: usize = memory.data<u8>([3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14], 16);
const ROTATE_16: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13], 16);
const ROTATE_24: usize = memory.data<u8>([1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12], 16);
const NIBBLE: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);

/**
 * Constants are loaded where they are used: V8 makes a `v128.const` anew in every round of a loop, which takes more time than
 * a load from an address that is always the same.
 */
// @ts-ignore: decorator
@inline function lookUp(table: usize, indexes: v128): v128 {
  return v128.swizzle(v128.load(table), indexes);
}

/** The S-box on 16 bytes, without the constant 0xd3 that it ends with. */
// @ts-ignore: decorator
@inline function tau(t: v128): v128 {
  const nibble = v128.load(NIBBLE);
  const x = v128.xor(
    lookUp(INPUT_LOW, v128.and(t, nibble)),
    lookUp(INPUT_HIGH, v128.and(v128.shr<u32>(t, 4), nibble)),
  );
  const k = v128.and(x, nibble);
  const i = v128.and(v128.shr<u32>(x, 4), nibble);
  const j = v128.xor(i, k);
  const ak = lookUp(A_OVER, k);
  const io = v128.xor(lookUp(INVERSE, v128.xor(lookUp(INVERSE, i), ak)), j);
  const jo = v128.xor(lookUp(INVERSE, v128.xor(lookUp(INVERSE, j), ak)), i);
  return v128.xor(lookUp(OUTPUT_IO, io), lookUp(OUTPUT_JO, jo));
}

/** The round transformation T on four words, up to the constant. */
// @ts-ignore: decorator
@inline function round(x0: v128, x1: v128, x2: v128, x3: v128, key: usize): v128 {
  const s = tau(v128.xor(v128.xor(v128.xor(x2, x3), v128.load_splat<u32>(key)), x1));
  const r8 = v128.swizzle(s, v128.load(ROTATE_8));
  const r16 = v128.swizzle(s, v128.load(ROTATE_16));
  const r24 = v128.swizzle(s, v128.load(ROTATE_24));
  // B + (B <<< 2) + (B <<< 10) + (B <<< 18) + (B <<< 24)
  const u = v128.xor(v128.xor(s, r8), r16);
  const r2 = v128.or(v128.shl<u32>(u, 2), v128.shr<u32>(u, 30));
  return v128.xor(v128.xor(v128.xor(x0, s), r24), r2);
}

// @ts-ignore: decorator
@inline function byteSwap(v: v128): v128 {
  return v128.swizzle(v, v128.load(SWAP));
}

/** Stores four blocks whose words are in the lanes of `x0` (first words) to `x3`. */
// @ts-ignore: decorator
@inline function storeTransposed(to: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const a = v128.shuffle<u32>(x0, x1, 0, 4, 1, 5), b = v128.shuffle<u32>(x2, x3, 0, 4, 1, 5);
  const c = v128.shuffle<u32>(x0, x1, 2, 6, 3, 7), d = v128.shuffle<u32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, byteSwap(v128.shuffle<u64>(a, b, 0, 2)));
  v128.store(to, byteSwap(v128.shuffle<u64>(a, b, 1, 3)), 16);
  v128.store(to, byteSwap(v128.shuffle<u64>(c, d, 0, 2)), 32);
  v128.store(to, byteSwap(v128.shuffle<u64>(c, d, 1, 3)), 48);
}

function cipher4(x0: v128, x1: v128, x2: v128, x3: v128): void {
  for (let key = KEY; key < KEY + 128; key += 16) {
    x0 = round(x0, x1, x2, x3, key);
    x1 = round(x1, x2, x3, x0, key + 4);
    x2 = round(x2, x3, x0, x1, key + 8);
    x3 = round(x3, x0, x1, x2, key + 12);
  }
  storeTransposed(OUT, x3, x2, x1, x0);
}

/** Encrypts two blocks, `a` and `b`, to OUT and OUT + 16. */
export function encrypt2(a: v128, b: v128): void {
  a = byteSwap(a);
  b = byteSwap(b);
  cipher4(
    v128.shuffle<u32>(a, b, 0, 4, 0, 4),
    v128.shuffle<u32>(a, b, 1, 5, 1, 5),
    v128.shuffle<u32>(a, b, 2, 6, 2, 6),
    v128.shuffle<u32>(a, b, 3, 7, 3, 7),
  );
}

/** Encrypts four counter blocks: the words `n0`, `n1`, `n2` and then `counter`, `counter` + 1, ... */
export function counter4(n0: u32, n1: u32, n2: u32, counter: u32): void {
  cipher4(
    i32x4.splat(n0),
    i32x4.splat(n1),
    i32x4.splat(n2),
    v128.add<u32>(i32x4.splat(counter), i32x4(0, 1, 2, 3)),
  );
}

/** Encrypts eight counter blocks. Two independent groups of four keep the processor's ports busy. */
export function counter8(n0: u32, n1: u32, n2: u32, counter: u32): void {
  let a0 = i32x4.splat(n0), a1 = i32x4.splat(n1), a2 = i32x4.splat(n2);
  let b0 = a0, b1 = a1, b2 = a2;
  let a3 = v128.add<u32>(i32x4.splat(counter), i32x4(0, 1, 2, 3));
  let b3 = v128.add<u32>(i32x4.splat(counter), i32x4(4, 5, 6, 7));
  for (let key = KEY; key < KEY + 128; key += 16) {
    a0 = round(a0, a1, a2, a3, key);
    b0 = round(b0, b1, b2, b3, key);
    a1 = round(a1, a2, a3, a0, key + 4);
    b1 = round(b1, b2, b3, b0, key + 4);
    a2 = round(a2, a3, a0, a1, key + 8);
    b2 = round(b2, b3, b0, b1, key + 8);
    a3 = round(a3, a0, a1, a2, key + 12);
    b3 = round(b3, b0, b1, b2, key + 12);
  }
  storeTransposed(OUT, a3, a2, a1, a0);
  storeTransposed(OUT + 64, b3, b2, b1, b0);
}

// @ts-ignore: decorator
@inline function scheduleRound(k0: u32, k1: u32, k2: u32, k3: u32, i: i32): u32 {
  // CK_i: the bytes (4i + j) * 7 mod 256
  let ck: u32 = 0;
  for (let j = 0; j < 4; j++) ck = ck << 8 | (((4 * i + j) * 7) & 255);
  const s: u32 = v128.extract_lane<u32>(tau(i32x4.splat(k1 ^ k2 ^ k3 ^ ck)), 0) ^ 0xd3d3d3d3;
  return k0 ^ s ^ rotl(s, 13) ^ rotl(s, 23);
}

/** Expands the 16-byte key at BLOCK to the round keys at KEY. */
export function sm4Key(): void {
  let k0 = bswap(load<u32>(BLOCK)) ^ 0xa3b1bac6;
  let k1 = bswap(load<u32>(BLOCK, 4)) ^ 0x56aa3350;
  let k2 = bswap(load<u32>(BLOCK, 8)) ^ 0x677d9197;
  let k3 = bswap(load<u32>(BLOCK, 12)) ^ 0xb27022dc;
  for (let i = 0; i < 32; i += 4) {
    k0 = scheduleRound(k0, k1, k2, k3, i);
    k1 = scheduleRound(k1, k2, k3, k0, i + 1);
    k2 = scheduleRound(k2, k3, k0, k1, i + 2);
    k3 = scheduleRound(k3, k0, k1, k2, i + 3);
    // In encryption `tau` leaves out 0xd3, so every word lacks L(0xd3d3d3d3) = 0x4f4f4f4f, and the word four places on lacks
    // it twice, which is nothing. So the words of every other group of four are off by it; where an odd number of
    // those goes into a round, the round key makes up for it. The last four words are not off.
    const off: u32 = (i >> 2) & 1 ? 0x4f4f4f4f : 0;
    const next: u32 = off ^ 0x4f4f4f4f;
    store<u32>(KEY + (i << 2), k0 ^ off);
    store<u32>(KEY + (i << 2), k1 ^ next, 4);
    store<u32>(KEY + (i << 2), k2 ^ off, 8);
    store<u32>(KEY + (i << 2), k3 ^ next, 12);
  }
}

/** Encrypts the block at BLOCK in place. */
export function sm4Block(): void {
  const x = v128.load(BLOCK);
  encrypt2(x, x);
  v128.store(BLOCK, v128.load(OUT));
}
