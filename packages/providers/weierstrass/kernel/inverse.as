// Inverses modulo an odd number below 2^256, by Bernstein and Yang, "Fast constant-time gcd computation and modular inversion"
// (TCHES 2019): 590 division steps bring every input of 256 bits to its end when they count by halves, with the state that
// starts at delta = 1/2 (https://github.com/sipa/safegcd-bounds shows the bound). Thirty steps are done on the low bits alone,
// which makes a matrix; the matrix then goes over the whole numbers.
//
// A number here is nine 64-bit limbs of 30 bits; the top one has the sign. No branch and no address depends on a value.
const MASK: i64 = 0x3fffffff;
const LIMBS: usize = 9;
/** Twenty times thirty steps are 600. */
const ROUNDS: i32 = 20;
const STEPS: i32 = 30;

const D: usize = memory.data(72, 16);
const E: usize = memory.data(72, 16);
const F: usize = memory.data(72, 16);
/** The number to be inverted. */
const G: usize = memory.data(72, 16);

// The matrix of thirty steps, and the count -(delta + 1/2).
let u: i32 = 0, v: i32 = 0, q: i32 = 0, r: i32 = 0, zeta: i32 = 0;

// @ts-ignore: decorator
@inline function limb(a: usize, i: usize): i64 { return load<i64>(a + 8 * i); }

/** Thirty division steps on the low bits of F and G. */
function steps(): void {
  let a = 1, b = 0, c = 0, d = 1, z = zeta;
  let f = <i32>load<i64>(F), g = <i32>load<i64>(G);
  for (let i = 0; i < STEPS; i++) {
    const negative = z >> 31;
    const odd = -(g & 1);
    // g + f, or g - f where delta is positive; then f = g there.
    g += ((f ^ negative) - negative) & odd;
    c += ((a ^ negative) - negative) & odd;
    d += ((b ^ negative) - negative) & odd;
    const swap = negative & odd;
    z = (z ^ swap) - 1;
    f += g & swap;
    a += c & swap;
    b += d & swap;
    g >>= 1;
    a <<= 1;
    b <<= 1;
  }
  zeta = z;
  u = a;
  v = b;
  q = c;
  r = d;
}

/** F and G by the matrix, over 2^30. */
function updateFG(): void {
  const a: i64 = u, b: i64 = v, c: i64 = q, d: i64 = r;
  let f = limb(F, 0), g = limb(G, 0);
  let x = (a * f + b * g) >> 30, y = (c * f + d * g) >> 30;
  for (let i: usize = 1; i < LIMBS; i++) {
    f = limb(F, i);
    g = limb(G, i);
    x += a * f + b * g;
    y += c * f + d * g;
    store<i64>(F + 8 * i - 8, x & MASK);
    store<i64>(G + 8 * i - 8, y & MASK);
    x >>= 30;
    y >>= 30;
  }
  store<i64>(F, x, 64);
  store<i64>(G, y, 64);
}

/** D and E by the matrix, over 2^30 modulo the modulus; they stay in -2m..m. */
function updateDE(modulus: usize, inverse: i32): void {
  const a: i64 = u, b: i64 = v, c: i64 = q, d: i64 = r;
  const signD = <i32>(limb(D, 8) >> 63), signE = <i32>(limb(E, 8) >> 63);
  let dd = limb(D, 0), ee = limb(E, 0);
  let x = a * dd + b * ee, y = c * dd + d * ee;
  // The multiples of the modulus that clear the low limb, and that lift what is negative.
  let md = (u & signD) + (v & signE), me = (q & signD) + (r & signE);
  md -= (inverse * <i32>x + md) & <i32>MASK;
  me -= (inverse * <i32>y + me) & <i32>MASK;
  const m: i64 = md, n: i64 = me;
  x = (x + limb(modulus, 0) * m) >> 30;
  y = (y + limb(modulus, 0) * n) >> 30;
  for (let i: usize = 1; i < LIMBS; i++) {
    dd = limb(D, i);
    ee = limb(E, i);
    const p = limb(modulus, i);
    x += a * dd + b * ee + p * m;
    y += c * dd + d * ee + p * n;
    store<i64>(D + 8 * i - 8, x & MASK);
    store<i64>(E + 8 * i - 8, y & MASK);
    x >>= 30;
    y >>= 30;
  }
  store<i64>(D, x, 64);
  store<i64>(E, y, 64);
}

/** Adds the modulus to D if `condition` is all ones, negates the sum if `negate` is, and carries. */
function settle(modulus: usize, condition: i64, negate: i64): void {
  let c: i64 = 0;
  for (let i: usize = 0; i < LIMBS; i++) {
    c += ((limb(D, i) + (limb(modulus, i) & condition)) ^ negate) - negate;
    store<i64>(D + 8 * i, i < LIMBS - 1 ? c & MASK : c);
    c >>= 30;
  }
}

/**
 * D = 1 / G, in 0..m-1, and 0 for 0, modulo the odd m at `modulus` (nine limbs) whose inverse modulo 2^30 is `inverse`.
 * G is of 0..m-1.
 */
export function invert30(modulus: usize, inverse: i32): void {
  memory.fill(D, 0, 72);
  memory.fill(E, 0, 72);
  store<i64>(E, 1);
  memory.copy(F, modulus, 72);
  zeta = -1;
  for (let i = 0; i < ROUNDS; i++) {
    steps();
    updateDE(modulus, inverse);
    updateFG();
  }
  // F is 1 or -1 now (or m, for 0), and D the inverse times that sign.
  settle(modulus, limb(D, 8) >> 63, limb(F, 8) >> 63);
  settle(modulus, limb(D, 8) >> 63, 0);
}

/** G from ten limbs of 27 bits, which are carried. */
export function to30(a: usize): void {
  let bits: u64 = 0, count = 0, next: usize = 0;
  for (let i: usize = 0; i < LIMBS; i++) {
    while (count < 30 && next < 10) {
      bits |= <u64>limb(a, next) << count;
      next++;
      count += 27;
    }
    store<i64>(G + 8 * i, bits & MASK);
    bits >>= 30;
    count -= 30;
  }
}

/** D in ten limbs of 27 bits; all that was computed with is forgotten. */
export function from30(out: usize): void {
  let bits: u64 = 0, count = 0, next: usize = 0;
  for (let i: usize = 0; i < 10; i++) {
    while (count < 27 && next < LIMBS) {
      bits |= <u64>limb(D, next) << count;
      next++;
      count += 30;
    }
    store<i64>(out + 8 * i, bits & 0x7ffffff);
    bits >>= 27;
    count -= 27;
  }
  memory.fill(D, 0, 72);
  memory.fill(E, 0, 72);
  memory.fill(F, 0, 72);
  memory.fill(G, 0, 72);
  u = v = q = r = 0;
}
