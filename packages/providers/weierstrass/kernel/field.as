// The field of a curve over the integers modulo p, in Montgomery form with R = 2^270. The curve's `curve.as` has its constants:
// p is 2^256 - 2^224 + W192 2^192 + W96 2^96 + W64 2^64 - 1, and each W is 1, 0 or -1.
//
// An element is ten signed 64-bit limbs of 27 bits (80 bytes), not reduced: `add` and `sub` carry nothing. A product makes
// limbs of 0..2^27 again (the top one is small and may be negative). It is exact while
//   10 * max|a_i| * max|b_i| < 2^63 - 2^44, that is, while limbs are at most u * 2^27 and v * 2^27 with u * v <= 50,
// and the callers in `point.as` keep count of u and v. Values may be many times p: R is 2^14 times p, so that a product
// of a and b is less than p + |a * b| / R, which is less than 2p for |a|, |b| < 64p.
//
// No branch and no address depends on a value.
import { ONE, P, P_30, P_30_INVERSE, R2, W192, W64, W96 } from "./curve";
import { from30, invert30, to30 } from "./inverse";

/** Bytes of an element. */
export const FE: usize = 80;
const MASK: i64 = 0x7ffffff;

// @ts-ignore: decorator
@inline function limb(a: usize, i: usize): i64 { return load<i64>(a + 8 * i); }

/** `out = a + b` */
export function add(out: usize, a: usize, b: usize): void {
  store<i64>(out, load<i64>(a, 0) + load<i64>(b, 0), 0);
  store<i64>(out, load<i64>(a, 8) + load<i64>(b, 8), 8);
  store<i64>(out, load<i64>(a, 16) + load<i64>(b, 16), 16);
  store<i64>(out, load<i64>(a, 24) + load<i64>(b, 24), 24);
  store<i64>(out, load<i64>(a, 32) + load<i64>(b, 32), 32);
  store<i64>(out, load<i64>(a, 40) + load<i64>(b, 40), 40);
  store<i64>(out, load<i64>(a, 48) + load<i64>(b, 48), 48);
  store<i64>(out, load<i64>(a, 56) + load<i64>(b, 56), 56);
  store<i64>(out, load<i64>(a, 64) + load<i64>(b, 64), 64);
  store<i64>(out, load<i64>(a, 72) + load<i64>(b, 72), 72);
}

/** `out = a - b` */
export function sub(out: usize, a: usize, b: usize): void {
  store<i64>(out, load<i64>(a, 0) - load<i64>(b, 0), 0);
  store<i64>(out, load<i64>(a, 8) - load<i64>(b, 8), 8);
  store<i64>(out, load<i64>(a, 16) - load<i64>(b, 16), 16);
  store<i64>(out, load<i64>(a, 24) - load<i64>(b, 24), 24);
  store<i64>(out, load<i64>(a, 32) - load<i64>(b, 32), 32);
  store<i64>(out, load<i64>(a, 40) - load<i64>(b, 40), 40);
  store<i64>(out, load<i64>(a, 48) - load<i64>(b, 48), 48);
  store<i64>(out, load<i64>(a, 56) - load<i64>(b, 56), 56);
  store<i64>(out, load<i64>(a, 64) - load<i64>(b, 64), 64);
  store<i64>(out, load<i64>(a, 72) - load<i64>(b, 72), 72);
}

/** `out = 3a`, with limbs of 0..2^27. */
export function triple(out: usize, a: usize): void {
  let c: i64 = 0;
  for (let i: usize = 0; i < 9; i++) {
    c += 3 * limb(a, i);
    store<i64>(out + 8 * i, c & MASK);
    c >>= 27;
  }
  store<i64>(out, c + 3 * load<i64>(a, 72), 72);
}

/** Carries, so that all limbs but the top one are of 0..2^27. */
export function carry(a: usize): void {
  let c: i64 = 0;
  for (let i: usize = 0; i < 9; i++) {
    c += limb(a, i);
    store<i64>(a + 8 * i, c & MASK);
    c >>= 27;
  }
  store<i64>(a, c + load<i64>(a, 72), 72);
}

