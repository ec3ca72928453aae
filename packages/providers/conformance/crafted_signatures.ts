/**
 * Signatures that no signer makes: numbers out of range, points in other encodings, padding with something wrong in it. Each
 * comes from the other side, with a key that is made to fit or a private key that everybody knows.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { mod } from "@noble/curves/abstract/modular.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { concat, der, fromHex, utf8 } from "@sealane/wire";
import { type EcCurve, type EdwardsKind, encodeSpki, HASHES, type HashName } from "../key_info.ts";
import { nobleHashFunctions } from "../noble/hash.ts";
import { parsePrivateKey, type RsaPrivateKey } from "../private_key.ts";
import { KEYS } from "./signature_vectors.ts";

/** What a test wants of a signature. */
export interface CraftedSignature {
  /** What is special about it, to go on behind "a signature with" or "of". */
  readonly what: string;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Signature. */
  readonly signature: Uint8Array;
  /** Whether it verifies. */
  readonly good: boolean;
}

const NIST: Readonly<Record<EcCurve, typeof p256>> = {
  "P-256": p256,
  "P-384": p384,
  "P-521": p521,
};

function big(length: number, value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, "0"));
}

/** The number that ECDSA makes of a digest (FIPS 186-5 section 6.4.1, step 2). */
function digestNumber(curve: EcCurve, hash: HashName, data: Uint8Array): bigint {
  const digest = nobleHashFunctions[hash](data);
  const excess = 8 * digest.length - NIST[curve].Point.Fn.BITS;
  const number = BigInt(`0x${Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("")}`);
  return excess > 0 ? number >> BigInt(excess) : number;
}

/**
 * An ECDSA signature whose r and s are so small that r + n and s + n fit in as many bytes: the point with a small x is taken
 * first, and the public key is made for it.
 */
export function ecdsaOutOfRange(
  curve: EcCurve,
  hash: HashName,
  data: Uint8Array,
): CraftedSignature[] {
  const { Point } = NIST[curve];
  const { Fn, Fp } = Point;
  const order = Fn.ORDER;
  const s = 7n;
  const e = mod(digestNumber(curve, hash, data), order);
  for (let r = 1n;; r++) {
    let R;
    try {
      R = Point.fromBytes(concat([Uint8Array.of(2), big(Fp.BYTES, r)]));
    } catch {
      continue; // no point has this x
    }
    // s R = e G + r Q.
    const inverse = Fn.inv(r);
    const Q = R.multiply(mod(s * inverse, order)).subtract(
      Point.BASE.multiply(mod(e * inverse, order)),
    );
    const spki = encodeSpki({ kind: "ec", curve }, Q.toBytes(false));
    const sign = (r: bigint, s: bigint) =>
      der.sequence(der.integer(big(Fp.BYTES + 1, r)), der.integer(big(Fp.BYTES + 1, s)));
    const bad = (what: string, r: bigint, s: bigint) => ({
      what,
      spki,
      signature: sign(r, s),
      good: false,
    });
    return [
      { what: "a small r and s", spki, signature: sign(r, s), good: true },
      { what: "-s for s", spki, signature: sign(r, order - s), good: true },
      bad("r + n", r + order, s),
      bad("s + n", r, s + order),
      bad("r + n and s + n", r + order, s + order),
      bad("n for s", r, order),
      bad("n for r", order, s),
      bad("r and s exchanged", s, r),
    ];
  }
}

const EDWARDS = {
  ed25519: { curve: ed25519, bytes: 32, cofactor: 8, hash: (data: Uint8Array) => sha512(data) },
  ed448: {
    curve: ed448,
    bytes: 57,
    cofactor: 4,
    hash: (data: Uint8Array) =>
      shake256(concat([utf8("SigEd448"), Uint8Array.of(0, 0), data]), { dkLen: 114 }),
  },
} as const;

function little(length: number, value: bigint): Uint8Array {
  return big(length, value).reverse();
}

/** y of a point of order 8 on edwards25519. */
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** Every encoding of every point of small order, canonical or not. */
function smallOrderKeys(kind: EdwardsKind): Uint8Array[] {
  const { curve: { Point }, bytes } = EDWARDS[kind];
  const prime = Point.Fp.ORDER;
  const ys = kind === "ed25519"
    ? [
      0n,
      1n,
      prime - 1n,
      ORDER_8,
      prime - ORDER_8,
    ]
    : [0n, 1n, prime - 1n];
  const limit = 1n << BigInt(kind === "ed25519" ? 255 : 448);
  return ys.flatMap((y) => [y, y + prime]).filter((y) => y < limit).flatMap((y) => {
    const plain = little(bytes, y);
    const negative = plain.slice();
    negative[bytes - 1] |= 0x80;
    return [plain, negative];
  });
}

