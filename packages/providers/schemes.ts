/**
 * The signature schemes of TLS 1.3 as data (RFC 9846 section 4.3.3, ML-DSA by draft-ietf-tls-mldsa), and what is the
 * same in every provider: which key a scheme takes, and the form of an ECDSA signature.
 *
 * @module
 */
import { isTrue } from "./answers.ts";
import { chain } from "./maybe_promise.ts";
import {
  der,
  DerReader,
  equalBytes,
  SignatureScheme,
  signatureSchemeName,
  TlsError,
} from "@sealane/wire";
import {
  bitLength,
  EC_CURVES,
  type EcCurve,
  type EdwardsKind,
  HASHES,
  type HashName,
  type MlDsaKind,
  parsePublicKey,
  type PublicKey,
} from "./key_info.ts";
import type { PrivateKey } from "./private_key.ts";
import type { MaybePromise, SignatureAlgorithm, SignatureUse } from "./provider.ts";

/** What a scheme is made of. */
export type SchemeInfo =
  | EcdsaScheme
  | RsaScheme
  | { readonly scheme: SignatureScheme; readonly kind: EdwardsKind | MlDsaKind };

/** An ECDSA scheme. */
export interface EcdsaScheme {
  /** IANA code point. */
  readonly scheme: SignatureScheme;
  /** Discriminates the union. */
  readonly kind: "ecdsa";
  /** The hash of the message. */
  readonly hash: HashName;
  /** The curve that the scheme wants outside certificates. */
  readonly curve: EcCurve;
}

/** An RSA scheme: `rsa-pkcs1` and `rsa-pss-rsae` with rsaEncryption keys, `rsa-pss-pss` with id-RSASSA-PSS keys. */
export interface RsaScheme {
  /** IANA code point. */
  readonly scheme: SignatureScheme;
  /** Discriminates the union. */
  readonly kind: "rsa-pkcs1" | "rsa-pss-rsae" | "rsa-pss-pss";
  /** The hash of the message, of MGF1, and by its length of the salt. */
  readonly hash: HashName;
}

const S = SignatureScheme;

/** Every scheme that our providers know, most preferred first. PKCS#1 is for certificates only (RFC 9846 §4.3.3). */
export const SCHEMES: readonly SchemeInfo[] = [
  { scheme: S.ecdsa_secp256r1_sha256, kind: "ecdsa", hash: "SHA-256", curve: "P-256" },
  { scheme: S.ed25519, kind: "ed25519" },
  { scheme: S.rsa_pss_rsae_sha256, kind: "rsa-pss-rsae", hash: "SHA-256" },
  { scheme: S.ecdsa_secp384r1_sha384, kind: "ecdsa", hash: "SHA-384", curve: "P-384" },
  { scheme: S.rsa_pss_rsae_sha384, kind: "rsa-pss-rsae", hash: "SHA-384" },
  { scheme: S.ecdsa_secp521r1_sha512, kind: "ecdsa", hash: "SHA-512", curve: "P-521" },
  { scheme: S.rsa_pss_rsae_sha512, kind: "rsa-pss-rsae", hash: "SHA-512" },
  { scheme: S.rsa_pss_pss_sha256, kind: "rsa-pss-pss", hash: "SHA-256" },
  { scheme: S.rsa_pss_pss_sha384, kind: "rsa-pss-pss", hash: "SHA-384" },
  { scheme: S.rsa_pss_pss_sha512, kind: "rsa-pss-pss", hash: "SHA-512" },
  { scheme: S.ed448, kind: "ed448" },
  { scheme: S.mldsa44, kind: "mldsa44" },
  { scheme: S.mldsa65, kind: "mldsa65" },
  { scheme: S.mldsa87, kind: "mldsa87" },
  { scheme: S.rsa_pkcs1_sha256, kind: "rsa-pkcs1", hash: "SHA-256" },
  { scheme: S.rsa_pkcs1_sha384, kind: "rsa-pkcs1", hash: "SHA-384" },
  { scheme: S.rsa_pkcs1_sha512, kind: "rsa-pkcs1", hash: "SHA-512" },
  { scheme: S.rsa_pkcs1_sha256_legacy, kind: "rsa-pkcs1", hash: "SHA-256" },
  { scheme: S.rsa_pkcs1_sha384_legacy, kind: "rsa-pkcs1", hash: "SHA-384" },
  { scheme: S.rsa_pkcs1_sha512_legacy, kind: "rsa-pkcs1", hash: "SHA-512" },
];

/**
 * Whether a scheme may sign a CertificateVerify. RFC 9846 section 4.3.3: PKCS#1 v1.5 is for signatures in
 * certificates only, so a handshake filters the list of a provider with this before it offers it.
 */
export function isCertificateOnlyScheme(scheme: SignatureScheme): boolean {
  return scheme === S.rsa_pkcs1_sha1 || scheme === S.ecdsa_sha1 || scheme === S.rsa_pkcs1_sha256 ||
    scheme === S.rsa_pkcs1_sha384 || scheme === S.rsa_pkcs1_sha512;
}

/**
 * Whether a scheme is for the CertificateVerify of clients only: PKCS#1 v1.5 under code points of its own, for keys in
 * hardware that cannot do PSS (RFC 9963). Nobody offers or uses one unless told to.
 */
export function isClientOnlyScheme(scheme: SignatureScheme): boolean {
  return scheme === S.rsa_pkcs1_sha256_legacy || scheme === S.rsa_pkcs1_sha384_legacy ||
    scheme === S.rsa_pkcs1_sha512_legacy;
}