/** Montgomery reduction of nineteen columns. */
// @ts-ignore: decorator
@inline function reduce(
  out: usize,
  c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64, c9: i64,
  c10: i64, c11: i64, c12: i64, c13: i64, c14: i64, c15: i64, c16: i64, c17: i64, c18: i64,
): void {
  // p = -1 mod 2^27, so the multiple q of p that clears a column is the column itself; q p is shifts, at bits
  // 64 = 2 * 27 + 10, 96 = 3 * 27 + 15, 192 = 7 * 27 + 3, 224 = 8 * 27 + 8 and 256 = 9 * 27 + 13. The products with W are
  // by constants: the compiler leaves a shift, its negative, or nothing.
  let q: i64;
  q = c0 & MASK; c1 += c0 >> 27; c2 += W64 * (q << 10); c3 += W96 * (q << 15);
  c7 += W192 * (q << 3); c8 -= q << 8; c9 += q << 13;
  q = c1 & MASK; c2 += c1 >> 27; c3 += W64 * (q << 10); c4 += W96 * (q << 15);
  c8 += W192 * (q << 3); c9 -= q << 8; c10 += q << 13;
  q = c2 & MASK; c3 += c2 >> 27; c4 += W64 * (q << 10); c5 += W96 * (q << 15);
  c9 += W192 * (q << 3); c10 -= q << 8; c11 += q << 13;
  q = c3 & MASK; c4 += c3 >> 27; c5 += W64 * (q << 10); c6 += W96 * (q << 15);
  c10 += W192 * (q << 3); c11 -= q << 8; c12 += q << 13;
  q = c4 & MASK; c5 += c4 >> 27; c6 += W64 * (q << 10); c7 += W96 * (q << 15);
  c11 += W192 * (q << 3); c12 -= q << 8; c13 += q << 13;
  q = c5 & MASK; c6 += c5 >> 27; c7 += W64 * (q << 10); c8 += W96 * (q << 15);
  c12 += W192 * (q << 3); c13 -= q << 8; c14 += q << 13;
  q = c6 & MASK; c7 += c6 >> 27; c8 += W64 * (q << 10); c9 += W96 * (q << 15);
  c13 += W192 * (q << 3); c14 -= q << 8; c15 += q << 13;
  q = c7 & MASK; c8 += c7 >> 27; c9 += W64 * (q << 10); c10 += W96 * (q << 15);
  c14 += W192 * (q << 3); c15 -= q << 8; c16 += q << 13;
  q = c8 & MASK; c9 += c8 >> 27; c10 += W64 * (q << 10); c11 += W96 * (q << 15);
  c15 += W192 * (q << 3); c16 -= q << 8; c17 += q << 13;
  q = c9 & MASK; c10 += c9 >> 27; c11 += W64 * (q << 10); c12 += W96 * (q << 15);
  c16 += W192 * (q << 3); c17 -= q << 8; c18 += q << 13;
  store<i64>(out, c10 & MASK, 0); c11 += c10 >> 27;
  store<i64>(out, c11 & MASK, 8); c12 += c11 >> 27;
  store<i64>(out, c12 & MASK, 16); c13 += c12 >> 27;
  store<i64>(out, c13 & MASK, 24); c14 += c13 >> 27;
  store<i64>(out, c14 & MASK, 32); c15 += c14 >> 27;
  store<i64>(out, c15 & MASK, 40); c16 += c15 >> 27;
  store<i64>(out, c16 & MASK, 48); c17 += c16 >> 27;
  store<i64>(out, c17 & MASK, 56); c18 += c17 >> 27;
  store<i64>(out, c18 & MASK, 64);
  store<i64>(out, c18 >> 27, 72);
}

/** `out = a b / R` */
export function mul(out: usize, a: usize, b: usize): void {
  const a0 = load<i64>(a, 0), a1 = load<i64>(a, 8), a2 = load<i64>(a, 16), a3 = load<i64>(a, 24), a4 = load<i64>(a, 32);
  const a5 = load<i64>(a, 40), a6 = load<i64>(a, 48), a7 = load<i64>(a, 56), a8 = load<i64>(a, 64), a9 = load<i64>(a, 72);
  const b0 = load<i64>(b, 0), b1 = load<i64>(b, 8), b2 = load<i64>(b, 16), b3 = load<i64>(b, 24), b4 = load<i64>(b, 32);
  const b5 = load<i64>(b, 40), b6 = load<i64>(b, 48), b7 = load<i64>(b, 56), b8 = load<i64>(b, 64), b9 = load<i64>(b, 72);
  reduce(
    out,
    a0 * b0,
    a0 * b1 + a1 * b0,
    a0 * b2 + a1 * b1 + a2 * b0,
    a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
    a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
    a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
    a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0,
    a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0,
    a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0,
    a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + a9 * b0,
    a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + a9 * b1,
    a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + a9 * b2,
    a3 * b9 + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + a9 * b3,
    a4 * b9 + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + a9 * b4,
    a5 * b9 + a6 * b8 + a7 * b7 + a8 * b6 + a9 * b5,
    a6 * b9 + a7 * b8 + a8 * b7 + a9 * b6,
    a7 * b9 + a8 * b8 + a9 * b7,
    a8 * b9 + a9 * b8,
    a9 * b9,
  );
}

