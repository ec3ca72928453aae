// Points of a curve y^2 = x^3 - 3x + b of prime order in projective coordinates, with the complete formulas of Renes, Costello
// and Batina, "Complete addition formulas for prime order elliptic curves" (EUROCRYPT 2016), algorithms 4, 5 and 6 (a = -3).
// They hold for every pair of points, infinity among them, so that a scalar multiplication has no special cases.
//
// `u` in comments is the bound on limbs, in units of 2^27, of which `field.as` speaks: points have u <= 2 for X and Y and
// u <= 4 for Z.
import { B, G, ONE } from "./curve";
import { add, canonical, copy, FE, fromBytes, invert, isZero, mul, square, sub, toBytes, triple } from "./field";

/** Bytes of a point. */
const POINT: usize = 240;

const SCRATCH: usize = memory.data(80 * 10, 16);
const T0 = SCRATCH, T1 = T0 + FE, T2 = T1 + FE, T3 = T2 + FE, T4 = T3 + FE;
const T5 = T4 + FE, T6 = T5 + FE, T7 = T6 + FE;

/** The common end of algorithms 4 and 5: t0 = X1X2, t1 = Y1Y2, t2 = 3 Z1Z2, T5 = X1Z2 + X2Z1 - b Z1Z2, T6 = b (X1Z2 + X2Z1). */
// @ts-ignore: decorator
@inline function finishAddition(out: usize): void {
  const x = out, y = out + FE, z = out + 2 * FE;
  triple(T5, T5); // u = 1
  sub(T7, T1, T5); // u = 2
  add(T5, T1, T5); // u = 2
  sub(T6, T6, T2); // u = 2
  sub(T6, T6, T0); // u = 3
  triple(T6, T6); // u = 1
  triple(T0, T0); // u = 1
  sub(T0, T0, T2); // u = 2
  mul(T1, T4, T6); // 3 * 1
  mul(T2, T0, T6); // 2 * 1
  mul(y, T5, T7); // 2 * 2
  add(y, y, T2); // u = 2
  mul(x, T3, T5); // 3 * 2
  sub(x, x, T1); // u = 2
  mul(z, T4, T7); // 3 * 2
  mul(T1, T3, T0); // 3 * 2
  add(z, z, T1); // u = 2
}

/** `out = p + q`; `out` may be either. */
function addPoints(out: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + FE, z1 = p + 2 * FE, x2 = q, y2 = q + FE, z2 = q + 2 * FE;
  mul(T0, x1, x2);
  mul(T1, y1, y2);
  mul(T2, z1, z2); // 4 * 4
  add(T3, x1, y1);
  add(T4, x2, y2);
  mul(T3, T3, T4); // 4 * 4
  add(T4, T0, T1);
  sub(T3, T3, T4); // X1Y2 + X2Y1, u = 3
  add(T4, y1, z1);
  add(T5, y2, z2);
  mul(T4, T4, T5); // 6 * 6
  add(T5, T1, T2);
  sub(T4, T4, T5); // Y1Z2 + Y2Z1, u = 3
  add(T5, x1, z1);
  add(T6, x2, z2);
  mul(T5, T5, T6); // 6 * 6
  add(T6, T0, T2);
  sub(T5, T5, T6); // X1Z2 + X2Z1, u = 3
  mul(T6, B, T5); // 1 * 3
  mul(T7, B, T2);
  sub(T5, T5, T7); // u = 4
  triple(T2, T2);
  finishAddition(out);
}

/** `out = p + q` for an affine `q` (two elements) that is not infinity. */
function addAffine(out: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + FE, z1 = p + 2 * FE, x2 = q, y2 = q + FE;
  mul(T0, x1, x2);
  mul(T1, y1, y2);
  add(T3, x2, y2);
  add(T4, x1, y1);
  mul(T3, T3, T4); // 2 * 4
  add(T4, T0, T1);
  sub(T3, T3, T4); // u = 3
  mul(T4, y2, z1); // 1 * 4
  add(T4, T4, y1); // u = 3
  mul(T5, x2, z1); // 1 * 4
  add(T5, T5, x1); // u = 3
  mul(T6, B, T5); // 1 * 3
  mul(T7, B, z1); // 1 * 4
  sub(T5, T5, T7); // u = 4
  triple(T2, z1);
  finishAddition(out);
}

