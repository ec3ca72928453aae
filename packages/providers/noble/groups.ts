/**
 * Key exchange from `@noble/curves`, and the hybrids over it.
 *
 * @module
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { x448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { NamedGroup, namedGroupName } from "@sealane/wire";
import { orderGroups } from "../hybrid.ts";
import type { KeyAgreement, KeyExchangeGroup, KeyPair } from "../provider.ts";

/** A Diffie-Hellman function: with a fresh key, and between a key and a share. */
interface DiffieHellman {
  /** Bytes of a share. */
  readonly shareLength: number;
  keygen(): { secretKey: Uint8Array; share: Uint8Array };
  /** The secret, or `null` for a bad share; it may throw too. */
  agree(secretKey: Uint8Array, share: Uint8Array): Uint8Array | null;
}

function montgomery(curve: typeof x25519, shareLength: number): DiffieHellman {
  return {
    shareLength,
    keygen() {
      const { secretKey, publicKey } = curve.keygen();
      return { secretKey, share: publicKey };
    },
    // RFC 7748 §6: noble throws on the all-zero secret that a low-order share gives.
    agree: (secretKey, share) => curve.getSharedSecret(secretKey, share),
  };
}

function nist(curve: typeof p256, coordinateLength: number): DiffieHellman {
  return {
    shareLength: 1 + 2 * coordinateLength,
    keygen() {
      const secretKey = curve.utils.randomSecretKey();
      return { secretKey, share: curve.getPublicKey(secretKey, false) };
    },
    agree(secretKey, share) {
      // RFC 9846 §4.3.8.2: uncompressed points only; noble throws if the point is off the curve.
      if (share[0] !== 4) return null;
      const point = curve.getSharedSecret(secretKey, share, false);
      // RFC 9846 §7.4.2: the secret is the x coordinate in the width of the field.
      return point.slice(1, 1 + coordinateLength);
    },
  };
}

function group(id: NamedGroup, curve: DiffieHellman): KeyExchangeGroup {
  const { shareLength } = curve;

  function agree(secretKey: Uint8Array, peerShare: Uint8Array): Uint8Array | null {
    if (peerShare.length !== shareLength) return null;
    try {
      return curve.agree(secretKey, peerShare);
    } catch {
      return null;
    }
  }

  return Object.freeze({
    id,
    name: namedGroupName(id),
    shareLength,
    generate(): KeyPair {
      const { secretKey, share } = curve.keygen();
      return { share, complete: (peerShare) => agree(secretKey, peerShare) };
    },
    respond(peerShare: Uint8Array): KeyAgreement | null {
      const { secretKey, share } = curve.keygen();
      const secret = agree(secretKey, peerShare);
      secretKey.fill(0);
      return secret === null ? null : { share, secret };
    },
  });
}

/** The groups over one curve each. */
export const nobleCurves: readonly KeyExchangeGroup[] = [
  group(NamedGroup.x25519, montgomery(x25519, 32)),
  group(NamedGroup.secp256r1, nist(p256, 32)),
  group(NamedGroup.secp384r1, nist(p384, 48)),
  group(NamedGroup.secp521r1, nist(p521, 66)),
  group(NamedGroup.x448, montgomery(x448, 56)),
];

/** Every group, most preferred first. */
export const nobleGroups: readonly KeyExchangeGroup[] = orderGroups(nobleCurves);
