// Polynomials of 256 coefficients modulo q as 16-bit lanes (512 bytes), eight at a time.
//
// A number times a constant c is reduced as it is multiplied (Becker et al., "Neon NTT", TCHES 2022, section 3.4): with
// c' = round(c 2^15 / q), a c - round(a c' / 2^15) q is of -q..q for every 16-bit a. So the forward transform adds at most q in
// each of its seven layers, and 8 q fits in a lane; the inverse one doubles, and reduces every second layer.
//
// No branch and no address depends on a coefficient.
import {
  AFTER_INVERSE, AFTER_INVERSE_BARRETT, GAMMAS, GAMMAS_BARRETT, ONE_BARRETT, Q, Q_INVERSE, TO_PLAIN, TO_PLAIN_BARRETT, ZETAS,
  ZETAS_BARRETT,
} from "./constants";

/** Bytes of a polynomial. */
export const POLY: usize = 512;

// @ts-ignore: decorator
@inline function times(a: v128, constant: v128, barrett: v128): v128 {
  const quotient = i16x8.q15mulr_sat_s(a, barrett);
  return i16x8.sub(i16x8.mul(a, constant), i16x8.mul(quotient, i16x8.splat(<i16>Q)));
}

// @ts-ignore: decorator
@inline function reduced(a: v128): v128 {
  const quotient = i16x8.q15mulr_sat_s(a, i16x8.splat(<i16>ONE_BARRETT));
  return i16x8.sub(a, i16x8.mul(quotient, i16x8.splat(<i16>Q)));
}

// @ts-ignore: decorator
@inline function zetas4(table: usize, i: usize): v128 {
  return v128.shuffle<i64>(v128.load_splat<i16>(table + 2 * i), v128.load_splat<i16>(table + 2 * i + 2), 0, 2);
}

