/**
 * Shares of key exchange that a test wants: bad ones, and such as are rare.
 *
 * @module
 */
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { concat, NamedGroup } from "@sealane/wire";
import { flipped } from "./check.ts";

/** x coordinates of low order (RFC 7748 section 6; all of them, canonical or not, for X25519). */
const LOW_ORDER: ReadonlyMap<number, readonly Uint8Array[]> = new Map([
  [NamedGroup.x25519, [
    little(32, 0n),
    little(32, 1n),
    little(32, 2n ** 255n - 19n - 1n),
    little(32, 2n ** 255n - 19n),
    little(32, 2n ** 255n - 19n + 1n),
    little(32, 39382357235489614581723060781553021112529911719440698176882885853963445705823n),
    little(32, 325606250916557431795983626356110631294008115727848805560023387167927233504n),
    little(32, 2n ** 255n), // zero again, but for the bit that is ignored
  ]],
  [NamedGroup.x448, [
    little(56, 0n),
    little(56, 1n),
    little(56, 2n ** 448n - 2n ** 224n - 1n - 1n),
    little(56, 2n ** 448n - 2n ** 224n - 1n),
    little(56, 2n ** 448n - 2n ** 224n),
  ]],
]);

function little(length: number, value: bigint): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number(value >> BigInt(8 * i) & 0xffn));
}

/** Where the elliptic curve's share stands in a group's shares, and which it is. */
export const CURVE_PART: ReadonlyMap<number, { group: number; length: number; end: boolean }> =
  new Map([
    [NamedGroup.secp256r1, { group: NamedGroup.secp256r1, length: 65, end: false }],
    [NamedGroup.secp384r1, { group: NamedGroup.secp384r1, length: 97, end: false }],
    [NamedGroup.secp521r1, { group: NamedGroup.secp521r1, length: 133, end: false }],
    [NamedGroup.x25519, { group: NamedGroup.x25519, length: 32, end: false }],
    [NamedGroup.x448, { group: NamedGroup.x448, length: 56, end: false }],
    [NamedGroup.SecP256r1MLKEM768, { group: NamedGroup.secp256r1, length: 65, end: false }],
    [NamedGroup.SecP384r1MLKEM1024, { group: NamedGroup.secp384r1, length: 97, end: false }],
    [NamedGroup.X25519MLKEM768, { group: NamedGroup.x25519, length: 32, end: true }],
    [NamedGroup.curveSM2, { group: NamedGroup.curveSM2, length: 65, end: false }],
    [NamedGroup.curveSM2MLKEM768, { group: NamedGroup.curveSM2, length: 65, end: false }],
  ]);

/** Where the encapsulation key stands in the initiator's share, in 12-bit coefficients from `start`. */
export const KEM_START: ReadonlyMap<number, number> = new Map([
  [NamedGroup.MLKEM512, 0],
  [NamedGroup.MLKEM768, 0],
  [NamedGroup.MLKEM1024, 0],
  [NamedGroup.X25519MLKEM768, 0],
  [NamedGroup.SecP256r1MLKEM768, 65],
  [NamedGroup.SecP384r1MLKEM1024, 97],
  [NamedGroup.curveSM2MLKEM768, 65],
]);

/** Bad elliptic-curve shares in a good share of the group. */
export function badCurveShares(id: number, share: Uint8Array): Uint8Array[] {
  const part = CURVE_PART.get(id);
  if (part === undefined) return [];
  const start = part.end ? share.length - part.length : 0;
  const replace = (replacement: Uint8Array) =>
    concat([share.subarray(0, start), replacement, share.subarray(start + part.length)]);
  const point = share.subarray(start, start + part.length);
  const low = LOW_ORDER.get(part.group);
  if (low !== undefined) return low.map(replace);
  const width = (part.length - 1) / 2;
  const compressed = concat([
    Uint8Array.of(2 + (point[2 * width] & 1)),
    point.subarray(1, 1 + width),
  ]);
  const hybrid = concat([Uint8Array.of(6 + (point[2 * width] & 1)), point.subarray(1)]);
  const overField = concat([
    Uint8Array.of(4),
    new Uint8Array(width).fill(0xff),
    point.subarray(1 + width),
  ]);
  return [
    flipped(point, -1), // off the curve
    flipped(point, 1 + width),
    new Uint8Array(part.length), // "infinity" in the width of a point
    concat([Uint8Array.of(4), new Uint8Array(2 * width)]),
    overField,
    compressed,
    hybrid,
    Uint8Array.of(0), // infinity
    ...unreducedPoints(part.group),
  ].map(replace);
}

/** The prime of each curve's field, and its points. */
const FIELDS: ReadonlyMap<number, typeof p256.Point> = new Map([
  [NamedGroup.secp256r1, p256.Point],
  [NamedGroup.secp384r1, p384.Point],
  [NamedGroup.secp521r1, p521.Point],
]);

function big(length: number, value: bigint): Uint8Array {
  return little(length, value).reverse();
}

/**
 * Points with a coordinate that is not below the prime, but would be a point if it were reduced (SP 800-186 section 4.3.2 wants
 * coordinates in the field). With a small x there is room for x + p in the width of the field.
 */
function unreducedPoints(group: number): Uint8Array[] {
  const Point = FIELDS.get(group);
  if (Point === undefined) return [];
  const { ORDER: prime, BYTES: width } = Point.Fp;
  const points: Uint8Array[] = [];
  for (let x = 1n; points.length < 3; x++) {
    const y = yOf(group, x);
    if (y === null) continue;
    points.push(concat([Uint8Array.of(4), big(width, x + prime), big(width, y)]));
    if (y + prime < 1n << BigInt(8 * width)) {
      points.push(concat([Uint8Array.of(4), big(width, x), big(width, y + prime)]));
    }
  }
  return points;
}

/** A y for this x, or `null` if there is none. */
function yOf(group: number, x: bigint): bigint | null {
  const Point = FIELDS.get(group);
  if (Point === undefined) return null;
  try {
    return Point.fromBytes(concat([Uint8Array.of(2), big(Point.Fp.BYTES, x)])).toAffine().y;
  } catch {
    return null;
  }
}

/**
 * An answer to a share of a curve of NIST with which the secret begins with a zero (RFC 9846 section 7.4.2: its zeros stay), and
 * that secret; `null` for other groups.
 */
export function leadingZeroAnswer(
  group: number,
  share: Uint8Array,
): { readonly share: Uint8Array; readonly secret: Uint8Array } | null {
  const Point = FIELDS.get(group);
  if (Point === undefined) return null;
  const width = Point.Fp.BYTES;
  const peer = Point.fromBytes(share);
  let [secret, own] = [peer, Point.BASE];
  for (;;) {
    const x = big(width, secret.toAffine().x);
    // The coordinates of P-521 have seven zero bits in front of them all.
    if (x[0] === 0 && (width !== 66 || x[1] === 0)) return { share: own.toBytes(false), secret: x };
    secret = secret.add(peer);
    own = own.add(Point.BASE);
  }
}

/** Shares of RFC 7748 section 5 that are not below the prime, whose reduction is the base point: they are taken, not refused. */
export const UNREDUCED_BASE_POINTS: ReadonlyMap<number, Uint8Array> = new Map([
  [NamedGroup.x25519, little(32, 2n ** 255n - 19n + 9n)],
  [NamedGroup.x448, little(56, 2n ** 448n - 2n ** 224n - 1n + 5n)],
]);
