/**
 * Key exchange through `crypto.subtle`; ML-KEM, X448, and curves that the platform lacks come from noble.
 *
 * @module
 */
import { NamedGroup } from "@sealane/wire";
import { orderGroups } from "../hybrid.ts";
import { nobleCurves } from "../noble/groups.ts";
import type { KeyAgreement, KeyExchangeGroup, KeyPair } from "../provider.ts";
import { input, orElse, subtle } from "./subtle.ts";

/** How `crypto.subtle` names a curve, and how many bits its secret has. */
const CURVES: ReadonlyMap<
  NamedGroup,
  { algorithm: EcKeyAlgorithm | { name: "X25519" }; bits: number }
> = new Map<
  NamedGroup,
  { algorithm: EcKeyAlgorithm | { name: "X25519" }; bits: number }
>([
  [NamedGroup.x25519, { algorithm: { name: "X25519" }, bits: 256 }],
  [NamedGroup.secp256r1, { algorithm: { name: "ECDH", namedCurve: "P-256" }, bits: 256 }],
  [NamedGroup.secp384r1, { algorithm: { name: "ECDH", namedCurve: "P-384" }, bits: 384 }],
  [NamedGroup.secp521r1, { algorithm: { name: "ECDH", namedCurve: "P-521" }, bits: 528 }],
]);

function subtleGroup(fallback: KeyExchangeGroup): KeyExchangeGroup {
  const { id, name, shareLength } = fallback;
  const curve = CURVES.get(id);
  if (curve === undefined) return fallback;
  const { algorithm, bits } = curve;

  async function agree(privateKey: CryptoKey, peerShare: Uint8Array): Promise<Uint8Array | null> {
    // RFC 9846 §4.3.8.2: points are uncompressed, which some platforms do not insist on.
    if (peerShare.length !== shareLength) return null;
    if (algorithm.name === "ECDH" && peerShare[0] !== 4) return null;
    let secret: Uint8Array;
    try {
      const publicKey = await subtle.importKey("raw", input(peerShare), algorithm, false, []);
      const parameters = { name: algorithm.name, public: publicKey };
      secret = new Uint8Array(await subtle.deriveBits(parameters, privateKey, bits));
    } catch {
      return null; // off the curve, or of low order; the algorithm itself has made a key already
    }
    // RFC 7748 §6, RFC 9846 §7.4.2: an all-zero secret comes from a share of low order.
    let all = 0;
    for (const byte of secret) all |= byte;
    return all === 0 ? null : secret;
  }

  async function keyPair(): Promise<{ privateKey: CryptoKey; share: Uint8Array }> {
    // With these two algorithms there is always a pair; the types know it of some overloads only.
    const keys = await subtle.generateKey(algorithm, false, ["deriveBits"]) as CryptoKeyPair;
    const share = new Uint8Array(await subtle.exportKey("raw", keys.publicKey));
    return { privateKey: keys.privateKey, share };
  }

  return Object.freeze({
    id,
    name,
    shareLength,
    generate: () =>
      orElse<KeyPair>(async () => {
        const { privateKey, share } = await keyPair();
        return { share, complete: (peerShare) => agree(privateKey, peerShare) };
      }, () => fallback.generate()),
    respond(peerShare: Uint8Array) {
      const copy = peerShare.slice();
      return orElse<KeyAgreement | null>(async () => {
        const { privateKey, share } = await keyPair();
        const secret = await agree(privateKey, copy);
        return secret === null ? null : { share, secret };
      }, () => fallback.respond(copy));
    },
  });
}

/** Every group, most preferred first. */
export const webCryptoGroups: readonly KeyExchangeGroup[] = orderGroups(
  nobleCurves.map(subtleGroup),
);
