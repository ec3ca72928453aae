/**
 * The signature schemes of TLS 1.3 as data (RFC 9846 section 4.3.3, ML-DSA by draft-ietf-tls-mldsa), and which
 * of them a private key can sign with.
 *
 * @module
 */
import { SignatureScheme, signatureSchemeName, TlsError } from "@sealane/wire";
import type { EcCurve, EdwardsKind, HashName, MlDsaKind } from "./key_info.ts";
import type { PrivateKey } from "./private_key.ts";
import { fitsRsa } from "./rsa_sizes.ts";

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

/** The schemes that a private key can sign a CertificateVerify with, most preferred first. */
export function schemesOfKey(key: PrivateKey): SchemeInfo[] {
  return SCHEMES.filter((info) => {
    switch (info.kind) {
      case "ecdsa":
        return key.kind === "ec" && key.curve === info.curve;
      case "rsa-pss-rsae":
        return key.kind === "rsa" && fitsRsa(key.modulus, info.kind, info.hash);
      case "rsa-pss-pss":
        return key.kind === "rsa-pss" && (key.hash === null || key.hash === info.hash) &&
          fitsRsa(key.modulus, info.kind, info.hash);
      case "rsa-pkcs1":
        return key.kind === "rsa" && isClientOnlyScheme(info.scheme) &&
          fitsRsa(key.modulus, info.kind, info.hash);
      default:
        return key.kind === info.kind;
    }
  });
}

/** The scheme to sign with, which has to be one of the signer's. */
export function pickScheme(schemes: readonly SchemeInfo[], scheme: SignatureScheme): SchemeInfo {
  const info = schemes.find((candidate) => candidate.scheme === scheme);
  if (info !== undefined) return info;
  throw new TlsError("api/argument", `this key cannot sign with ${signatureSchemeName(scheme)}`);
}
