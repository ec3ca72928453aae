/**
 * Signature algorithms of a platform. Platforms differ in the keys that they take and in what they say of those that they do
 * not: so a platform is asked about keys only that all of them judge alike, and what it throws is no verdict. About the rest
 * an implementation of our own decides, which is the same everywhere.
 *
 * @module
 */
import { chain } from "./maybe_promise.ts";
import { bitLength, EC_CURVES, HASHES, type PublicKey } from "./key_info.ts";
import type { SignatureAlgorithm } from "./provider.ts";
import type { SchemeInfo } from "./schemes.ts";
import { signatureAlgorithm, type Verify, type VerifyOptions } from "./signature_algorithm.ts";

/** Whether every platform can verify under such a key. */
function isUsual(info: SchemeInfo, key: PublicKey): boolean {
  switch (key.kind) {
    case "ec": {
      if (info.kind !== "ecdsa") return false;
      // RustCrypto's ecdsa, which Deno has, takes no digest that is shorter than half the order: SHA-256 with P-521.
      return 2 * HASHES[info.hash].bytes >= EC_CURVES[key.curve].bytes;
    }
    case "rsa":
    case "rsa-pss": {
      // Deno's node:crypto takes no modulus above 4,096 bits, and ends the process for some of 512; others have bounds of
      // their own below 2,048.
      const bits = key.modulus === undefined ? 0 : bitLength(key.modulus);
      return bits >= 2048 && bits <= 4096 && bits % 8 === 0;
    }
    case "ed448":
      // OpenSSL takes two points for the same that differ by one of small order; the others do not (RFC 8032 §5.2.7 allows both).
      return false;
    default:
      return true;
  }
}

/**
 * A signature algorithm from the platform's `verify` and from `reference`, which decides about unusual keys, and whenever the
 * platform throws or rejects.
 */
export function platformAlgorithm(
  info: SchemeInfo,
  verify: Verify,
  reference: Verify,
  options?: VerifyOptions,
): SignatureAlgorithm {
  return signatureAlgorithm(info, (key, data, signature) => {
    const ask = () => reference(key, data, signature);
    if (!isUsual(info, key)) return ask();
    try {
      return chain(verify(key, data, signature), (verdict) => verdict, ask);
    } catch {
      return ask();
    }
  }, options);
}
