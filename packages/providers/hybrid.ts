/**
 * Hybrid key exchange (RFC 9954) of an elliptic curve and ML-KEM (RFC 10024): shares and secrets are concatenated.
 *
 * @module
 */
import { chainBoth } from "./maybe_promise.ts";
import { concat, NamedGroup, namedGroupName, wipe } from "@sealane/wire";
import { mlKemGroups } from "./ml_kem.ts";
import type { KeyExchangeGroup, KeyPair } from "./provider.ts";

/**
 * The three groups of RFC 10024 section 4, and curveSM2MLKEM768 of draft-yang-tls-hybrid-sm2-mlkem section 3: their parts,
 * and which stands first in shares and secret alike.
 */
const HYBRIDS = [
  {
    id: NamedGroup.X25519MLKEM768,
    curve: NamedGroup.x25519,
    kem: NamedGroup.MLKEM768,
    first: "kem",
  },
  {
    id: NamedGroup.SecP256r1MLKEM768,
    curve: NamedGroup.secp256r1,
    kem: NamedGroup.MLKEM768,
    first: "curve",
  },
  {
    id: NamedGroup.SecP384r1MLKEM1024,
    curve: NamedGroup.secp384r1,
    kem: NamedGroup.MLKEM1024,
    first: "curve",
  },
  {
    id: NamedGroup.curveSM2MLKEM768,
    curve: NamedGroup.curveSM2,
    kem: NamedGroup.MLKEM768,
    first: "curve",
  },
] as const;

/** The hybrid group with this code point of two of the `parts`; `null` if they are not among them. */
export function hybridGroup(
  id: NamedGroup,
  parts: readonly KeyExchangeGroup[],
): KeyExchangeGroup | null {
  const hybrid = HYBRIDS.find((candidate) => candidate.id === id);
  const curve = parts.find((part) => part.id === hybrid?.curve);
  const kem = parts.find((part) => part.id === hybrid?.kem);
  if (hybrid === undefined || curve === undefined || kem === undefined) return null;
  return makeHybrid(id, curve, kem, hybrid.first === "kem");
}

function makeHybrid(
  id: NamedGroup,
  curve: KeyExchangeGroup,
  kem: KeyExchangeGroup,
  kemFirst: boolean,
): KeyExchangeGroup {
  const join = (curvePart: Uint8Array, kemPart: Uint8Array): Uint8Array =>
    kemFirst ? concat([kemPart, curvePart]) : concat([curvePart, kemPart]);

  /** Joins two secrets and wipes the parts; `null` if either is. */
  const joinSecrets = (curvePart: Uint8Array | null, kemPart: Uint8Array | null) => {
    const secret = curvePart === null || kemPart === null ? null : join(curvePart, kemPart);
    wipe(curvePart, kemPart);
    return secret;
  };

  /** The two parts of a peer's share; a curve's shares have one length both ways, the rest is ML-KEM's to check. */
  function split(share: Uint8Array): [Uint8Array, Uint8Array] | null {
    if (share.length < curve.shareLength) return null;
    const at = kemFirst ? share.length - curve.shareLength : curve.shareLength;
    const [front, back] = [share.subarray(0, at), share.subarray(at)];
    return kemFirst ? [back, front] : [front, back];
  }

  function pair(curvePair: KeyPair, kemPair: KeyPair): KeyPair {
    return {
      share: join(curvePair.share, kemPair.share),
      complete(peerShare) {
        const parts = split(peerShare);
        if (parts === null) return null;
        return chainBoth(curvePair.complete(parts[0]), kemPair.complete(parts[1]), joinSecrets);
      },
      component(group) {
        return group === curve.id ? curvePair : group === kem.id ? kemPair : null;
      },
    };
  }

  return Object.freeze({
    id,
    name: namedGroupName(id),
    shareLength: curve.shareLength + kem.shareLength,
    generate: () => chainBoth(curve.generate(), kem.generate(), pair),
    respond(peerShare: Uint8Array) {
      const parts = split(peerShare);
      if (parts === null || peerShare.length !== curve.shareLength + kem.shareLength) return null;
      return chainBoth(curve.respond(parts[0]), kem.respond(parts[1]), (a, b) => {
        const secret = joinSecrets(a?.secret ?? null, b?.secret ?? null);
        return a === null || b === null || secret === null
          ? null
          : { share: join(a.share, b.share), secret };
      });
    },
  });
}

/** The order of our providers: the hybrid with X25519 first, then `curves` as they come, other hybrids, pure ML-KEM. */
export function orderGroups(
  curves: readonly KeyExchangeGroup[],
  kems: readonly KeyExchangeGroup[] = mlKemGroups,
): KeyExchangeGroup[] {
  const parts = [...curves, ...kems];
  const groups = [
    hybridGroup(NamedGroup.X25519MLKEM768, parts),
    ...curves,
    hybridGroup(NamedGroup.SecP256r1MLKEM768, parts),
    hybridGroup(NamedGroup.SecP384r1MLKEM1024, parts),
    ...kems,
  ];
  return groups.filter((group) => group !== null);
}
