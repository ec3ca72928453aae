/**
 * Which signature schemes fit which key (RFC 9846 section 4.3.3).
 *
 * @module
 */
import { parseSubjectPublicKeyInfo } from "@sealane/pki";
import { type SignatureScheme, SignatureScheme as S, toHex } from "@sealane/wire";

/** Schemes by algorithm OID; elliptic curves by curve OID. */
const SCHEMES_OF_ALGORITHM: ReadonlyMap<string, readonly SignatureScheme[]> = new Map([
  // rsaEncryption and id-RSASSA-PSS, RFC 4055
  ["1.2.840.113549.1.1.1", [
    S.rsa_pss_rsae_sha256,
    S.rsa_pss_rsae_sha384,
    S.rsa_pss_rsae_sha512,
  ]],
  ["1.2.840.113549.1.1.10", [
    S.rsa_pss_pss_sha256,
    S.rsa_pss_pss_sha384,
    S.rsa_pss_pss_sha512,
  ]],
  // RFC 8410
  ["1.3.101.112", [S.ed25519]],
  ["1.3.101.113", [S.ed448]],
  // RFC 9881
  ["2.16.840.1.101.3.4.3.17", [S.mldsa44]],
  ["2.16.840.1.101.3.4.3.18", [S.mldsa65]],
  ["2.16.840.1.101.3.4.3.19", [S.mldsa87]],
]);

const ID_EC_PUBLIC_KEY = "1.2.840.10045.2.1";

/** Schemes by the DER of the curve's OID, RFC 5480 and GB/T 32918. */
const SCHEMES_OF_CURVE: ReadonlyMap<string, readonly SignatureScheme[]> = new Map([
  ["06082a8648ce3d030107", [S.ecdsa_secp256r1_sha256]],
  ["06052b81040022", [S.ecdsa_secp384r1_sha384]],
  ["06052b81040023", [S.ecdsa_secp521r1_sha512]],
  ["06082a811ccf5501822d", [S.sm2sig_sm3]],
]);

/**
 * The schemes that may sign a handshake with the key in `spki`; empty for a key of an unknown kind.
 *
 * @throws {TlsError} `peer/decode-error` if it is malformed.
 */
export function schemesOfKey(spki: Uint8Array): readonly SignatureScheme[] {
  const { algorithm } = parseSubjectPublicKeyInfo(spki);
  if (algorithm.id !== ID_EC_PUBLIC_KEY) return SCHEMES_OF_ALGORITHM.get(algorithm.id) ?? [];
  const curve = algorithm.parameters;
  return curve === undefined ? [] : SCHEMES_OF_CURVE.get(toHex(curve)) ?? [];
}
