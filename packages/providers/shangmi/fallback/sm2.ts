/**
 * Arithmetic on curveSM2 with `weierstrass()` of noble-curves. Secret scalars go through its `multiply`, which runs the
 * same steps for every scalar; the integers beneath are `bigint`s, which no engine promises to handle in constant time.
 *
 * @module
 */
import { weierstrass, type WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import { CURVE_SM2, toBigInt, toBytes32 } from "../curve.ts";
import type { Sm2Arithmetic } from "../engine.ts";

const { n } = CURVE_SM2;
const Point = weierstrass(CURVE_SM2);

function read(coordinates: Uint8Array): WeierstrassPoint<bigint> | null {
  const [x, y] = [toBigInt(coordinates.subarray(0, 32)), toBigInt(coordinates.subarray(32))];
  try {
    const point = Point.fromAffine({ x, y });
    point.assertValidity();
    return point;
  } catch {
    return null;
  }
}

function write(point: WeierstrassPoint<bigint>): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(64);
  bytes.set(toBytes32(x));
  bytes.set(toBytes32(y), 32);
  return bytes;
}

const modulo = (value: bigint): bigint => (value % n + n) % n;

/** 1 / value mod n by Fermat. */
function invert(value: bigint): bigint {
  let result = 1n;
  for (let bit = 255n; bit >= 0n; bit--) {
    result = result * result % n;
    if ((n - 2n) >> bit & 1n) result = result * value % n;
  }
  return result;
}

/** curveSM2 on noble-curves. */
export const nobleSm2: Sm2Arithmetic = Object.freeze({
  multiplyBase: (k: Uint8Array) => write(Point.BASE.multiply(toBigInt(k))),
  multiply(k: Uint8Array, coordinates: Uint8Array) {
    const point = read(coordinates);
    return point && write(point.multiply(toBigInt(k)));
  },
  multiplyAdd(k: Uint8Array, m: Uint8Array, coordinates: Uint8Array) {
    const point = read(coordinates);
    if (point === null) return null;
    const sum = Point.BASE.multiplyUnsafe(toBigInt(k)).add(point.multiplyUnsafe(toBigInt(m)));
    return sum.is0() ? null : write(sum);
  },
  onCurve: (coordinates: Uint8Array) => read(coordinates) !== null,
  prepareKey: (d: Uint8Array) => toBytes32(invert(1n + toBigInt(d))),
  sign(prepared: Uint8Array, k: Uint8Array, r: Uint8Array) {
    const [kNumber, rNumber] = [toBigInt(k), toBigInt(r)];
    const s = modulo(toBigInt(prepared) * (kNumber + rNumber) - rNumber);
    return kNumber + rNumber === n || s === 0n ? null : toBytes32(s);
  },
});
