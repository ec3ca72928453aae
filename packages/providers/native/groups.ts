/**
 * Key exchange through `node:crypto`, and the hybrids over it.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { der, NamedGroup, namedGroupName } from "@sealane/wire";
import { concat } from "@std/bytes";
import { orderGroups } from "../hybrid.ts";
import { encodeSpki } from "../key_info.ts";
import type { KeyAgreement, KeyExchangeGroup, KeyPair } from "../provider.ts";
import { type NodeCrypto, plain } from "./platform.ts";

interface Curve {
  readonly id: NamedGroup;
  readonly shareLength: number;
  /** What stands before the share in a SubjectPublicKeyInfo. */
  readonly spkiPrefix: Uint8Array;
  /** The form of a share, before any arithmetic. */
  isShare(share: Uint8Array): boolean;
  generate(crypto: NodeCrypto): { publicKey: KeyObject; privateKey: KeyObject };
}

function nistCurve(id: NamedGroup, curve: "P-256" | "P-384" | "P-521", shareLength: number): Curve {
  const spki = encodeSpki({ kind: "ec", curve }, new Uint8Array(shareLength));
  return {
    id,
    shareLength,
    spkiPrefix: spki.subarray(0, -shareLength),
    // RFC 9846 §4.3.8.2: uncompressed points only.
    isShare: (share) => share.length === shareLength && share[0] === 4,
    generate: (crypto) => crypto.generateKeyPairSync("ec", { namedCurve: curve }),
  };
}

function montgomeryCurve(
  id: NamedGroup,
  type: "x25519" | "x448",
  oid: string,
  shareLength: number,
): Curve {
  const algorithm = der.sequence(der.objectIdentifier(oid));
  const spki = der.sequence(algorithm, der.bitString(new Uint8Array(shareLength)));
  return {
    id,
    shareLength,
    spkiPrefix: spki.subarray(0, -shareLength),
    isShare: (share) => share.length === shareLength,
    // The types have one overload per type name.
    generate: (crypto) =>
      type === "x25519" ? crypto.generateKeyPairSync("x25519") : crypto.generateKeyPairSync("x448"),
  };
}

const CURVES: readonly Curve[] = [
  montgomeryCurve(NamedGroup.x25519, "x25519", "1.3.101.110", 32),
  nistCurve(NamedGroup.secp256r1, "P-256", 65),
  nistCurve(NamedGroup.secp384r1, "P-384", 97),
  nistCurve(NamedGroup.secp521r1, "P-521", 133),
  montgomeryCurve(NamedGroup.x448, "x448", "1.3.101.111", 56),
];

function curveGroup(crypto: NodeCrypto, curve: Curve): KeyExchangeGroup {
  function agree(privateKey: KeyObject, peerShare: Uint8Array): Uint8Array | null {
    if (!curve.isShare(peerShare)) return null;
    let secret: Uint8Array;
    try {
      const publicKey = importShare(crypto, curve, peerShare);
      secret = plain(crypto.diffieHellman({ privateKey, publicKey }));
    } catch {
      return null; // off the curve, or of low order
    }
    // RFC 9846 §7.4.2, RFC 7748 §6: the all-zero secret is refused, whatever the platform does.
    let bits = 0;
    for (const byte of secret) bits |= byte;
    return bits === 0 ? null : secret;
  }

  function generate(): KeyPair {
    const { publicKey, privateKey } = curve.generate(crypto);
    return {
      share: exportShare(curve, publicKey),
      complete: (peerShare) => agree(privateKey, peerShare),
    };
  }

  return Object.freeze({
    id: curve.id,
    name: namedGroupName(curve.id),
    shareLength: curve.shareLength,
    generate,
    respond(peerShare: Uint8Array): KeyAgreement | null {
      const { publicKey, privateKey } = curve.generate(crypto);
      const secret = agree(privateKey, peerShare);
      return secret === null ? null : { share: exportShare(curve, publicKey), secret };
    },
  });
}

function importShare(crypto: NodeCrypto, curve: Curve, share: Uint8Array): KeyObject {
  // The types want a Buffer; the platforms take any Uint8Array.
  const key = concat([curve.spkiPrefix, share]) as Uint8Array & string;
  return crypto.createPublicKey({ key, format: "der", type: "spki" });
}

function exportShare(curve: Curve, publicKey: KeyObject): Uint8Array {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return plain(spki).slice(spki.length - curve.shareLength);
}

/** Whether the platform knows the curve: some TLS libraries have no X448. */
function isSupported(crypto: NodeCrypto, curve: Curve): boolean {
  if (curve.id !== NamedGroup.x448) return true;
  try {
    importShare(crypto, curve, new Uint8Array(curve.shareLength).fill(9));
    return true;
  } catch {
    return false;
  }
}

/** The groups that the platform has, hybrids included, most preferred first. */
export function nativeGroups(crypto: NodeCrypto): KeyExchangeGroup[] {
  const curves = CURVES.filter((curve) => isSupported(crypto, curve))
    .map((curve) => curveGroup(crypto, curve));
  return orderGroups(curves);
}
