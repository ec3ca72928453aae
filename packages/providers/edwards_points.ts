/**
 * Which encodings of Edwards points and scalars RFC 8032 allows, and which points are no keys: decided on the bytes, before any
 * library is asked, since they differ.
 *
 * @module
 */
import type { EdwardsKind } from "./key_info.ts";

interface EdwardsCurve {
  /** Bytes of an encoding: the y coordinate from its lowest byte on, and the sign of x in the highest bit. */
  readonly bytes: number;
  /** The prime of the field (RFC 8032 sections 5.1 and 5.2). */
  readonly prime: bigint;
  /** The order of the base point. */
  readonly order: bigint;
  /** The y coordinates of the points of small order. Those of 1 and -1 have x = 0, which has no negative. */
  readonly smallOrder: ReadonlySet<bigint>;
}

const P25519 = 2n ** 255n - 19n;
const P448 = 2n ** 448n - 2n ** 224n - 1n;
/** y of a point of order 8 on edwards25519; the other one is its negative. */
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

const CURVES: Readonly<Record<EdwardsKind, EdwardsCurve>> = {
  ed25519: {
    bytes: 32,
    prime: P25519,
    order: 2n ** 252n + 27742317777372353535851937790883648493n,
    smallOrder: new Set([0n, 1n, P25519 - 1n, ORDER_8, P25519 - ORDER_8]),
  },
  ed448: {
    bytes: 57,
    prime: P448,
    order: 2n ** 446n -
      13818066809895115352007386748515426880336692474882178609894547503885n,
    smallOrder: new Set([0n, 1n, P448 - 1n]),
  },
};

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[i]);
  return value;
}

/** The y coordinate, if RFC 8032 §5.1.3 and §5.2.3 can decode it: below the prime, and with x = 0 the sign 0. */
function canonicalY(kind: EdwardsKind, encoded: Uint8Array): bigint | null {
  const { bytes, prime } = CURVES[kind];
  if (encoded.length !== bytes) return null;
  const sign = encoded[bytes - 1] >> 7;
  const magnitude = encoded.slice();
  magnitude[bytes - 1] &= 0x7f;
  const y = littleEndian(magnitude);
  if (y >= prime) return null;
  if (sign === 1 && (y === 1n || y === prime - 1n)) return null;
  return y;
}

/**
 * Whether `encoded` may be a public key: canonical, and not of small order. Whoever has a key of small order has a signature that
 * verifies for any message, or for one of eight. Whether it is on the curve at all is for the library to say.
 */
export function isEdwardsKey(kind: EdwardsKind, encoded: Uint8Array): boolean {
  const y = canonicalY(kind, encoded);
  return y !== null && !CURVES[kind].smallOrder.has(y);
}

/** Whether a signature is a canonical point R and a number S below the order (RFC 8032 sections 5.1.7 and 5.2.7, step 1). */
export function isEdwardsSignature(kind: EdwardsKind, signature: Uint8Array): boolean {
  const { bytes, order } = CURVES[kind];
  return signature.length === 2 * bytes &&
    canonicalY(kind, signature.subarray(0, bytes)) !== null &&
    littleEndian(signature.subarray(bytes)) < order;
}
