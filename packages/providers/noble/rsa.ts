/**
 * RSA signatures (RFC 8017) over BigInt, for platforms without any. Verification handles public values only. Signing is
 * blinded and checked before it leaves, but BigInt arithmetic is not constant-time: prefer a platform's RSA.
 *
 * @module
 */
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { equalBytes, TlsError } from "@sealane/wire";
import { bitLength, HASHES, type HashName } from "../key_info.ts";
import type { RsaPrivateKey } from "../private_key.ts";
import { nobleHashFunctions } from "./hash.ts";
import { randomBytes } from "./random.ts";

/** The two ways to encode a message (RFC 8017 section 9). */
export type RsaPadding = "pkcs1" | "pss";

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let power = base % modulus;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = result * power % modulus;
    power = power * power % modulus;
  }
  return result;
}

/** 1 / value mod modulus, or `null` if there is none. */
function modInverse(value: bigint, modulus: bigint): bigint | null {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n) {
    if (b === 0n) return null;
    [x, y, a, b] = [y, x - a / b * y, b, a % b];
  }
  return a === 1n ? (x % modulus + modulus) % modulus : null;
}

/** MGF1 (RFC 8017 appendix B.2.1), XORed into `target`. */
function xorMask(target: Uint8Array, seed: Uint8Array, hash: HashName): void {
  const { bytes } = HASHES[hash];
  for (let offset = 0, counter = 0; offset < target.length; offset += bytes, counter++) {
    const block = nobleHashFunctions[hash].create().update(seed)
      .update(numberToBytesBE(counter, 4)).digest();
    const end = Math.min(offset + bytes, target.length);
    for (let i = offset; i < end; i++) target[i] ^= block[i - offset];
  }
}

/** H of RFC 8017 §9.1: the hash of eight zeros, the message's hash and the salt. */
function pssHash(hash: HashName, digest: Uint8Array, salt: Uint8Array): Uint8Array {
  return nobleHashFunctions[hash].create().update(new Uint8Array(8)).update(digest).update(salt)
    .digest();
}

/** EMSA-PSS-ENCODE (RFC 8017 section 9.1.1). */
function encodePss(hash: HashName, data: Uint8Array, bits: number): Uint8Array {
  const { bytes } = HASHES[hash];
  const encoded = new Uint8Array(Math.ceil(bits / 8));
  const maskedLength = encoded.length - bytes - 1;
  const salt = randomBytes(bytes);
  const seed = pssHash(hash, nobleHashFunctions[hash](data), salt);
  encoded[maskedLength - bytes - 1] = 1;
  encoded.set(salt, maskedLength - bytes);
  const masked = encoded.subarray(0, maskedLength);
  xorMask(masked, seed, hash);
  masked[0] &= 0xff >> (8 * encoded.length - bits);
  encoded.set(seed, maskedLength);
  encoded[encoded.length - 1] = 0xbc;
  return encoded;
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2). */
function verifyPss(
  hash: HashName,
  data: Uint8Array,
  encoded: Uint8Array,
  bits: number,
): boolean {
  const { bytes } = HASHES[hash];
  const maskedLength = encoded.length - bytes - 1;
  if (maskedLength < bytes + 1 || encoded[encoded.length - 1] !== 0xbc) return false;
  const unusedBits = 8 * encoded.length - bits;
  const masked = encoded.slice(0, maskedLength);
  if (masked[0] >> (8 - unusedBits) !== 0) return false;
  const seed = encoded.subarray(maskedLength, maskedLength + bytes);
  xorMask(masked, seed, hash);
  masked[0] &= 0xff >> unusedBits;
  const saltStart = maskedLength - bytes;
  for (let i = 0; i < saltStart - 1; i++) if (masked[i] !== 0) return false;
  if (masked[saltStart - 1] !== 1) return false;
  const digest = nobleHashFunctions[hash](data);
  return equalBytes(seed, pssHash(hash, digest, masked.subarray(saltStart)));
}

