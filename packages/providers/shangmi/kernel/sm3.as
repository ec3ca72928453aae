// SM3 compression (GB/T 32905-2016 section 5.3). Additions, rotations and bitwise functions only: constant time.
import { SM3_STATE } from "./memory";

/** The expanded message W_0..W_67. */
const W: usize = memory.data(4 * 68, 16);

// @ts-ignore: decorator
@inline function p0(x: u32): u32 { return x ^ rotl(x, 9) ^ rotl(x, 17); }
// @ts-ignore: decorator
@inline function p1(x: u32): u32 { return x ^ rotl(x, 15) ^ rotl(x, 23); }
// @ts-ignore: decorator
@inline function w(j: i32): u32 { return load<u32>(W + (j << 2)); }
// @ts-ignore: decorator
@inline function expand(j: i32): void {
  const x = p1(w(j - 16) ^ w(j - 9) ^ rotl(w(j - 3), 15)) ^ rotl(w(j - 13), 7) ^ w(j - 6);
  store<u32>(W + (j << 2), x);
}

const T0: u32 = 0x79cc4519;
const T1: u32 = 0x7a879d8a;

/** Compresses `count` blocks that begin at `data` into the state. */
export function sm3Blocks(data: usize, count: i32): void {
  let s0 = load<u32>(SM3_STATE), s1 = load<u32>(SM3_STATE, 4);
  let s2 = load<u32>(SM3_STATE, 8), s3 = load<u32>(SM3_STATE, 12);
  let s4 = load<u32>(SM3_STATE, 16), s5 = load<u32>(SM3_STATE, 20);
  let s6 = load<u32>(SM3_STATE, 24), s7 = load<u32>(SM3_STATE, 28);
  while (count > 0) {
    for (let j = 0; j < 64; j += 16) {
      const v = v128.load(data + j);
      v128.store(W + j, v128.shuffle<u8>(v, v, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    }
    for (let j = 16; j < 68; j += 4) {
      expand(j);
      expand(j + 1);
      expand(j + 2);
      expand(j + 3);
    }
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    let t = T0;
    // Four rounds at a time: the registers come back to their places with new names, so nothing is moved.
    for (let j = 0; j < 16; j += 4) {
      let r: u32 = rotl(a, 12), ss: u32 = rotl(r + e + t, 7);
      d = (a ^ b ^ c) + d + (ss ^ r) + (w(j) ^ w(j + 4));
      h = p0((e ^ f ^ g) + h + ss + w(j));
      b = rotl(b, 9); f = rotl(f, 19); t = rotl(t, 1);
      r = rotl(d, 12); ss = rotl(r + h + t, 7);
      c = (d ^ a ^ b) + c + (ss ^ r) + (w(j + 1) ^ w(j + 5));
      g = p0((h ^ e ^ f) + g + ss + w(j + 1));
      a = rotl(a, 9); e = rotl(e, 19); t = rotl(t, 1);
      r = rotl(c, 12); ss = rotl(r + g + t, 7);
      b = (c ^ d ^ a) + b + (ss ^ r) + (w(j + 2) ^ w(j + 6));
      f = p0((g ^ h ^ e) + f + ss + w(j + 2));
      d = rotl(d, 9); h = rotl(h, 19); t = rotl(t, 1);
      r = rotl(b, 12); ss = rotl(r + f + t, 7);
      a = (b ^ c ^ d) + a + (ss ^ r) + (w(j + 3) ^ w(j + 7));
      e = p0((f ^ g ^ h) + e + ss + w(j + 3));
      c = rotl(c, 9); g = rotl(g, 19); t = rotl(t, 1);
    }
    t = rotl(T1, 16);
    for (let j = 16; j < 64; j += 4) {
      let r: u32 = rotl(a, 12), ss: u32 = rotl(r + e + t, 7);
      d = ((a & b) | (c & (a | b))) + d + (ss ^ r) + (w(j) ^ w(j + 4));
      h = p0((g ^ (e & (f ^ g))) + h + ss + w(j));
      b = rotl(b, 9); f = rotl(f, 19); t = rotl(t, 1);
      r = rotl(d, 12); ss = rotl(r + h + t, 7);
      c = ((d & a) | (b & (d | a))) + c + (ss ^ r) + (w(j + 1) ^ w(j + 5));
      g = p0((f ^ (h & (e ^ f))) + g + ss + w(j + 1));
      a = rotl(a, 9); e = rotl(e, 19); t = rotl(t, 1);
      r = rotl(c, 12); ss = rotl(r + g + t, 7);
      b = ((c & d) | (a & (c | d))) + b + (ss ^ r) + (w(j + 2) ^ w(j + 6));
      f = p0((e ^ (g & (h ^ e))) + f + ss + w(j + 2));
      d = rotl(d, 9); h = rotl(h, 19); t = rotl(t, 1);
      r = rotl(b, 12); ss = rotl(r + f + t, 7);
      a = ((b & c) | (d & (b | c))) + a + (ss ^ r) + (w(j + 3) ^ w(j + 7));
      e = p0((h ^ (f & (g ^ h))) + e + ss + w(j + 3));
      c = rotl(c, 9); g = rotl(g, 19); t = rotl(t, 1);
    }
    s0 ^= a; s1 ^= b; s2 ^= c; s3 ^= d; s4 ^= e; s5 ^= f; s6 ^= g; s7 ^= h;
    data += 64;
    count--;
  }
  store<u32>(SM3_STATE, s0); store<u32>(SM3_STATE, s1, 4);
  store<u32>(SM3_STATE, s2, 8); store<u32>(SM3_STATE, s3, 12);
  store<u32>(SM3_STATE, s4, 16); store<u32>(SM3_STATE, s5, 20);
  store<u32>(SM3_STATE, s6, 24); store<u32>(SM3_STATE, s7, 28);
}