/** `out = 2p`; `out` may be `p`. */
function double(out: usize, p: usize): void {
  const x = p, y = p + FE, z = p + 2 * FE;
  square(T0, x); // 2 * 2
  square(T1, y); // 2 * 2
  square(T2, z); // 4 * 4
  mul(T3, x, y); // 2 * 2
  add(T3, T3, T3); // u = 2
  mul(T4, x, z); // 2 * 4
  add(T4, T4, T4); // u = 2
  mul(T7, y, z); // 2 * 4
  add(T7, T7, T7); // u = 2
  mul(T5, B, T2);
  sub(T5, T5, T4); // u = 3
  triple(T5, T5);
  sub(T6, T1, T5); // u = 2
  add(T5, T1, T5); // u = 2
  mul(T5, T6, T5); // 2 * 2
  mul(T6, T6, T3); // 2 * 2
  triple(T2, T2);
  mul(T4, B, T4); // 1 * 2
  sub(T4, T4, T2); // u = 2
  sub(T4, T4, T0); // u = 3
  triple(T4, T4);
  triple(T0, T0);
  sub(T0, T0, T2); // u = 2
  mul(T0, T0, T4); // 2 * 1
  add(out + FE, T5, T0); // u = 2
  mul(T4, T7, T4); // 2 * 1
  sub(out, T6, T4); // u = 2
  mul(T7, T7, T1); // 2 * 1
  add(T7, T7, T7); // u = 2
  add(out + 2 * FE, T7, T7); // u = 4
}

// Multiples of G: for each of 64 nibbles, 15 affine points of 20 limbs of 32 bits.
const ENTRY: usize = 80;
const COMB: usize = memory.data(64 * 15 * 80, 16);
let combReady = false;

const MULTIPLES: usize = memory.data(16 * 240, 16);
const ACCUMULATOR: usize = memory.data(240, 16);
const SELECTED: usize = memory.data(240, 16);
const BASE: usize = memory.data(240, 16);
const PREFIX: usize = memory.data(16 * 80, 16);
const INVERSE: usize = memory.data(80, 16);

function setInfinity(p: usize): void {
  memory.fill(p, 0, POINT);
  copy(p + FE, ONE);
}

function packEntry(to: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < 10; i++) {
    store<i32>(to + 4 * i, <i32>load<i64>(x + 8 * i));
    store<i32>(to + 4 * i, <i32>load<i64>(y + 8 * i), 40);
  }
}

/** Fills the table of multiples of G, once: about 2 ms. */
function makeComb(): void {
  if (combReady) return;
  memory.copy(BASE, G, POINT);
  for (let w: usize = 0; w < 64; w++) {
    memory.copy(MULTIPLES + POINT, BASE, POINT);
    for (let i: usize = 2; i < 16; i++) {
      addPoints(MULTIPLES + POINT * i, MULTIPLES + POINT * (i - 1), BASE);
    }
    addPoints(BASE, MULTIPLES + POINT * 15, BASE);
    // One inversion for all fifteen (Montgomery's trick).
    copy(PREFIX, ONE);
    for (let i: usize = 1; i < 16; i++) {
      mul(PREFIX + FE * i, PREFIX + FE * (i - 1), MULTIPLES + POINT * i + 2 * FE);
    }
    invert(INVERSE, PREFIX + FE * 15);
    for (let i: usize = 15; i > 0; i--) {
      const p = MULTIPLES + POINT * i;
      mul(T0, INVERSE, PREFIX + FE * (i - 1)); // 1 / Z_i
      mul(INVERSE, INVERSE, p + 2 * FE);
      mul(T1, p, T0);
      mul(T2, p + FE, T0);
      canonical(T3, T1);
      canonical(T4, T2);
      packEntry(COMB + ENTRY * (w * 15 + i - 1), T3, T4);
    }
  }
  combReady = true;
}

/** `ACCUMULATOR = k G` for the 32 big-endian bytes at `k`. Reads every entry of the table whatever `k` is. */
function multiplyBase(k: usize): void {
  makeComb();
  setInfinity(ACCUMULATOR);
  for (let w: usize = 0; w < 64; w++) {
    const digit: i32 = (load<u8>(k + 31 - (w >> 1)) >> <u8>((w & 1) << 2)) & 15;
    let e0 = i32x4.splat(0), e1 = e0, e2 = e0, e3 = e0, e4 = e0;
    let entry = COMB + ENTRY * 15 * w;
    const wanted = i32x4.splat(digit);
    for (let i = 1; i < 16; i++) {
      const mask = v128.eq<i32>(i32x4.splat(i), wanted);
      e0 = v128.or(e0, v128.and(mask, v128.load(entry)));
      e1 = v128.or(e1, v128.and(mask, v128.load(entry, 16)));
      e2 = v128.or(e2, v128.and(mask, v128.load(entry, 32)));
      e3 = v128.or(e3, v128.and(mask, v128.load(entry, 48)));
      e4 = v128.or(e4, v128.and(mask, v128.load(entry, 64)));
      entry += ENTRY;
    }
    store4(SELECTED, e0);
    store4(SELECTED + 32, e1);
    store4(SELECTED + 64, e2);
    store4(SELECTED + 96, e3);
    store4(SELECTED + 128, e4);
    addAffine(BASE, ACCUMULATOR, SELECTED);
    // A zero digit has no entry: the sum is then dropped.
    const keep: i64 = (<i64>digit - 1) >> 63;
    for (let i: usize = 0; i < POINT; i += 8) {
      const old = load<i64>(ACCUMULATOR + i), sum = load<i64>(BASE + i);
      store<i64>(ACCUMULATOR + i, sum ^ ((sum ^ old) & keep));
    }
  }
}

