/**
 * curveSM2 as data (GB/T 32918.5-2017), and numbers of its size.
 *
 * @module
 */
import { fromHex } from "@sealane/wire";
import { SCALAR_LENGTH } from "../weierstrass/scalar.ts";

/** The curve y^2 = x^3 + a x + b over the integers modulo p, with the generator G of the prime order n. */
export const CURVE_SM2: Readonly<Record<"p" | "a" | "b" | "n" | "h" | "Gx" | "Gy", bigint>> = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};

/** Bytes of a point in uncompressed form (SEC 1 section 2.3.3). */
export const POINT_LENGTH = 65;

/** The 32 big-endian bytes of a number below 2^256. */
export function toBytes32(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * SCALAR_LENGTH, "0"));
}

/** The number of big-endian bytes. */
export function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) value = value << 64n | view.getBigUint64(at);
  for (; at < bytes.length; at++) value = value << 8n | BigInt(bytes[at]);
  return value;
}

/** p, n and n - 1 in bytes, for comparisons. */
export const P_BYTES: Uint8Array = toBytes32(CURVE_SM2.p);
/** The order n. */
export const N_BYTES: Uint8Array = toBytes32(CURVE_SM2.n);
/** n - 1, above every private key: 1 + d has to have an inverse (GB/T 32918.2 section 6.1). */
export const N_MINUS_1_BYTES: Uint8Array = toBytes32(CURVE_SM2.n - 1n);

/**
 * The coordinates of an uncompressed point: 65 bytes, 0x04 first, coordinates below p (RFC 8422 section 5.4.1; TLS 1.3
 * has no other form). `null` for any other form. Whether it is on the curve is not checked here.
 */
export function decodePoint(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length !== POINT_LENGTH || bytes[0] !== 4) return null;
  const x = toBigInt(bytes.subarray(1, 33));
  const y = toBigInt(bytes.subarray(33));
  return x < CURVE_SM2.p && y < CURVE_SM2.p ? bytes.subarray(1) : null;
}

/** The uncompressed form of a point. */
export function encodePoint(point: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(POINT_LENGTH);
  bytes[0] = 4;
  bytes.set(point, 1);
  return bytes;
}
