/**
 * Key exchange through `node:crypto`, and the hybrids over it.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { concat, der, NamedGroup, TlsError } from "@sealane/wire";
import { type Curve, CURVE_SHARE_LENGTHS, curveGroup } from "../curve_group.ts";
import { orderGroups } from "../hybrid.ts";
import { encodeKeyAlgorithm } from "../key_info.ts";
import { mlKemGroups, mlKemGroupsOf } from "../ml_kem.ts";
import type { P256 } from "../p256/kernel.ts";
import type { KeyExchangeGroup } from "../provider.ts";
import type { Kernels } from "./kernels.ts";
import { isNode, type NodeCrypto, plain } from "./platform.ts";
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

const BASE64_OF_URL: Readonly<Record<string, string>> = { "-": "+", "_": "/" };

/**
 * X25519 with shares as JSON Web Keys (RFC 8037): OpenSSL 3, which Node has, takes several times as long to write and read
 * the DER of a key.
 */
function x25519ByJwk(crypto: NodeCrypto): Curve<KeyObject> {
  return {
    id: NamedGroup.x25519,
    generate() {
      const { publicKey, privateKey } = crypto.generateKeyPairSync("x25519");
      const { x = "" } = publicKey.export({ format: "jwk" });
      const base64 = x.replace(/[-_]/g, (character) => BASE64_OF_URL[character]);
      return { privateKey, share: Uint8Array.from(atob(base64), (each) => each.charCodeAt(0)) };
    },
    agree(privateKey, peerShare) {
      const x = btoa(String.fromCharCode(...peerShare))
        .replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
      const key = { kty: "OKP", crv: "X25519", x };
      const publicKey = crypto.createPublicKey({ key, format: "jwk" });
      return plain(crypto.diffieHellman({ privateKey, publicKey }));
    },
  };
}

/** The curves that the platform has. */
export function nativeCurves(crypto: NodeCrypto, byJwk: boolean = isNode): Curve<KeyObject>[] {
  return CURVES
    .map((curve) =>
      byJwk && curve.id === NamedGroup.x25519 ? x25519ByJwk(crypto) : bindCurve(crypto, curve)
    )
    .filter((curve) => curveWorks(curve, CURVE_SHARE_LENGTHS.get(curve.id) ?? 0));
}

/** P-256 by the kernel. */
export function p256Curve(p256: P256): Curve<Uint8Array> {
  return {
    id: NamedGroup.secp256r1,
    generate() {
      const privateKey = p256.generate();
      return { privateKey, share: p256.publicPoint(privateKey) };
    },
    agree(privateKey, peerShare) {
      const secret = p256.agree(privateKey, peerShare);
      if (secret === null) throw new TlsError("api/argument", "the share is no point of P-256");
      return secret;
    },
  };
}

/** The groups that the platform has, hybrids included, most preferred first; P-256 and ML-KEM by the kernels, if given. */
export function nativeGroups(crypto: NodeCrypto, { p256, mlKem }: Kernels): KeyExchangeGroup[] {
  const curves = nativeCurves(crypto).map((curve) =>
    p256 !== null && curve.id === NamedGroup.secp256r1
      ? curveGroup(p256Curve(p256))
      : curveGroup(curve)
  );
  return orderGroups(curves, mlKem === null ? mlKemGroups : mlKemGroupsOf(mlKem));
}
