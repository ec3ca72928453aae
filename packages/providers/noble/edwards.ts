/**
 * Verification of EdDSA (RFC 8032) over the points of `@noble/curves`, by the equation that the platforms check: without the
 * cofactor. RFC 8032 sections 5.1.7 and 5.2.7 allow either, and a signature made with care passes one and not the other.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { concat, equalBytes, utf8 } from "@sealane/wire";
import type { EdwardsKind } from "../key_info.ts";

/** dom4(0, "") of RFC 8032 section 2. */
const DOM4 = concat([utf8("SigEd448"), Uint8Array.of(0, 0)]);

const CURVES = {
  ed25519: { Point: ed25519.Point, hash: (data: Uint8Array) => sha512(data) },
  ed448: {
    Point: ed448.Point,
    hash: (data: Uint8Array) => shake256(concat([DOM4, data]), { dkLen: 114 }),
  },
} as const;

/**
 * Whether [S]B = R + [k]A, by way of R: whether [S]B - [k]A is encoded as R is. Key and signature have the right form; a key off
 * the curve throws.
 */
export function verifyEdwards(
  kind: EdwardsKind,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { Point, hash } = CURVES[kind];
  const half = signature.length / 2;
  const r = signature.subarray(0, half);
  const s = bytesToNumberLE(signature.subarray(half));
  const k = bytesToNumberLE(hash(concat([r, publicKey, data]))) % Point.Fn.ORDER;
  const a = Point.fromBytes(publicKey);
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), r);
}