/** Stores four 32-bit limbs, which are not negative, as 64-bit ones. */
// @ts-ignore: decorator
@inline function store4(to: usize, v: v128): void {
  v128.store(to, v128.shuffle<u32>(v, i32x4.splat(0), 0, 4, 1, 4));
  v128.store(to, v128.shuffle<u32>(v, i32x4.splat(0), 2, 4, 3, 4), 16);
}

/** `ACCUMULATOR = k P` for the point P at `MULTIPLES + POINT`. With `secret`, reads every multiple whatever `k` is. */
function multiplyPoint(k: usize, secret: bool): void {
  setInfinity(MULTIPLES);
  for (let i: usize = 2; i < 16; i++) {
    addPoints(MULTIPLES + POINT * i, MULTIPLES + POINT * (i - 1), MULTIPLES + POINT);
  }
  setInfinity(ACCUMULATOR);
  for (let w: usize = 0; w < 64; w++) {
    if (w > 0) {
      double(ACCUMULATOR, ACCUMULATOR);
      double(ACCUMULATOR, ACCUMULATOR);
      double(ACCUMULATOR, ACCUMULATOR);
      double(ACCUMULATOR, ACCUMULATOR);
    }
    const digit: usize = (load<u8>(k + (w >> 1)) >> <u8>((~w & 1) << 2)) & 15;
    if (secret) {
      select(digit);
      addPoints(ACCUMULATOR, ACCUMULATOR, SELECTED);
    } else if (digit > 0) {
      addPoints(ACCUMULATOR, ACCUMULATOR, MULTIPLES + POINT * digit);
    }
  }
}

/** `SELECTED = MULTIPLES[digit]`, by reading all. */
function select(digit: usize): void {
  memory.fill(SELECTED, 0, POINT);
  for (let i: usize = 0; i < 16; i++) {
    const mask = v128.eq<i32>(i32x4.splat(<i32>i), i32x4.splat(<i32>digit));
    const from = MULTIPLES + POINT * i;
    for (let j: usize = 0; j < POINT; j += 16) {
      const x = v128.and(mask, v128.load(from + j));
      v128.store(SELECTED + j, v128.or(v128.load(SELECTED + j), x));
    }
  }
}

/** Writes the affine coordinates of ACCUMULATOR, 64 bytes; `false` if it is infinity. */
function writeAffine(to: usize): bool {
  if (isZero(ACCUMULATOR + 2 * FE)) return false;
  invert(INVERSE, ACCUMULATOR + 2 * FE);
  mul(T0, ACCUMULATOR, INVERSE);
  toBytes(to, T0);
  mul(T0, ACCUMULATOR + FE, INVERSE);
  toBytes(to + 32, T0);
  return true;
}

/** Reads the affine point at `from`, coordinates below p, to `MULTIPLES + POINT`; `false` if it is not on the curve. */
function readAffine(from: usize): bool {
  const x = MULTIPLES + POINT, y = x + FE;
  fromBytes(x, from);
  fromBytes(y, from + 32);
  copy(x + 2 * FE, ONE);
  // y^2 = (x^2 - 3) x + b
  square(T0, x);
  triple(T1, ONE);
  sub(T0, T0, T1);
  mul(T0, T0, x);
  add(T0, T0, B);
  square(T1, y);
  sub(T0, T0, T1);
  return isZero(T0);
}

/** Forgets the scalar that the last multiplication had. */
function wipePoints(): void {
  memory.fill(MULTIPLES, 0, 16 * 240);
  memory.fill(ACCUMULATOR, 0, POINT);
  memory.fill(SELECTED, 0, POINT);
  memory.fill(BASE, 0, POINT);
  memory.fill(INVERSE, 0, FE);
  memory.fill(SCRATCH, 0, 80 * 10);
}

/** The scalar at `k` times G: its 64 bytes go to `to`. `false` if that is infinity. Constant time. */
export function base(k: usize, to: usize): bool {
  multiplyBase(k);
  const ok = writeAffine(to);
  wipePoints();
  return ok;
}

/**
 * The scalar at `k` times the point at `point`, which the product replaces. `false` if that point is not on the curve or the
 * product is infinity. Constant time.
 */
export function multiply(k: usize, point: usize): bool {
  if (!readAffine(point)) return false;
  multiplyPoint(k, true);
  const ok = writeAffine(point);
  wipePoints();
  return ok;
}

/**
 * The scalar at `k` times G plus the scalar at `m` times the point at `point`, which the sum replaces. `false` if that
 * point is not on the curve or the sum is infinity. For public values only.
 */
export function multiplyAdd(k: usize, m: usize, point: usize): bool {
  if (!readAffine(point)) return false;
  multiplyPoint(m, false);
  memory.copy(MULTIPLES, ACCUMULATOR, POINT);
  multiplyBase(k);
  addPoints(ACCUMULATOR, ACCUMULATOR, MULTIPLES);
  return writeAffine(point);
}

/** Whether the point at `point` is on the curve. */
export function onCurve(point: usize): bool {
  return readAffine(point);
}