function accepts(info: SchemeInfo, key: PublicKey, use: SignatureUse): boolean {
  switch (info.kind) {
    case "ecdsa":
      // RFC 9846 §4.3.3: outside certificates the scheme fixes the curve too.
      return key.kind === "ec" && (use === "certificate" || key.curve === info.curve);
    case "rsa-pss-rsae":
      return key.kind === "rsa";
    case "rsa-pss-pss":
      // RFC 9846 §4.3.3: the key's parameters, if present, are the signature's.
      return key.kind === "rsa-pss" && (key.hash === null || key.hash === info.hash);
    case "rsa-pkcs1":
      return key.kind === "rsa" &&
        use === (isClientOnlyScheme(info.scheme) ? "certificate-verify" : "certificate");
    default:
      return key.kind === info.kind;
  }
}

/** Whether the signature has the one form that it may have for this key. */
function isWellFormed(info: SchemeInfo, key: PublicKey, signature: Uint8Array): boolean {
  if (key.kind === "ec") return parseEcdsaSignature(signature, key.curve) !== null;
  // RFC 8017 §8.1.2 and §8.2.2, step 1: as long as the modulus.
  if (key.modulus !== undefined) return signature.length === key.modulus.length;
  if (info.kind === "ed25519") return signature.length === 64;
  if (info.kind === "ed448") {
    // RFC 8032 §5.2.2 and §5.2.7: a point has 7 unused bits, and S is below 2^446. Not every platform looks (Deno 2.9).
    return signature.length === 114 && (key.key[56] & 0x7f) === 0 && (signature[56] & 0x7f) === 0 &&
      signature[113] === 0;
  }
  return true;
}

/**
 * A signature algorithm from `verify`, which sees only keys of the right kind and signatures of the right form. If
 * `verify` throws, the signature does not verify.
 */
export function signatureAlgorithm(
  info: SchemeInfo,
  verify: (key: PublicKey, data: Uint8Array, signature: Uint8Array) => MaybePromise<boolean>,
): SignatureAlgorithm {
  return Object.freeze({
    scheme: info.scheme,
    name: signatureSchemeName(info.scheme),
    verify(spki: Uint8Array, data: Uint8Array, signature: Uint8Array, use: SignatureUse) {
      const key = parsePublicKey(spki);
      if (key === null || !accepts(info, key, use)) return false;
      if (!isWellFormed(info, key, signature)) return false;
      try {
        return chain(verify(key, data, signature), isTrue, () => false);
      } catch {
        return false; // a point off the curve, for instance: bad peer input
      }
    },
  });
}

/** The schemes that a private key can sign a CertificateVerify with, most preferred first. */
export function schemesOfKey(key: PrivateKey): SchemeInfo[] {
  return SCHEMES.filter((info) => {
    switch (info.kind) {
      case "ecdsa":
        return key.kind === "ec" && key.curve === info.curve;
      case "rsa-pss-rsae":
        return key.kind === "rsa" && fitsPss(key.modulus, info.hash);
      case "rsa-pss-pss":
        return key.kind === "rsa-pss" && (key.hash === null || key.hash === info.hash) &&
          fitsPss(key.modulus, info.hash);
      case "rsa-pkcs1":
        return key.kind === "rsa" && isClientOnlyScheme(info.scheme);
      default:
        return key.kind === info.kind;
    }
  });
}

/** RFC 8017 §9.1.1 step 3: hash, salt and two bytes fit in the encoded message. RSA-1024 has no room for SHA-512. */
function fitsPss(modulus: Uint8Array, hash: HashName): boolean {
  return Math.ceil((bitLength(modulus) - 1) / 8) >= 2 * HASHES[hash].bytes + 2;
}

/** The scheme to sign with, which has to be one of the signer's. */
export function pickScheme(schemes: readonly SchemeInfo[], scheme: SignatureScheme): SchemeInfo {
  const info = schemes.find((candidate) => candidate.scheme === scheme);
  if (info !== undefined) return info;
  throw new TlsError("api/argument", `this key cannot sign with ${signatureSchemeName(scheme)}`);
}

/**
 * The numbers r and s of a DER signature (RFC 3279 section 2.2.3), side by side in the curve's width (the form of IEEE
 * P1363); `null` if the DER is not strict or a number is out of range (zero, or wider than the curve).
 */
export function parseEcdsaSignature(signature: Uint8Array, curve: EcCurve): Uint8Array | null {
  const width = EC_CURVES[curve].bytes;
  const output = new Uint8Array(2 * width);
  try {
    const reader = new DerReader(signature, "Ecdsa-Sig-Value");
    reader.sequence("Ecdsa-Sig-Value", (pair) => {
      for (const [field, end] of [["r", width], ["s", 2 * width]] as const) {
        const number = pair.unsigned(field);
        const isZero = equalBytes(number, Uint8Array.of(0));
        if (isZero || number.length > width) pair.fail(`${field} is out of range`);
        output.set(number, end - number.length);
      }
    });
    reader.end();
    return output;
  } catch (error) {
    if (error instanceof TlsError) return null;
    throw error;
  }
}

/** The DER form of r and s that stand side by side. */
export function encodeEcdsaSignature(pair: Uint8Array): Uint8Array {
  const width = pair.length / 2;
  return der.sequence(der.integer(pair.subarray(0, width)), der.integer(pair.subarray(width)));
}
