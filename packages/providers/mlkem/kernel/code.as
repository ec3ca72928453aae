// Polynomials as bytes (FIPS 203 section 4.2.1), and from random bytes (section 4.2.2). Coefficients are of 0..q-1 unless said
// otherwise. But for `sampleUniform`, whose input is public, no branch and no address depends on a coefficient, and there is no
// division, whose time might.
import { Q } from "./constants";
import { absorb, permute, RATE_128, SHAKE, STATE } from "./keccak";
import { POLY } from "./poly";

/** 2^40 / q, rounded up: multiplying by it divides numbers below 2^23 exactly. */
const Q_RECIPROCAL: u64 = 330282857;

/** 384 bytes: 12 bits a coefficient. */
export function encode12(to: usize, f: usize): void {
  for (let i: usize = 0; i < POLY; i += 4, to += 3) {
    const pair = <u32>load<u16>(f + i) | (<u32>load<u16>(f + i, 2) << 12);
    store<u16>(to, <u16>pair);
    store<u8>(to, <u8>(pair >> 16), 2);
  }
}

/** The coefficients of 384 bytes, of 0..4095. `false` if one is not below q (FIPS 203 section 7.2). */
export function decode12(f: usize, from: usize): bool {
  let over: i32 = 0;
  for (let i: usize = 0; i < POLY; i += 4, from += 3) {
    const pair = <u32>load<u16>(from) | (<u32>load<u8>(from, 2) << 16);
    const low = <i32>(pair & 0xfff), high = <i32>(pair >> 12);
    over |= (Q - 1 - low) | (Q - 1 - high);
    store<u16>(f + i, <u16>low);
    store<u16>(f + i, <u16>high, 2);
  }
  return over >= 0;
}

/** Compress and ByteEncode of `d` bits (4.7): 32 d bytes. */
export function compress(to: usize, f: usize, d: i32): void {
  let bits: u64 = 0, count = 0;
  for (let i: usize = 0; i < POLY; i += 2) {
    const x = (<u64>load<u16>(f + i) << d) + <u64>(Q >> 1);
    bits |= (((x * Q_RECIPROCAL) >> 40) & ((1 << d) - 1)) << count;
    count += d;
    while (count >= 8) {
      store<u8>(to, <u8>bits);
      to++;
      bits >>= 8;
      count -= 8;
    }
  }
}

/** ByteDecode and Decompress of `d` bits (4.8). */
export function decompress(f: usize, from: usize, d: i32): void {
  let bits: u32 = 0, count = 0;
  for (let i: usize = 0; i < POLY; i += 2) {
    while (count < d) {
      bits |= <u32>load<u8>(from) << count;
      from++;
      count += 8;
    }
    store<u16>(f + i, <u16>(((bits & ((1 << d) - 1)) * Q + (1 << (d - 1))) >> d));
    bits >>= d;
    count -= d;
  }
}

/** Algorithm 7, SampleNTT, from the 34 bytes at `seed`. */
export function sampleUniform(f: usize, seed: usize): void {
  absorb(RATE_128, SHAKE, seed, 34);
  const end = f + POLY;
  for (;;) {
    for (let at: usize = STATE; at < STATE + 168; at += 3) {
      const bits = <u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16);
      const low = bits & 0xfff, high = bits >> 12;
      if (low < <u32>Q) {
        store<u16>(f, <u16>low);
        f += 2;
        if (f == end) return;
      }
      if (high < <u32>Q) {
        store<u16>(f, <u16>high);
        f += 2;
        if (f == end) return;
      }
    }
    permute();
  }
}

/** Algorithm 8, SamplePolyCBD with eta = 2, from 128 bytes; coefficients of -2..2. */
export function sampleNarrow2(f: usize, from: usize): void {
  for (let end = from + 128; from < end; from += 4) {
    const word = load<u32>(from);
    const sums = (word & 0x55555555) + ((word >> 1) & 0x55555555);
    for (let shift: u32 = 0; shift < 32; shift += 4, f += 2) {
      store<i16>(f, <i16>(((sums >> shift) & 3) - ((sums >> (shift + 2)) & 3)));
    }
  }
}

/** The same with eta = 3, from 192 bytes; coefficients of -3..3. */
export function sampleNarrow3(f: usize, from: usize): void {
  for (let end = from + 192; from < end; from += 3) {
    const word = <u32>load<u16>(from) | (<u32>load<u8>(from, 2) << 16);
    const sums = (word & 0x249249) + ((word >> 1) & 0x249249) + ((word >> 2) & 0x249249);
    for (let shift: u32 = 0; shift < 24; shift += 6, f += 2) {
      store<i16>(f, <i16>(((sums >> shift) & 7) - ((sums >> (shift + 3)) & 7)));
    }
  }
}

/** The 32 bytes of a message as coefficients of 0 or (q + 1) / 2. */
export function messageToPoly(f: usize, message: usize): void {
  for (let i: usize = 0; i < 256; i++) {
    const bit = (<i32>load<u8>(message + (i >> 3)) >> <i32>(i & 7)) & 1;
    store<i16>(f + 2 * i, <i16>(-bit & ((Q + 1) / 2)));
  }
}
