/**
 * Whether a share is one, judged by `@noble/curves`: asked when a back end has thrown over a share, since a platform throws for
 * reasons of its own too.
 *
 * @module
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { x448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { NamedGroup } from "@sealane/wire";

const POINTS: Readonly<Partial<Record<NamedGroup, (share: Uint8Array) => unknown>>> = {
  // Any scalar will do: a product is zero for shares of low order alone, and for these always (RFC 7748 section 6).
  [NamedGroup.x25519]: (share) => x25519.getSharedSecret(new Uint8Array(32).fill(8), share),
  [NamedGroup.x448]: (share) => x448.getSharedSecret(new Uint8Array(56).fill(8), share),
  [NamedGroup.secp256r1]: (share) => p256.Point.fromBytes(share),
  [NamedGroup.secp384r1]: (share) => p384.Point.fromBytes(share),
  [NamedGroup.secp521r1]: (share) => p521.Point.fromBytes(share),
};

/** Whether a share of the right length and form is a point on the curve `id`, and not of low order. */
export function isGoodShare(id: NamedGroup, share: Uint8Array): boolean {
  try {
    return POINTS[id]?.(share) !== undefined;
  } catch {
    return false; // noble throws on every share that is no point, and computes in JavaScript alone
  }
}
