/**
 * Signatures from `@noble/curves`, `@noble/post-quantum` and our own RSA.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { der, TlsError } from "@sealane/wire";
import type { EcCurve, PublicKey } from "../key_info.ts";
import { mlDsaAlgorithms, mlDsaSigner } from "../ml_dsa.ts";
import {
  parsePrivateKey,
  type PrivateKey,
  requireOwnPublicKey,
  type RsaPrivateKey,
  spkiOf,
} from "../private_key.ts";
import type { SignatureAlgorithm, Signer } from "../provider.ts";
import { pickScheme, type SchemeInfo, SCHEMES, schemesOfKey } from "../schemes.ts";
import { signatureAlgorithm } from "../signature_algorithm.ts";
import { encodeEcdsaSignature, parseEcdsaSignature } from "../signature_form.ts";
import { verifyEdwards } from "./edwards.ts";
import { nobleHashFunctions } from "./hash.ts";
import { signRsa, verifyRsa } from "./rsa.ts";

const CURVES: Readonly<Record<EcCurve, typeof p256>> = {
  "P-256": p256,
  "P-384": p384,
  "P-521": p521,
};

const EDWARDS: Readonly<Record<"ed25519" | "ed448", typeof ed25519>> = { ed25519, ed448 };

/** TLS hashes the message itself, and high-S signatures are as good as low-S ones. */
const ECDSA_OPTIONS = { prehash: false, lowS: false } as const;

/** Whether a signature is true whose form and key have been checked. */
export function nobleVerify(
  info: SchemeInfo,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (info.kind) {
    case "ecdsa": {
      if (key.kind !== "ec") return false;
      const pair = parseEcdsaSignature(signature, key.curve);
      if (pair === null) return false;
      const digest = nobleHashFunctions[info.hash](data);
      return CURVES[key.curve].verify(pair, digest, key.key, ECDSA_OPTIONS);
    }
    case "ed25519":
    case "ed448":
      return verifyEdwards(info.kind, key.key, data, signature);
    case "rsa-pkcs1":
    case "rsa-pss-rsae":
    case "rsa-pss-pss": {
      const { modulus, exponent } = key;
      if (modulus === undefined || exponent === undefined) return false;
      const padding = info.kind === "rsa-pkcs1" ? "pkcs1" : "pss";
      return verifyRsa({ modulus, exponent }, padding, info.hash, data, signature);
    }
    default:
      return false;
  }
}

/** Every algorithm, most preferred first. */
export const nobleSignatures: readonly SignatureAlgorithm[] = SCHEMES.map((info) =>
  mlDsaAlgorithms.find(({ scheme }) => scheme === info.scheme) ??
    signatureAlgorithm(info, (key, data, signature) => nobleVerify(info, key, data, signature))
);

/** A signer for a PKCS#8 key. */
export function nobleSigner(pkcs8: Uint8Array): Signer {
  // A copy: the caller may wipe its own.
  const key = parsePrivateKey(pkcs8.slice());
  switch (key.kind) {
    case "ec":
      return signer(key, ecPublicKey(key), (info, data) => {
        if (info.kind !== "ecdsa") return null;
        const digest = nobleHashFunctions[info.hash](data);
        const options = { ...ECDSA_OPTIONS, extraEntropy: true };
        return encodeEcdsaSignature(CURVES[key.curve].sign(digest, key.scalar, options));
      });
    case "ed25519":
    case "ed448": {
      const curve = EDWARDS[key.kind];
      return signer(key, curve.getPublicKey(key.seed), (_, data) => curve.sign(data, key.seed));
    }
    case "rsa":
    case "rsa-pss":
      return signer(
        key,
        rsaPublicKey(key),
        (info, data) => {
          switch (info.kind) {
            case "rsa-pkcs1":
              return signRsa(key, "pkcs1", info.hash, data);
            case "rsa-pss-rsae":
            case "rsa-pss-pss":
              return signRsa(key, "pss", info.hash, data);
            default:
              return null;
          }
        },
      );
    default:
      return mlDsaSigner(key);
  }
}

function signer(
  key: PrivateKey,
  publicKey: Uint8Array,
  sign: (info: SchemeInfo, data: Uint8Array) => Uint8Array | null,
): Signer {
  requireOwnPublicKey(key, publicKey);
  const schemes = schemesOfKey(key);
  return Object.freeze({
    schemes: schemes.map(({ scheme }) => scheme),
    publicKey: spkiOf(key, publicKey),
    implementation: "javascript" as const,
    sign(scheme: number, data: Uint8Array): Uint8Array {
      const signature = sign(pickScheme(schemes, scheme), data);
      if (signature !== null) return signature;
      throw new TlsError("local/internal", `no way to sign with scheme ${scheme}`);
    },
  });
}

function ecPublicKey(key: { curve: EcCurve; scalar: Uint8Array }): Uint8Array {
  try {
    return CURVES[key.curve].getPublicKey(key.scalar, false);
  } catch {
    throw new TlsError("api/config", "the private key's scalar is out of range");
  }
}

/** The RSAPublicKey of an RSA private key (RFC 8017 appendix A.1.1). */
function rsaPublicKey(key: RsaPrivateKey): Uint8Array {
  return der.sequence(der.integer(key.modulus), der.integer(key.exponent));
}
