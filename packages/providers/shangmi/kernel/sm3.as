// SM3 compression (GB/T 32905-2016 section 5.3). Additions, rotations and bitwise functions only: constant time.
import { IO, SM3_STATE } from "./memory";

/** The expanded message W_0..W_67. */
const W: usize = memory.data(4 * 68, 16);

// @ts-ignore: decorator
@inline function p0(x: u32): u32 { return x ^ rotl(x, 9) ^ rotl(x, 17); }
// @ts-ignore: decorator
@inline function p1(x: u32): u32 { return x ^ rotl(x, 15) ^ rotl(x, 23); }
/** W_j for j = 16.., of which `at` is the address of W_(j - 16). */
// @ts-ignore: decorator
@inline function expand(w0: u32, w3: u32, w6: u32, w7: u32, w10: u32, w13: u32): u32 {
  return p1(w0 ^ w7 ^ rotl(w13, 15)) ^ rotl(w3, 7) ^ w10;
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
    for (let at = W; at < W + 4 * 52; at += 16) {
      store<u32>(at, expand(load<u32>(at, 0), load<u32>(at, 12), load<u32>(at, 24), load<u32>(at, 28), load<u32>(at, 40), load<u32>(at, 52)), 64);
      store<u32>(at, expand(load<u32>(at, 4), load<u32>(at, 16), load<u32>(at, 28), load<u32>(at, 32), load<u32>(at, 44), load<u32>(at, 56)), 68);
      store<u32>(at, expand(load<u32>(at, 8), load<u32>(at, 20), load<u32>(at, 32), load<u32>(at, 36), load<u32>(at, 48), load<u32>(at, 60)), 72);
      store<u32>(at, expand(load<u32>(at, 12), load<u32>(at, 24), load<u32>(at, 36), load<u32>(at, 40), load<u32>(at, 52), load<u32>(at, 64)), 76);
    }
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    let t = T0;
    // Four rounds at a time: the registers come back to their places with new names, so nothing is moved.
    for (let at = W; at < W + 64; at += 16) {
      let r: u32 = rotl(a, 12), ss: u32 = rotl(r + e + t, 7);
      d = (a ^ b ^ c) + d + (ss ^ r) + (load<u32>(at) ^ load<u32>(at, 16));
      h = p0((e ^ f ^ g) + h + ss + load<u32>(at));
      b = rotl(b, 9); f = rotl(f, 19); t = rotl(t, 1);
      r = rotl(d, 12); ss = rotl(r + h + t, 7);
      c = (d ^ a ^ b) + c + (ss ^ r) + (load<u32>(at, 4) ^ load<u32>(at, 20));
      g = p0((h ^ e ^ f) + g + ss + load<u32>(at, 4));
      a = rotl(a, 9); e = rotl(e, 19); t = rotl(t, 1);
      r = rotl(c, 12); ss = rotl(r + g + t, 7);
      b = (c ^ d ^ a) + b + (ss ^ r) + (load<u32>(at, 8) ^ load<u32>(at, 24));
      f = p0((g ^ h ^ e) + f + ss + load<u32>(at, 8));
      d = rotl(d, 9); h = rotl(h, 19); t = rotl(t, 1);
      r = rotl(b, 12); ss = rotl(r + f + t, 7);
      a = (b ^ c ^ d) + a + (ss ^ r) + (load<u32>(at, 12) ^ load<u32>(at, 28));
      e = p0((f ^ g ^ h) + e + ss + load<u32>(at, 12));
      c = rotl(c, 9); g = rotl(g, 19); t = rotl(t, 1);
    }
    t = rotl(T1, 16);
    for (let at = W + 64; at < W + 256; at += 16) {
      let r: u32 = rotl(a, 12), ss: u32 = rotl(r + e + t, 7);
      d = ((a & b) | (c & (a | b))) + d + (ss ^ r) + (load<u32>(at) ^ load<u32>(at, 16));
      h = p0((g ^ (e & (f ^ g))) + h + ss + load<u32>(at));
      b = rotl(b, 9); f = rotl(f, 19); t = rotl(t, 1);
      r = rotl(d, 12); ss = rotl(r + h + t, 7);
      c = ((d & a) | (b & (d | a))) + c + (ss ^ r) + (load<u32>(at, 4) ^ load<u32>(at, 20));
      g = p0((f ^ (h & (e ^ f))) + g + ss + load<u32>(at, 4));
      a = rotl(a, 9); e = rotl(e, 19); t = rotl(t, 1);
      r = rotl(c, 12); ss = rotl(r + g + t, 7);
      b = ((c & d) | (a & (c | d))) + b + (ss ^ r) + (load<u32>(at, 8) ^ load<u32>(at, 24));
      f = p0((e ^ (g & (h ^ e))) + f + ss + load<u32>(at, 8));
      d = rotl(d, 9); h = rotl(h, 19); t = rotl(t, 1);
      r = rotl(b, 12); ss = rotl(r + f + t, 7);
      a = ((b & c) | (d & (b | c))) + a + (ss ^ r) + (load<u32>(at, 12) ^ load<u32>(at, 28));
      e = p0((h ^ (f & (g ^ h))) + e + ss + load<u32>(at, 12));
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

/** Sets the state to the initial value (GB/T 32905 section 4.1). */
export function sm3Reset(): void {
  store<u32>(SM3_STATE, 0x7380166f); store<u32>(SM3_STATE, 0x4914b2b9, 4);
  store<u32>(SM3_STATE, 0x172442d7, 8); store<u32>(SM3_STATE, 0xda8a0600, 12);
  store<u32>(SM3_STATE, 0xa96f30bc, 16); store<u32>(SM3_STATE, 0x163138aa, 20);
  store<u32>(SM3_STATE, 0xe38dee4d, 24); store<u32>(SM3_STATE, 0xb0fb0e4e, 28);
}

/**
 * Ends a message of `length` bytes of which the last `length` mod 64 are at `data`: the digest is left in the state's place.
 * The 128 bytes from `data` on are overwritten.
 */
export function sm3Finish(data: usize, length: f64): void {
  const total = <u64>length;
  const filled = <i32>(total & 63);
  const end = filled < 56 ? 64 : 128;
  // GB/T 32905 section 5.2: a one, zeros, and the length in bits as 64 bits.
  store<u8>(data + filled, 0x80);
  memory.fill(data + filled + 1, 0, end - filled - 1);
  store<u64>(data + end - 8, bswap(total << 3));
  sm3Blocks(data, end >> 6);
  for (let i: usize = 0; i < 32; i += 4) {
    store<u32>(SM3_STATE + i, bswap(load<u32>(SM3_STATE + i)));
  }
}

const OUTER: usize = memory.data(64, 16);

/** The message at IO, `length` bytes with room for 128 more after them. */
function digest(length: i32): void {
  sm3Reset();
  sm3Blocks(IO, length >> 6);
  sm3Finish(IO + (length & ~63), length);
}

/**
 * HMAC (RFC 2104) with the key at IO, of `keyLength` <= 64 bytes, over the `length` bytes at IO + 64; there has to be room
 * for 128 more after them. The result is left in the state's place, and the input is wiped.
 */
export function sm3Hmac(keyLength: i32, length: i32): void {
  memory.fill(IO + keyLength, 0, 64 - keyLength);
  for (let i: usize = 0; i < 64; i += 8) {
    const key = load<u64>(IO + i);
    store<u64>(IO + i, key ^ 0x3636363636363636);
    store<u64>(OUTER + i, key ^ 0x5c5c5c5c5c5c5c5c);
  }
  digest(64 + length);
  memory.copy(IO, OUTER, 64);
  memory.copy(IO + 64, SM3_STATE, 32);
  digest(96);
  memory.fill(OUTER, 0, 64);
  memory.fill(IO, 0, 192 + length);
}
