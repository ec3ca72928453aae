/**
 * Public keys as Node shows them in a certificate.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { rsaModulusBits, type SubjectPublicKeyInfo } from "@sealane/pki";
import { DerReader, DerTag, toHex } from "@sealane/wire";

/** What Node says of the key of a certificate. */
export interface KeyDetails {
  /** RSA: the modulus, upper-case hexadecimal. */
  readonly modulus?: string;
  /** RSA: the public exponent, hexadecimal with `0x`. */
  readonly exponent?: string;
  /** The size of the key in bits. */
  readonly bits?: number;
  /** RSA: the DER of SubjectPublicKeyInfo. EC: the point. */
  readonly pubkey?: Buffer;
  /** EC: the name of the curve in ASN.1. */
  readonly asn1Curve?: string;
  /** EC: the name that NIST has for the curve. */
  readonly nistCurve?: string;
}

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";

/** The curves by their object identifier: what ASN.1 and NIST call them, and the bits of their order. */
const CURVES: Readonly<Record<string, readonly [asn1: string, nist: string | null, bits: number]>> =
  {
    "1.2.840.10045.3.1.7": ["prime256v1", "P-256", 256],
    "1.3.132.0.34": ["secp384r1", "P-384", 384],
    "1.3.132.0.35": ["secp521r1", "P-521", 521],
    "1.3.132.0.10": ["secp256k1", null, 256],
    "1.3.36.3.3.2.8.1.1.7": ["brainpoolP256r1", null, 256],
    "1.3.36.3.3.2.8.1.1.11": ["brainpoolP384r1", null, 384],
    "1.3.36.3.3.2.8.1.1.13": ["brainpoolP512r1", null, 512],
    "1.2.156.10197.1.301": ["SM2", null, 256],
  };

/** What there is to say of a key; nothing of one that cannot be read. */
export function keyDetails(key: SubjectPublicKeyInfo): KeyDetails {
  try {
    if (key.algorithm.id === RSA_ENCRYPTION) return rsaDetails(key);
    if (key.algorithm.id === EC_PUBLIC_KEY) return ecDetails(key);
  } catch {
    // the peer wrote it, and it is only shown
  }
  return {};
}

function rsaDetails(key: SubjectPublicKeyInfo): KeyDetails {
  const reader = new DerReader(key.publicKey, "RSAPublicKey");
  const [modulus, exponent] = reader.sequence("RSAPublicKey", (fields) => [
    fields.integer("modulus"),
    fields.integer("publicExponent"),
  ]);
  const digits = (bytes: Uint8Array) => toHex(bytes).replace(/^0+(?=.)/, "");
  return {
    modulus: toHex(modulus).replace(/^(00)+(?=..)/, "").toUpperCase(),
    bits: rsaModulusBits(key) ?? undefined,
    exponent: `0x${digits(exponent)}`,
    pubkey: Buffer.from(key.raw),
  };
}

function ecDetails(key: SubjectPublicKeyInfo): KeyDetails {
  const { parameters } = key.algorithm;
  const point = { pubkey: Buffer.from(key.publicKey) };
  if (parameters === undefined || parameters[0] !== DerTag.objectIdentifier) return point;
  const id = new DerReader(parameters, "namedCurve").objectIdentifier("namedCurve");
  if (!Object.hasOwn(CURVES, id)) return point;
  const [asn1Curve, nistCurve, bits] = CURVES[id];
  return { bits, ...point, asn1Curve, ...(nistCurve !== null && { nistCurve }) };
}
