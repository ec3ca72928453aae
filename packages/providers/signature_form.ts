/**
 * The forms that signatures have on the wire, and which of them may be signatures at all: lengths and ranges, which libraries
 * check in different ways or not.
 *
 * @module
 */
import { der, DerReader, equalBytes, TlsError } from "@sealane/wire";
import { EC_CURVES, type EcCurve, type MlDsaKind, type PublicKey } from "./key_info.ts";
import { fitsRsa } from "./rsa_sizes.ts";
import { isEdwardsKey, isEdwardsSignature } from "./edwards_points.ts";
import type { SchemeInfo } from "./schemes.ts";

/** Bytes of an ML-DSA signature (FIPS 204 section 4, table 2). */
const ML_DSA_BYTES: Readonly<Record<MlDsaKind, number>> = {
  mldsa44: 2420,
  mldsa65: 3309,
  mldsa87: 4627,
};

/** Whether a signature of this scheme under this key may have these bytes. It says nothing yet of whether it is true. */
export function isWellFormed(info: SchemeInfo, key: PublicKey, signature: Uint8Array): boolean {
  switch (info.kind) {
    case "ecdsa":
      return key.kind === "ec" && parseEcdsaSignature(signature, key.curve) !== null;
    case "ed25519":
    case "ed448":
      return isEdwardsKey(info.kind, key.key) && isEdwardsSignature(info.kind, signature);
    case "rsa-pkcs1":
    case "rsa-pss-rsae":
    case "rsa-pss-pss": {
      const { modulus } = key;
      if (modulus === undefined || !fitsRsa(modulus, info.kind, info.hash)) return false;
      // RFC 8017 §8.1.2 and §8.2.2, step 1: as long as the modulus; §5.2.2, step 1: below it.
      return signature.length === modulus.length && isBelow(signature, modulus);
    }
    default:
      return signature.length === ML_DSA_BYTES[info.kind];
  }
}

/** Whether of two numbers of the same width the first is smaller. */
function isBelow(number: Uint8Array, limit: Uint8Array): boolean {
  for (let i = 0; i < limit.length; i++) {
    if (number[i] !== limit[i]) return number[i] < limit[i];
  }
  return false;
}

/**
 * The numbers r and s of a DER signature (RFC 3279 section 2.2.3), side by side in the curve's width (the form of IEEE
 * P1363); `null` if the DER is not strict or a number is not between 1 and the order (FIPS 186-5 section 6.4.2, step 1).
 */
export function parseEcdsaSignature(signature: Uint8Array, curve: EcCurve): Uint8Array | null {
  const { bytes: width, orderBytes } = EC_CURVES[curve];
  const output = new Uint8Array(2 * width);
  try {
    const reader = new DerReader(signature, "Ecdsa-Sig-Value");
    reader.sequence("Ecdsa-Sig-Value", (pair) => {
      for (const [field, end] of [["r", width], ["s", 2 * width]] as const) {
        const number = pair.unsigned(field);
        const isZero = equalBytes(number, Uint8Array.of(0));
        if (isZero || number.length > width) pair.fail(`${field} is out of range`);
        output.set(number, end - number.length);
        if (!isBelow(output.subarray(end - width, end), orderBytes)) {
          pair.fail(`${field} is not below the order`);
        }
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