/** EdDSA signatures that are good for one who checks less than RFC 8032 wants. */
export function edwardsOutOfRange(kind: EdwardsKind, data: Uint8Array): CraftedSignature[] {
  const { curve, bytes, hash } = EDWARDS[kind];
  const { Point } = curve;
  const order = Point.Fn.ORDER;
  const crafted: CraftedSignature[] = [];
  const zero = new Uint8Array(bytes);
  // For a key of small order, S = 0 and R = -k A: of a few messages or points one fits.
  for (const key of smallOrderKeys(kind)) {
    for (const R of smallOrderKeys(kind)) {
      const signature = concat([R, zero]);
      const what = "a key of small order";
      crafted.push({ what, spki: encodeSpki({ kind }, key), signature, good: false });
    }
  }
  // A key that somebody has. Its secret number comes from the seed as RFC 8032 §5.1.5 and §5.2.5 say; noble knows it.
  const seed = pkcs8Seed(kind);
  const { scalar, pointBytes } = curve.utils.getExtendedPublicKey(seed);
  const spki = encodeSpki({ kind }, pointBytes);
  const sign = (R: Uint8Array, r: bigint, more = 0n): Uint8Array => {
    const k = bytesToNumberLE(hash(concat([R, pointBytes, data])));
    return concat([R, little(bytes, mod(r + k * scalar, order) + more)]);
  };
  const r = 12345n;
  const R = Point.BASE.multiply(r).toBytes();
  crafted.push({ what: "nothing special", spki, signature: sign(R, r), good: true });
  crafted.push({ what: "S + L", spki, signature: sign(R, r, order), good: false });
  // RFC 8032 §5.1.3: y is below the prime. ZIP-215 takes this one.
  const prime = Point.Fp.ORDER;
  const identity = little(bytes, 1n + prime);
  crafted.push({ what: "R not reduced", spki, signature: sign(identity, 0n), good: false });
  const signed = little(bytes, 1n);
  signed[bytes - 1] |= 0x80;
  crafted.push({ what: "R with a sign for x = 0", spki, signature: sign(signed, 0n), good: false });
  return crafted;
}

function pkcs8Seed(kind: EdwardsKind): Uint8Array {
  const key = parsePrivateKey(fromHex(KEYS[kind].pkcs8));
  return key.kind === "ed25519" || key.kind === "ed448" ? key.seed : new Uint8Array(0);
}

/** An EdDSA signature whose R has a part of small order: RFC 8032 section 5.1.7 allows to take it and to refuse it. */
export function edwardsMixedOrder(kind: EdwardsKind, data: Uint8Array): CraftedSignature {
  const { curve, bytes, hash } = EDWARDS[kind];
  const { Point } = curve;
  const { scalar, pointBytes } = curve.utils.getExtendedPublicKey(pkcs8Seed(kind));
  const minusOne = Point.fromBytes(little(bytes, Point.Fp.ORDER - 1n)); // of order 2
  const R = Point.BASE.multiply(12345n).add(minusOne).toBytes();
  const k = bytesToNumberLE(hash(concat([R, pointBytes, data])));
  const S = little(bytes, mod(12345n + k * scalar, Point.Fn.ORDER));
  const spki = encodeSpki({ kind }, pointBytes);
  return { what: "R of mixed order", spki, signature: concat([R, S]), good: false };
}

/** The RSA key of the kit. */
function rsaKey(): RsaPrivateKey {
  const key = parsePrivateKey(fromHex(KEYS.rsa.pkcs8));
  if (key.kind !== "rsa") throw new Error("the kit's RSA key is none");
  return key;
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")}`);
}

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, power] = [1n, base % modulus];
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = result * power % modulus;
    power = power * power % modulus;
  }
  return result;
}

/** RSASP1 of RFC 8017 section 5.2.1. */
function rsaSign(encoded: Uint8Array): Uint8Array {
  const { modulus, privateExponent } = rsaKey();
  return big(modulus.length, modPow(number(encoded), number(privateExponent), number(modulus)));
}

const RSA_SPKI = fromHex(KEYS.rsa.spki);

/** RSA signatures that are not below the modulus (RFC 8017 section 5.2.2), made of good ones that leave room for it. */
export function rsaOutOfRange(encode: (attempt: number) => Uint8Array): CraftedSignature[] {
  const { modulus } = rsaKey();
  const n = number(modulus);
  for (let attempt = 0;; attempt++) {
    const signature = rsaSign(encode(attempt));
    const more = number(signature) + n;
    if (more >= 1n << BigInt(8 * modulus.length)) continue;
    return [
      { what: "nothing special", spki: RSA_SPKI, signature, good: true },
      { what: "s + n", spki: RSA_SPKI, signature: big(modulus.length, more), good: false },
    ];
  }
}

