/**
 * Signatures from `@noble/curves`, `@noble/post-quantum` and our own RSA.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { der, TlsError } from "@sealane/wire";
import { type EcCurve, encodePssSpki, encodeSpki, type PublicKey } from "../key_info.ts";
import { mlDsaAlgorithms, mlDsaSigner } from "../ml_dsa.ts";
import { parsePrivateKey, type PrivateKey, type RsaPrivateKey } from "../private_key.ts";
import type { SignatureAlgorithm, Signer } from "../provider.ts";
import {
  encodeEcdsaSignature,
  parseEcdsaSignature,
  pickScheme,
  type SchemeInfo,
  SCHEMES,
  schemesOfKey,
  signatureAlgorithm,
} from "../schemes.ts";
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

function verify(
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
      // RFC 8032 §5.1.7 and §5.2.7: canonical encodings only, not the laxer rules of ZIP-215.
      return EDWARDS[info.kind].verify(signature, data, key.key, { zip215: false });
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
    signatureAlgorithm(info, (key, data, signature) => verify(info, key, data, signature))
);

/** A signer for a PKCS#8 key. */
export function nobleSigner(pkcs8: Uint8Array): Signer {
  // A copy: the caller may wipe its own.
  const key = parsePrivateKey(pkcs8.slice());
  switch (key.kind) {
    case "ec":
      return signer(key, encodeSpki(key, ecPublicKey(key)), (info, data) => {
        if (info.kind !== "ecdsa") return null;
        const digest = nobleHashFunctions[info.hash](data);
        const options = { ...ECDSA_OPTIONS, extraEntropy: true };
        return encodeEcdsaSignature(CURVES[key.curve].sign(digest, key.scalar, options));
      });
    case "ed25519":
    case "ed448": {
      const curve = EDWARDS[key.kind];
      const spki = encodeSpki({ kind: key.kind }, curve.getPublicKey(key.seed));
      return signer(key, spki, (_, data) => curve.sign(data, key.seed));
    }
    case "rsa":
    case "rsa-pss":
      return signer(
        key,
        rsaSpki(key),
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
  const schemes = schemesOfKey(key);
  return Object.freeze({
    schemes: schemes.map(({ scheme }) => scheme),
    publicKey,
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

/** The SubjectPublicKeyInfo of an RSA private key. */
export function rsaSpki(key: RsaPrivateKey): Uint8Array {
  const numbers = der.sequence(der.integer(key.modulus), der.integer(key.exponent));
  return key.kind === "rsa"
    ? encodeSpki({ kind: "rsa" }, numbers)
    : encodePssSpki(key.hash, numbers);
}
