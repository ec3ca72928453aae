/**
 * What applies where a configuration says nothing: groups, signature schemes, tickets, early data. Bounds on what a peer may
 * send have their defaults in `limits.ts`.
 *
 * @module
 */
import {
  CipherSuiteId,
  type NamedGroup,
  NamedGroup as G,
  type SignatureScheme,
  SignatureScheme as S,
} from "@sealane/wire";

/** The groups that are used unless a configuration says otherwise, most preferred first. */
export const DEFAULT_GROUPS: readonly NamedGroup[] = [
  G.X25519MLKEM768,
  G.x25519,
  G.secp256r1,
  G.secp384r1,
  G.secp521r1,
  G.SecP256r1MLKEM768,
  G.SecP384r1MLKEM1024,
  G.curveSM2, // RFC 8998 §3.3.1.1: who offers its suites offers this group.
];

/**
 * The schemes that are accepted unless a configuration says otherwise, most preferred first: what is cheap for both ends,
 * then what is long or slow. RFC 9846 section 9.1 makes rsa_pkcs1_sha256 mandatory for certificates; the PKCS#1 schemes
 * stand last, and `allowedInCertificateVerify` keeps them out of CertificateVerify.
 */
export const DEFAULT_SIGNATURE_SCHEMES: readonly SignatureScheme[] = [
  S.ed25519,
  S.ecdsa_secp256r1_sha256,
  S.ecdsa_secp384r1_sha384,
  S.ecdsa_secp521r1_sha512,
  S.rsa_pss_rsae_sha256,
  S.rsa_pss_rsae_sha384,
  S.rsa_pss_rsae_sha512,
  S.rsa_pss_pss_sha256,
  S.rsa_pss_pss_sha384,
  S.rsa_pss_pss_sha512,
  S.ed448,
  S.mldsa44,
  S.mldsa65,
  S.mldsa87,
  S.sm2sig_sm3,
  S.rsa_pkcs1_sha256,
  S.rsa_pkcs1_sha384,
  S.rsa_pkcs1_sha512,
];

/** Suites that are offered and taken only where a configuration names them: the tag of CCM_8 has 64 bits. */
export const ONLY_BY_NAME: readonly CipherSuiteId[] = [CipherSuiteId.TLS_AES_128_CCM_8_SHA256];

/** Schemes that are usual with delegated credentials, for `delegatedCredentialSchemes`; every provider but ShangMi has them. */
export const DELEGATED_CREDENTIAL_SCHEMES: readonly SignatureScheme[] = [
  S.ecdsa_secp256r1_sha256,
  S.ecdsa_secp384r1_sha384,
];

/** The most early data that is accepted unless the configuration says otherwise, bytes. */
export const DEFAULT_MAX_EARLY_DATA = 14_336;

/** How long a ticket serves, in seconds: two days. */
export const DEFAULT_TICKET_LIFETIME = 172_800;

/** How many tickets a server sends. */
export const DEFAULT_TICKET_COUNT = 2;

/** Most tickets for a client that asks for a number (RFC 9149). */
export const DEFAULT_MAX_TICKET_COUNT = 4;