/** EMSA-PSS (RFC 8017 section 9.1.1) with a change in the data block before it is masked, or in the encoded message. */
export function encodePss(
  hash: HashName,
  data: Uint8Array,
  salt: Uint8Array,
  change: (block: Uint8Array, encoded: Uint8Array) => void = () => {},
): Uint8Array {
  const { bytes } = HASHES[hash];
  const digest = nobleHashFunctions[hash];
  const encoded = new Uint8Array(rsaKey().modulus.length);
  const maskedLength = encoded.length - bytes - 1;
  const h = digest(concat([new Uint8Array(8), digest(data), salt]));
  const block = encoded.subarray(0, maskedLength);
  block[maskedLength - salt.length - 1] = 1;
  block.set(salt, maskedLength - salt.length);
  encoded.set(h, maskedLength);
  encoded[encoded.length - 1] = 0xbc;
  change(block, encoded);
  for (let offset = 0, counter = 0; offset < maskedLength; offset += bytes, counter++) {
    const mask = digest(concat([h, Uint8Array.of(0, 0, 0, counter)]));
    for (let i = 0; i < bytes && offset + i < maskedLength; i++) block[offset + i] ^= mask[i];
  }
  encoded[0] &= 0x7f;
  return encoded;
}

/** PSS signatures with one thing wrong each. */
export function pssWithFaults(hash: HashName, data: Uint8Array): CraftedSignature[] {
  const { bytes } = HASHES[hash];
  const salt = nobleHashFunctions[hash](utf8("a salt"));
  const faults: Readonly<Record<string, (block: Uint8Array, encoded: Uint8Array) => void>> = {
    "another trailer": (_, encoded) => encoded[encoded.length - 1] = 0xcc,
    "a byte before the salt that is not 1": (block) => block[block.length - bytes - 1] = 2,
    "padding that is not zero": (block) => block[10] = 1,
    "padding that is not zero at its start": (block) => block[1] = 0x80,
    "another hash": (_, encoded) => encoded[encoded.length - 2] ^= 1,
  };
  const sign = (encoded: Uint8Array) => ({ spki: RSA_SPKI, signature: rsaSign(encoded) });
  return [
    { what: "nothing special", ...sign(encodePss(hash, data, salt)), good: true },
    { what: "no salt", ...sign(encodePss(hash, data, new Uint8Array(0))), good: false },
    {
      what: "a longer salt",
      ...sign(encodePss(hash, data, new Uint8Array(bytes + 1))),
      good: false,
    },
    ...Object.entries(faults).map(([what, change]) => ({
      what,
      ...sign(encodePss(hash, data, salt, change)),
      good: false,
    })),
  ];
}

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) of any DigestInfo, with `padding` bytes 0xff and `tail` behind it. */
export function encodePkcs1(info: Uint8Array, tail: Uint8Array = new Uint8Array(0)): Uint8Array {
  const encoded = new Uint8Array(rsaKey().modulus.length).fill(0xff);
  encoded[0] = 0;
  encoded[1] = 1;
  const start = encoded.length - info.length - tail.length;
  encoded[start - 1] = 0;
  encoded.set(info, start);
  encoded.set(tail, start + info.length);
  return encoded;
}

/** The DigestInfo of some data. */
export function digestInfo(
  hash: HashName,
  data: Uint8Array,
  parameters = der.nullValue(),
): Uint8Array {
  const digest = nobleHashFunctions[hash](data);
  const algorithm = der.sequence(der.objectIdentifier(HASHES[hash].oid), parameters);
  return der.sequence(algorithm, der.octetString(digest));
}

/** PKCS#1 v1.5 signatures with one thing wrong each: with a small exponent, some of them can be made without the private key. */
export function pkcs1WithFaults(hash: HashName, data: Uint8Array): CraftedSignature[] {
  const info = digestInfo(hash, data);
  const changed = (change: (encoded: Uint8Array) => void) => {
    const encoded = encodePkcs1(info);
    change(encoded);
    return encoded;
  };
  const length = rsaKey().modulus.length;
  const faults: Readonly<Record<string, Uint8Array>> = {
    "something behind the digest": encodePkcs1(info, new Uint8Array(5)),
    "little padding and the rest behind the digest": encodePkcs1(
      info,
      new Uint8Array(length - info.length - 11),
    ),
    "no NULL": encodePkcs1(digestInfo(hash, data, new Uint8Array(0))),
    "other parameters": encodePkcs1(digestInfo(hash, data, der.octetString(new Uint8Array(4)))),
    "the digest alone": encodePkcs1(nobleHashFunctions[hash](data)),
    "block type 2": changed((encoded) => encoded[1] = 2),
    "padding that is not 0xff": changed((encoded) => encoded[20] = 0xfe),
    "a first byte that is not 0": changed((encoded) => encoded[0] = 0x40),
    "no 0 behind the padding": changed((encoded) => encoded[length - info.length - 1] = 0xff),
  };
  return [
    { what: "nothing special", spki: RSA_SPKI, signature: rsaSign(encodePkcs1(info)), good: true },
    ...Object.entries(faults).map(([what, encoded]) => ({
      what,
      spki: RSA_SPKI,
      signature: rsaSign(encoded),
      good: false,
    })),
  ];
}