/** DigestInfo up to the digest (RFC 8017 section 9.2, note 1): only the last arc and the lengths differ. */
const DIGEST_INFO: Readonly<Record<HashName, readonly number[]>> = {
  "SHA-256": digestInfo(1, 32),
  "SHA-384": digestInfo(2, 48),
  "SHA-512": digestInfo(3, 64),
};

function digestInfo(arc: number, length: number): number[] {
  const algorithm = [0x30, 13, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc, 0x05, 0];
  return [0x30, 17 + length, ...algorithm, 0x04, length];
}

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2); `null` if the modulus is too short for it. */
function encodePkcs1(hash: HashName, data: Uint8Array, length: number): Uint8Array | null {
  const info = DIGEST_INFO[hash];
  const padding = length - info.length - HASHES[hash].bytes - 3;
  if (padding < 8) return null;
  const encoded = new Uint8Array(length).fill(0xff);
  encoded[0] = 0;
  encoded[1] = 1;
  encoded[2 + padding] = 0;
  encoded.set(info, 3 + padding);
  encoded.set(nobleHashFunctions[hash](data), length - HASHES[hash].bytes);
  return encoded;
}

/** RSASSA-PSS-VERIFY or RSASSA-PKCS1-V1_5-VERIFY (RFC 8017 sections 8.1.2 and 8.2.2). */
export function verifyRsa(
  key: { readonly modulus: Uint8Array; readonly exponent: Uint8Array },
  padding: RsaPadding,
  hash: HashName,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const n = bytesToNumberBE(key.modulus);
  const s = bytesToNumberBE(signature);
  if (s >= n) return false;
  const message = modPow(s, bytesToNumberBE(key.exponent), n);
  if (padding === "pkcs1") {
    // RFC 8017 §8.2.2: compared with what the signer must have encoded, so nothing is parsed.
    const expected = encodePkcs1(hash, data, key.modulus.length);
    return expected !== null &&
      equalBytes(numberToBytesBE(message, key.modulus.length), expected);
  }
  const bits = bitLength(key.modulus) - 1;
  if (message >> BigInt(8 * Math.ceil(bits / 8)) !== 0n) return false;
  return verifyPss(hash, data, numberToBytesBE(message, Math.ceil(bits / 8)), bits);
}

/** RSASSA-PSS-SIGN or RSASSA-PKCS1-V1_5-SIGN (RFC 8017 sections 8.1.1 and 8.2.1). */
export function signRsa(
  key: RsaPrivateKey,
  padding: RsaPadding,
  hash: HashName,
  data: Uint8Array,
): Uint8Array {
  const encoded = padding === "pss"
    ? encodePss(hash, data, bitLength(key.modulus) - 1)
    : encodePkcs1(hash, data, key.modulus.length);
  if (encoded === null) throw new TlsError("api/argument", "the RSA key is too short for the hash");
  const n = bytesToNumberBE(key.modulus);
  const e = bytesToNumberBE(key.exponent);
  const message = bytesToNumberBE(encoded);
  let blind: bigint;
  let unblind: bigint | null;
  do {
    blind = bytesToNumberBE(randomBytes(key.modulus.length)) % n;
    unblind = modInverse(blind, n);
  } while (unblind === null);
  const signature = decryptWithPrimes(key, message * modPow(blind, e, n) % n) * unblind % n;
  // A fault in one of the two halves would give the factors away.
  if (modPow(signature, e, n) !== message) {
    throw new TlsError("local/internal", "an RSA signature of our own does not verify");
  }
  return numberToBytesBE(signature, key.modulus.length);
}

/** RSADP with the Chinese remainder theorem (RFC 8017 section 5.1.2). */
function decryptWithPrimes(key: RsaPrivateKey, message: bigint): bigint {
  const p = bytesToNumberBE(key.prime1);
  const q = bytesToNumberBE(key.prime2);
  const m1 = modPow(message, bytesToNumberBE(key.exponent1), p);
  const m2 = modPow(message, bytesToNumberBE(key.exponent2), q);
  const h = ((m1 - m2) % p + p) * bytesToNumberBE(key.coefficient) % p;
  return m2 + q * h;
}
