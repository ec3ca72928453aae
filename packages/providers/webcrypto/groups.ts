/**
 * Key exchange through `crypto.subtle`; ML-KEM, X448, and curves that the platform lacks come from noble.
 *
 * @module
 */
import { NamedGroup } from "@sealane/wire";
import { type Curve, curveGroup } from "../curve_group.ts";
import { orderGroups } from "../hybrid.ts";
import { nobleCurveGroups } from "../noble/groups.ts";
import type { KeyExchangeGroup } from "../provider.ts";
import { input, orElse, subtle } from "./subtle.ts";

function subtleCurve(
  id: NamedGroup,
  algorithm: EcKeyAlgorithm | { readonly name: "X25519" },
  bits: number,
): Curve<CryptoKey> {
  return {
    id,
    async generate() {
      // With these two algorithms there is always a pair; the types know it of some overloads only.
      const keys = await subtle.generateKey(algorithm, false, ["deriveBits"]) as CryptoKeyPair;
      const share = new Uint8Array(await subtle.exportKey("raw", keys.publicKey));
      return { privateKey: keys.privateKey, share };
    },
    async agree(privateKey, peerShare) {
      const publicKey = await subtle.importKey("raw", input(peerShare), algorithm, false, []);
      const parameters = { name: algorithm.name, public: publicKey };
      return new Uint8Array(await subtle.deriveBits(parameters, privateKey, bits));
    },
  };
}

/** The curves that WebCrypto defines; P-521 has secrets of 66 bytes. */
export const webCryptoCurves: readonly Curve<CryptoKey>[] = [
  subtleCurve(NamedGroup.x25519, { name: "X25519" }, 256),
  subtleCurve(NamedGroup.secp256r1, { name: "ECDH", namedCurve: "P-256" }, 256),
  subtleCurve(NamedGroup.secp384r1, { name: "ECDH", namedCurve: "P-384" }, 384),
  subtleCurve(NamedGroup.secp521r1, { name: "ECDH", namedCurve: "P-521" }, 528),
];

function groupWithFallback(fallback: KeyExchangeGroup): KeyExchangeGroup {
  const curve = webCryptoCurves.find(({ id }) => id === fallback.id);
  if (curve === undefined) return fallback;
  const group = curveGroup(curve);
  return Object.freeze({
    ...group,
    generate: () => orElse(async () => await group.generate(), () => fallback.generate()),
    respond(peerShare: Uint8Array) {
      const own = peerShare.slice();
      return orElse(async () => await group.respond(own), () => fallback.respond(own));
    },
  });
}

/** Every group, most preferred first. */
export const webCryptoGroups: readonly KeyExchangeGroup[] = orderGroups(
  nobleCurveGroups.map(groupWithFallback),
);
