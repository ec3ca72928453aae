/**
 * Key exchange through `node:crypto`, and the hybrids over it.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { concat, der, NamedGroup } from "@sealane/wire";
import { type Curve, CURVE_SHARE_LENGTHS, curveGroup } from "../curve_group.ts";
import { orderGroups } from "../hybrid.ts";
import { encodeKeyAlgorithm } from "../key_info.ts";
import type { KeyExchangeGroup } from "../provider.ts";
import { type NodeCrypto, plain } from "./platform.ts";
import { curveWorks } from "./probe.ts";

interface NativeCurve {
  readonly id: NamedGroup;
  /** The AlgorithmIdentifier of its keys. */
  readonly algorithm: Uint8Array;
  generate(crypto: NodeCrypto): { publicKey: KeyObject; privateKey: KeyObject };
}

function nist(id: NamedGroup, curve: "P-256" | "P-384" | "P-521"): NativeCurve {
  return {
    id,
    algorithm: encodeKeyAlgorithm({ kind: "ec", curve }),
    generate: (crypto) => crypto.generateKeyPairSync("ec", { namedCurve: curve }),
  };
}

const CURVES: readonly NativeCurve[] = [
  {
    id: NamedGroup.x25519,
    algorithm: der.sequence(der.objectIdentifier("1.3.101.110")),
    generate: (crypto) => crypto.generateKeyPairSync("x25519"),
  },
  nist(NamedGroup.secp256r1, "P-256"),
  nist(NamedGroup.secp384r1, "P-384"),
  nist(NamedGroup.secp521r1, "P-521"),
  {
    id: NamedGroup.x448,
    algorithm: der.sequence(der.objectIdentifier("1.3.101.111")),
    generate: (crypto) => crypto.generateKeyPairSync("x448"),
  },
];

function bindCurve(crypto: NodeCrypto, curve: NativeCurve): Curve<KeyObject> {
  const shareLength = CURVE_SHARE_LENGTHS.get(curve.id) ?? 0;
  const spki = der.sequence(curve.algorithm, der.bitString(new Uint8Array(shareLength)));
  const spkiPrefix = spki.subarray(0, -shareLength);
  return {
    id: curve.id,
    generate() {
      const { publicKey, privateKey } = curve.generate(crypto);
      const exported = plain(publicKey.export({ format: "der", type: "spki" }));
      return { privateKey, share: exported.slice(exported.length - shareLength) };
    },
    agree(privateKey, peerShare) {
      // The types want a Buffer; the platforms take any Uint8Array.
      const key = concat([spkiPrefix, peerShare]) as Uint8Array & string;
      const publicKey = crypto.createPublicKey({ key, format: "der", type: "spki" });
      return plain(crypto.diffieHellman({ privateKey, publicKey }));
    },
  };
}

/** The curves that the platform has. */
export function nativeCurves(crypto: NodeCrypto): Curve<KeyObject>[] {
  return CURVES.map((curve) => bindCurve(crypto, curve))
    .filter((curve) => curveWorks(curve, CURVE_SHARE_LENGTHS.get(curve.id) ?? 0));
}

/** The groups that the platform has, hybrids included, most preferred first. */
export function nativeGroups(crypto: NodeCrypto): KeyExchangeGroup[] {
  return orderGroups(nativeCurves(crypto).map(curveGroup));
}
