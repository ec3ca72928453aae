/**
 * How large RSA keys may be: for us, and for an encoded message.
 *
 * @module
 */
import { bitLength, HASHES, type HashName } from "./key_info.ts";

/** Smallest RSA modulus: smaller ones are factored by hand. How small a key may be is for those who know what it is for. */
const MIN_RSA_MODULUS_BYTES = 64;
/** Largest RSA modulus: verification time grows with its square, and the peer chooses it. BoringSSL's bound. */
const MAX_RSA_MODULUS_BYTES = 1024;
/** Largest public exponent, 2^33: the same reason, the same source. */
const MAX_RSA_EXPONENT_BYTES = 4;

/** What is wrong with the size of an RSA key; `null` if nothing is: it is within our bounds. */
export function rsaBoundsProblem(modulus: Uint8Array, exponent: Uint8Array): string | null {
  if (modulus.length < MIN_RSA_MODULUS_BYTES || modulus.length > MAX_RSA_MODULUS_BYTES) {
    const bounds = `${8 * MIN_RSA_MODULUS_BYTES} to ${8 * MAX_RSA_MODULUS_BYTES}`;
    return `an RSA modulus of ${bitLength(modulus)} bits is not one of ${bounds}`;
  }
  if (exponent.length > MAX_RSA_EXPONENT_BYTES) {
    return `a public exponent of ${bitLength(exponent)} bits has more than ${
      8 * MAX_RSA_EXPONENT_BYTES
    }`;
  }
  return null;
}

/** Bytes of a DigestInfo before the digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO_BYTES = 19;

/** Whether the encoded message has room in the modulus. RSA-1024 has none for a salt and a digest of SHA-512. */
export function fitsRsa(
  modulus: Uint8Array,
  kind: "rsa-pkcs1" | "rsa-pss-rsae" | "rsa-pss-pss",
  hash: HashName,
): boolean {
  const { bytes } = HASHES[hash];
  return kind === "rsa-pkcs1"
    // RFC 8017 §9.2 step 3: DigestInfo and eleven bytes.
    ? modulus.length >= DIGEST_INFO_BYTES + bytes + 11
    // RFC 8017 §9.1.1 step 3: hash, salt and two bytes.
    : Math.ceil((bitLength(modulus) - 1) / 8) >= 2 * bytes + 2;
}