// @ts-ignore: decorator
@inline function zetas2(table: usize, i: usize): v128 {
  const z = v128.load_zero<i64>(table + 2 * i);
  return v128.shuffle<i8>(z, z, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
}

/** FIPS 203 algorithm 9, in place, from coefficients of -q..q; the result is of -q..q. */
export function transform(f: usize): void {
  let i: usize = 1;
  for (let length: usize = 256; length >= 16; length >>= 1) {
    for (let start: usize = 0; start < POLY; start += 2 * length) {
      const z = v128.load_splat<i16>(ZETAS + 2 * i), zb = v128.load_splat<i16>(ZETAS_BARRETT + 2 * i);
      i++;
      for (let at = f + start, end = at + length; at < end; at += 16) {
        const t = times(v128.load(at + length), z, zb), a = v128.load(at);
        v128.store(at + length, i16x8.sub(a, t));
        v128.store(at, i16x8.add(a, t));
      }
    }
  }
  for (let at = f, m: usize = 0; m < 16; m++, at += 32) {
    let x = v128.load(at), y = v128.load(at, 16);
    // Distance 4: the halves of a vector.
    let a = v128.shuffle<i64>(x, y, 0, 2), b = v128.shuffle<i64>(x, y, 1, 3);
    let t = times(b, zetas4(ZETAS, 32 + 2 * m), zetas4(ZETAS_BARRETT, 32 + 2 * m));
    b = i16x8.sub(a, t);
    a = i16x8.add(a, t);
    x = v128.shuffle<i64>(a, b, 0, 2);
    y = v128.shuffle<i64>(a, b, 1, 3);
    // Distance 2: pairs.
    a = v128.shuffle<i32>(x, y, 0, 2, 4, 6);
    b = v128.shuffle<i32>(x, y, 1, 3, 5, 7);
    t = times(b, zetas2(ZETAS, 64 + 4 * m), zetas2(ZETAS_BARRETT, 64 + 4 * m));
    b = reduced(i16x8.sub(a, t));
    a = reduced(i16x8.add(a, t));
    v128.store(at, v128.shuffle<i32>(a, b, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<i32>(a, b, 2, 6, 3, 7), 16);
  }
}

// @ts-ignore: decorator
@inline function reversed4(table: usize, m: usize): v128 {
  const i: usize = 62 - 2 * m;
  return v128.shuffle<i64>(v128.load_splat<i16>(table + 2 * i + 2), v128.load_splat<i16>(table + 2 * i), 0, 2);
}

// @ts-ignore: decorator
@inline function reversed2(table: usize, m: usize): v128 {
  const z = v128.load_zero<i64>(table + 2 * (124 - 4 * m));
  return v128.shuffle<i8>(z, z, 6, 7, 6, 7, 4, 5, 4, 5, 2, 3, 2, 3, 0, 1, 0, 1);
}

/**
 * FIPS 203 algorithm 10, in place, times 2^16: from what {@link settle} leaves, with its factor of 2^-16 undone. The result is of
 * -q..q.
 */
export function inverseTransform(f: usize): void {
  for (let at = f, m: usize = 0; m < 16; m++, at += 32) {
    let x = v128.load(at), y = v128.load(at, 16);
    let a = v128.shuffle<i32>(x, y, 0, 2, 4, 6), b = v128.shuffle<i32>(x, y, 1, 3, 5, 7);
    let t = i16x8.sub(b, a);
    a = i16x8.add(a, b); // 2 q
    b = times(t, reversed2(ZETAS, m), reversed2(ZETAS_BARRETT, m));
    x = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    y = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    a = v128.shuffle<i64>(x, y, 0, 2);
    b = v128.shuffle<i64>(x, y, 1, 3);
    t = i16x8.sub(b, a);
    a = reduced(i16x8.add(a, b)); // from 4 q
    b = times(t, reversed4(ZETAS, m), reversed4(ZETAS_BARRETT, m));
    v128.store(at, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(at, v128.shuffle<i64>(a, b, 1, 3), 16);
  }
  let i: usize = 31;
  for (let length: usize = 16; length <= 256; length <<= 1) {
    const reduces = length == 32 || length == 128;
    for (let start: usize = 0; start < POLY; start += 2 * length) {
      const z = v128.load_splat<i16>(ZETAS + 2 * i), zb = v128.load_splat<i16>(ZETAS_BARRETT + 2 * i);
      i--;
      for (let at = f + start, end = at + length; at < end; at += 16) {
        const a = v128.load(at), b = v128.load(at + length), sum = i16x8.add(a, b);
        v128.store(at, reduces ? reduced(sum) : sum);
        v128.store(at + length, times(i16x8.sub(b, a), z, zb));
      }
    }
  }
  scale(f, AFTER_INVERSE, AFTER_INVERSE_BARRETT);
}

function scale(f: usize, factor: i32, barrett: i32): void {
  const c = i16x8.splat(<i16>factor), cb = i16x8.splat(<i16>barrett);
  for (let at = f; at < f + POLY; at += 16) v128.store(at, times(v128.load(at), c, cb));
}

/** Undoes one factor of 2^-16. */
export function toPlain(f: usize): void {
  scale(f, TO_PLAIN, TO_PLAIN_BARRETT);
}

/**
 * Prepares a polynomial of the transform's domain as a factor, 1,024 bytes at `out`: for each pair of coefficients b0 and b1,
 * b0 and gamma b1, and in the second half b1 and b0. A pair of another polynomial times these two, added up, is the product of
 * FIPS 203 algorithm 12.
 */
export function prepareFactor(out: usize, f: usize): void {
  for (let i: usize = 0; i < POLY; i += 16) {
    const b = v128.load(f + i);
    v128.store(out + i, times(b, v128.load(GAMMAS + i), v128.load(GAMMAS_BARRETT + i)));
    v128.store(out + i, v128.shuffle<i16>(b, b, 1, 0, 3, 2, 5, 4, 7, 6), 512);
  }
}

/** `sums += f * factor`, with 256 sums of 32 bits (1,024 bytes), the even coefficients' first; at most four products. */
export function addProduct(sums: usize, f: usize, factor: usize): void {
  for (let i: usize = 0; i < POLY; i += 16) {
    const a = v128.load(f + i);
    v128.store(sums + i, i32x4.add(v128.load(sums + i), i32x4.dot_i16x8_s(a, v128.load(factor + i))));
    v128.store(sums + i, i32x4.add(v128.load(sums + i, 512), i32x4.dot_i16x8_s(a, v128.load(factor + i, 512))), 512);
  }
}

/** Montgomery reduction: x 2^-16, of -q..q for |x| < 2^27. */
// @ts-ignore: decorator
@inline function montgomery(x: v128): v128 {
  const m = i32x4.shr_s(i32x4.shl(i32x4.mul(x, i32x4.splat(Q_INVERSE)), 16), 16);
  return i32x4.shr_s(i32x4.sub(x, i32x4.mul(m, i32x4.splat(Q))), 16);
}

/** The polynomial of sums, with a factor of 2^-16, of -q..q; the sums are zero then. */
export function settle(out: usize, sums: usize): void {
  for (let i: usize = 0; i < POLY; i += 16) {
    const even = montgomery(v128.load(sums + i)), odd = montgomery(v128.load(sums + i, 512));
    v128.store(out + i, v128.or(v128.and(even, i32x4.splat(0xffff)), i32x4.shl(odd, 16)));
  }
  memory.fill(sums, 0, 1024);
}

/** `out = a + b`, of -q..q. */
export function addPoly(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < POLY; i += 16) v128.store(out + i, reduced(i16x8.add(v128.load(a + i), v128.load(b + i))));
}

/** `out = a - b`, of -q..q. */
export function subPoly(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < POLY; i += 16) v128.store(out + i, reduced(i16x8.sub(v128.load(a + i), v128.load(b + i))));
}

/** Coefficients of 0..q-1, from -q..q. */
export function canonical(f: usize): void {
  const q = i16x8.splat(<i16>Q);
  for (let at = f; at < f + POLY; at += 16) {
    let a = reduced(v128.load(at));
    a = i16x8.add(a, v128.and(i16x8.shr_s(a, 15), q));
    v128.store(at, a);
  }
}
