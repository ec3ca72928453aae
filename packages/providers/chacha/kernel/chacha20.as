// ChaCha20 (RFC 8439 section 2.3), four blocks at once: lane i of vector w is word w of block i. No branch and no address depends
// on the key or the text.
import { KEY } from "./memory";

// @ts-ignore: decorator
@inline function rotl(x: v128, n: i32): v128 {
  return v128.or(i32x4.shl(x, n), i32x4.shr_u(x, 32 - n));
}
// @ts-ignore: decorator
@inline function rotl16(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}
// @ts-ignore: decorator
@inline function rotl8(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
}

/** XORs four words of each of four blocks, given by word, into the text at `at`. */
// @ts-ignore: decorator
@inline function xorWords(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  xor(at, v128.shuffle<i64>(ab, cd, 0, 2));
  xor(at + 64, v128.shuffle<i64>(ab, cd, 1, 3));
  xor(at + 128, v128.shuffle<i64>(ab2, cd2, 0, 2));
  xor(at + 192, v128.shuffle<i64>(ab2, cd2, 1, 3));
}
// @ts-ignore: decorator
@inline function xor(at: usize, x: v128): void {
  v128.store(at, v128.xor(v128.load(at), x));
}

/** XORs the key stream blocks `counter` to `counter + 3` into the 256 bytes at `at`. */
export function xorBlocks(at: usize, counter: u32): void {
  const s0 = i32x4.splat(0x61707865), s1 = i32x4.splat(0x3320646e), s2 = i32x4.splat(0x79622d32), s3 = i32x4.splat(0x6b206574);
  const s4 = v128.load_splat<u32>(KEY, 0), s5 = v128.load_splat<u32>(KEY, 4);
  const s6 = v128.load_splat<u32>(KEY, 8), s7 = v128.load_splat<u32>(KEY, 12);
  const s8 = v128.load_splat<u32>(KEY, 16), s9 = v128.load_splat<u32>(KEY, 20);
  const s10 = v128.load_splat<u32>(KEY, 24), s11 = v128.load_splat<u32>(KEY, 28);
  const s12 = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3)), s13 = v128.load_splat<u32>(KEY, 32);
  const s14 = v128.load_splat<u32>(KEY, 36), s15 = v128.load_splat<u32>(KEY, 40);
  let x0 = s0, x1 = s1, x2 = s2, x3 = s3, x4 = s4, x5 = s5, x6 = s6, x7 = s7;
  let x8 = s8, x9 = s9, x10 = s10, x11 = s11, x12 = s12, x13 = s13, x14 = s14, x15 = s15;
  for (let i = 0; i < 10; i++) {
    // RFC 8439 section 2.3: the quarter rounds of the columns, each step for all four.
    x0 = i32x4.add(x0, x4); x1 = i32x4.add(x1, x5); x2 = i32x4.add(x2, x6); x3 = i32x4.add(x3, x7);
    x12 = rotl16(v128.xor(x12, x0)); x13 = rotl16(v128.xor(x13, x1));
    x14 = rotl16(v128.xor(x14, x2)); x15 = rotl16(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12); x9 = i32x4.add(x9, x13); x10 = i32x4.add(x10, x14); x11 = i32x4.add(x11, x15);
    x4 = rotl(v128.xor(x4, x8), 12); x5 = rotl(v128.xor(x5, x9), 12);
    x6 = rotl(v128.xor(x6, x10), 12); x7 = rotl(v128.xor(x7, x11), 12);
    x0 = i32x4.add(x0, x4); x1 = i32x4.add(x1, x5); x2 = i32x4.add(x2, x6); x3 = i32x4.add(x3, x7);
    x12 = rotl8(v128.xor(x12, x0)); x13 = rotl8(v128.xor(x13, x1));
    x14 = rotl8(v128.xor(x14, x2)); x15 = rotl8(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12); x9 = i32x4.add(x9, x13); x10 = i32x4.add(x10, x14); x11 = i32x4.add(x11, x15);
    x4 = rotl(v128.xor(x4, x8), 7); x5 = rotl(v128.xor(x5, x9), 7);
    x6 = rotl(v128.xor(x6, x10), 7); x7 = rotl(v128.xor(x7, x11), 7);
    // RFC 8439 section 2.3: the quarter rounds of the diagonals, each step for all four.
    x0 = i32x4.add(x0, x5); x1 = i32x4.add(x1, x6); x2 = i32x4.add(x2, x7); x3 = i32x4.add(x3, x4);
    x15 = rotl16(v128.xor(x15, x0)); x12 = rotl16(v128.xor(x12, x1));
    x13 = rotl16(v128.xor(x13, x2)); x14 = rotl16(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15); x11 = i32x4.add(x11, x12); x8 = i32x4.add(x8, x13); x9 = i32x4.add(x9, x14);
    x5 = rotl(v128.xor(x5, x10), 12); x6 = rotl(v128.xor(x6, x11), 12);
    x7 = rotl(v128.xor(x7, x8), 12); x4 = rotl(v128.xor(x4, x9), 12);
    x0 = i32x4.add(x0, x5); x1 = i32x4.add(x1, x6); x2 = i32x4.add(x2, x7); x3 = i32x4.add(x3, x4);
    x15 = rotl8(v128.xor(x15, x0)); x12 = rotl8(v128.xor(x12, x1));
    x13 = rotl8(v128.xor(x13, x2)); x14 = rotl8(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15); x11 = i32x4.add(x11, x12); x8 = i32x4.add(x8, x13); x9 = i32x4.add(x9, x14);
    x5 = rotl(v128.xor(x5, x10), 7); x6 = rotl(v128.xor(x6, x11), 7);
    x7 = rotl(v128.xor(x7, x8), 7); x4 = rotl(v128.xor(x4, x9), 7);
  }
  xorWords(at, i32x4.add(x0, s0), i32x4.add(x1, s1), i32x4.add(x2, s2), i32x4.add(x3, s3));
  xorWords(at + 16, i32x4.add(x4, s4), i32x4.add(x5, s5), i32x4.add(x6, s6), i32x4.add(x7, s7));
  xorWords(at + 32, i32x4.add(x8, s8), i32x4.add(x9, s9), i32x4.add(x10, s10), i32x4.add(x11, s11));
  xorWords(at + 48, i32x4.add(x12, s12), i32x4.add(x13, s13), i32x4.add(x14, s14), i32x4.add(x15, s15));
}