/** `out = a^2 / R` */
export function square(out: usize, a: usize): void {
  const a0 = load<i64>(a, 0), a1 = load<i64>(a, 8), a2 = load<i64>(a, 16), a3 = load<i64>(a, 24), a4 = load<i64>(a, 32);
  const a5 = load<i64>(a, 40), a6 = load<i64>(a, 48), a7 = load<i64>(a, 56), a8 = load<i64>(a, 64), a9 = load<i64>(a, 72);
  const d0 = a0 << 1, d1 = a1 << 1, d2 = a2 << 1, d3 = a3 << 1, d4 = a4 << 1, d5 = a5 << 1, d6 = a6 << 1, d7 = a7 << 1, d8 = a8 << 1;
  reduce(
    out,
    a0 * a0,
    d0 * a1,
    d0 * a2 + a1 * a1,
    d0 * a3 + d1 * a2,
    d0 * a4 + d1 * a3 + a2 * a2,
    d0 * a5 + d1 * a4 + d2 * a3,
    d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3,
    d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4,
    d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4,
    d0 * a9 + d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5,
    d1 * a9 + d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5,
    d2 * a9 + d3 * a8 + d4 * a7 + d5 * a6,
    d3 * a9 + d4 * a8 + d5 * a7 + a6 * a6,
    d4 * a9 + d5 * a8 + d6 * a7,
    d5 * a9 + d6 * a8 + a7 * a7,
    d6 * a9 + d7 * a8,
    d7 * a9 + a8 * a8,
    d8 * a9,
    a9 * a9,
  );
}

/** Subtracts `modulus` from `a` if the difference is not negative. Limbs must be carried. */
export function subtractOnce(a: usize, modulus: usize): void {
  let c: i64 = 0;
  for (let i: usize = 0; i < 9; i++) c = (c + limb(a, i) - limb(modulus, i)) >> 27;
  const keep: i64 = (c + load<i64>(a, 72) - limb(modulus, 9)) >> 63;
  c = 0;
  for (let i: usize = 0; i < 9; i++) {
    c += limb(a, i) - (limb(modulus, i) & ~keep);
    store<i64>(a + 8 * i, c & MASK);
    c >>= 27;
  }
  store<i64>(a, c + load<i64>(a, 72) - (limb(modulus, 9) & ~keep), 72);
}

/** The limbs of the 32 big-endian bytes at `bytes`, not in Montgomery form. */
export function unpack(out: usize, bytes: usize): void {
  let bits: u64 = 0, count = 0, at = bytes + 32;
  for (let i: usize = 0; i < 10; i++) {
    while (count < 27 && at > bytes) {
      at--;
      bits |= <u64>load<u8>(at) << count;
      count += 8;
    }
    store<i64>(out + 8 * i, bits & MASK);
    bits >>= 27;
    count -= 27;
  }
}

/** The 32 big-endian bytes of a number below 2^256 whose limbs are carried. */
export function pack(bytes: usize, a: usize): void {
  let bits: u64 = 0, count = 0, next: usize = 0;
  for (let at = bytes + 31; at >= bytes; at--) {
    if (count < 8) {
      bits |= <u64>limb(a, next) << count;
      next++;
      count += 27;
    }
    store<u8>(at, <u8>bits);
    bits >>= 8;
    count -= 8;
  }
}

/** An element from 32 big-endian bytes of a number below p. */
export function fromBytes(out: usize, bytes: usize): void {
  unpack(out, bytes);
  mul(out, out, R2);
}

const PLAIN_ONE: usize = memory.data<i64>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const CANONICAL: usize = memory.data(80, 16);

/** Makes `a` the one representative of 0..p-1, still in Montgomery form. */
export function canonical(out: usize, a: usize): void {
  mul(out, a, ONE); // in -p..2p now
  add(out, out, P);
  carry(out);
  subtractOnce(out, P);
  subtractOnce(out, P);
}

/** The number of 0..p-1 that an element stands for, not in Montgomery form. */
function plain(out: usize, a: usize): void {
  mul(out, a, PLAIN_ONE);
  add(out, out, P);
  carry(out);
  subtractOnce(out, P);
  subtractOnce(out, P);
}

/** 32 big-endian bytes of an element. */
export function toBytes(bytes: usize, a: usize): void {
  plain(CANONICAL, a);
  pack(bytes, CANONICAL);
}

/** `out = 1 / a`, and 0 for 0. */
export function invert(out: usize, a: usize): void {
  plain(CANONICAL, a);
  to30(CANONICAL);
  invert30(P_30, P_30_INVERSE);
  from30(CANONICAL);
  mul(out, CANONICAL, R2);
}

/** Whether an element is zero. */
export function isZero(a: usize): bool {
  canonical(CANONICAL, a);
  let bits: i64 = 0;
  for (let i: usize = 0; i < 10; i++) bits |= limb(CANONICAL, i);
  return bits == 0;
}

/** Copies an element. */
export function copy(out: usize, a: usize): void {
  memory.copy(out, a, FE);
}
