/**
 * Key exchange from `@noble/curves`, and the hybrids over it.
 *
 * @module
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { x448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { NamedGroup } from "@sealane/wire";
import { type Curve, curveGroup } from "../curve_group.ts";
import { orderGroups } from "../hybrid.ts";
import type { KeyExchangeGroup } from "../provider.ts";

function montgomery(id: NamedGroup, curve: typeof x25519): Curve<Uint8Array> {
  return {
    id,
    generate() {
      const { secretKey, publicKey } = curve.keygen();
      return { privateKey: secretKey, share: publicKey };
    },
    agree: (privateKey, peerShare) => curve.getSharedSecret(privateKey, peerShare),
  };
}

function nist(id: NamedGroup, curve: typeof p256): Curve<Uint8Array> {
  return {
    id,
    generate() {
      const privateKey = curve.utils.randomSecretKey();
      return { privateKey, share: curve.getPublicKey(privateKey, false) };
    },
    agree(privateKey, peerShare) {
      const point = curve.getSharedSecret(privateKey, peerShare, false);
      // RFC 9846 §7.4.2: the secret is the x coordinate in the width of the field.
      return point.slice(1, (point.length + 1) / 2);
    },
  };
}

/** Every curve; a private key is its bytes. */
export const nobleCurves: readonly Curve<Uint8Array>[] = [
  montgomery(NamedGroup.x25519, x25519),
  nist(NamedGroup.secp256r1, p256),
  nist(NamedGroup.secp384r1, p384),
  nist(NamedGroup.secp521r1, p521),
  montgomery(NamedGroup.x448, x448),
];

/** The share of an X25519 or P-256 private key. Throws if the key is out of range. */
export function publicShare(id: NamedGroup, privateKey: Uint8Array): Uint8Array {
  return id === NamedGroup.x25519
    ? x25519.getPublicKey(privateKey)
    : p256.getPublicKey(privateKey, false);
}

/** The groups over one curve each. */
export const nobleCurveGroups: readonly KeyExchangeGroup[] = nobleCurves.map(curveGroup);

/** Every group, most preferred first. */
export const nobleGroups: readonly KeyExchangeGroup[] = orderGroups(nobleCurveGroups);
