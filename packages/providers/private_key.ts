/**
 * Private keys: PKCS#8 (RFC 5958) in all the forms that TLS credentials come in, parsed strictly into what the back
 * ends need.
 *
 * @module
 */
import { contextTag, der, DerReader, DerTag, equalBytes, TlsError, toHex } from "@sealane/wire";
import {
  checkRsaPublicKey,
  EC_CURVES,
  type EcCurve,
  type EdwardsKind,
  encodeKeyAlgorithm,
  encodePssSpki,
  encodeSpki,
  type HashName,
  type MlDsaKind,
  RAW_KEYS,
  readKeyAlgorithm,
} from "./key_info.ts";
import { rsaBoundsProblem } from "./rsa_sizes.ts";

/** A parsed private key. Its byte strings are views over the input. */
export type PrivateKey = ClassicKey | (MlDsaPrivateKey & Embedded);

/** A key of an algorithm that platforms have. */
export type ClassicKey =
  & (
    | { readonly kind: "ec"; readonly curve: EcCurve; readonly scalar: Uint8Array }
    | RsaPrivateKey
    | { readonly kind: EdwardsKind; readonly seed: Uint8Array }
  )
  & Embedded;

/** What a document may have beside the private key. */
interface Embedded {
  /** Public keys, not compared with the private one yet: see {@link requireOwnPublicKey}. */
  readonly embedded: readonly Uint8Array[];
}

/** An ML-DSA private key: seed, expanded form, or both. */
export interface MlDsaPrivateKey {
  /** The parameter set. */
  readonly kind: MlDsaKind;
  /** 32 bytes. */
  readonly seed: Uint8Array | null;
  /** The form of FIPS 204. */
  readonly expanded: Uint8Array | null;
}

/** An RSA private key of two primes (RFC 8017 appendix A.1.2), each number without leading zeros. */
export interface RsaPrivateKey {
  /** `rsa-pss` if the key says id-RSASSA-PSS. */
  readonly kind: "rsa" | "rsa-pss";
  /** Of an id-RSASSA-PSS key: the only hash it may be used with, or `null` for any. */
  readonly hash: HashName | null;
  /** The RSAPrivateKey in DER. */
  readonly pkcs1: Uint8Array;
  /** n */
  readonly modulus: Uint8Array;
  /** e */
  readonly exponent: Uint8Array;
  /** d */
  readonly privateExponent: Uint8Array;
  /** p */
  readonly prime1: Uint8Array;
  /** q */
  readonly prime2: Uint8Array;
  /** d mod (p - 1) */
  readonly exponent1: Uint8Array;
  /** d mod (q - 1) */
  readonly exponent2: Uint8Array;
  /** 1 / q mod p */
  readonly coefficient: Uint8Array;
}

/** Whether a key is one of ML-DSA. */
export function isMlDsaKey(key: PrivateKey): key is MlDsaPrivateKey & Embedded {
  return key.kind === "mldsa44" || key.kind === "mldsa65" || key.kind === "mldsa87";
}

/**
 * The key in a PKCS#8 document.
 *
 * @throws {TlsError} `api/config` if it is malformed or of a kind that TLS does not use.
 */
export function parsePrivateKey(pkcs8: Uint8Array): PrivateKey {
  const reader = new DerReader(pkcs8, "the private key", "api/config");
  const key = reader.sequence("PrivateKeyInfo", readPrivateKeyInfo);
  reader.end();
  return key;
}

function readPrivateKeyInfo(info: DerReader): PrivateKey {
  // RFC 5958 §2: version v1(0), or v2(1) with the public key.
  const version = info.number("version", 1);
  const algorithm = readKeyAlgorithm(info);
  const content = info.octetString("privateKey");
  info.optional(contextTag(0, "constructed"), "attributes");
  // RFC 5958 §2: publicKey is a BIT STRING with an implicit tag, so its first byte counts unused bits.
  const outer = version === 1 ? info.optional(contextTag(1, "primitive"), "publicKey") : null;
  if (outer !== null && outer[0] !== 0) info.fail("publicKey is not a number of whole bytes");
  const inner = info.nested(content, "privateKey");
  const key = readInner(inner, algorithm);
  inner.end();
  return outer === null ? key : { ...key, embedded: [outer.subarray(1), ...key.embedded] };
}

function readInner(inner: DerReader, algorithm: ReturnType<typeof readKeyAlgorithm>): PrivateKey {
  const embedded: readonly Uint8Array[] = [];
  switch (algorithm.kind) {
    case "ec": {
      const { scalar, publicKey } = readEcPrivateKey(inner, algorithm.curve);
      return { ...algorithm, scalar, embedded: publicKey === null ? [] : [publicKey] };
    }
    case "rsa":
      return { kind: "rsa", hash: null, ...readRsaPrivateKey(inner), embedded };
    case "rsa-pss":
      return { ...algorithm, ...readRsaPrivateKey(inner), embedded };
    case "ed25519":
    case "ed448": {
      // RFC 8410 §7: CurvePrivateKey is an OCTET STRING of its own.
      const seed = inner.octetString("CurvePrivateKey");
      if (seed.length !== RAW_KEYS[algorithm.kind].seedBytes) {
        inner.fail("the seed's length is wrong");
      }
      return { kind: algorithm.kind, seed, embedded };
    }
    default:
      return { kind: algorithm.kind, ...readMlDsaPrivateKey(inner), embedded };
  }
}

/** ECPrivateKey (RFC 5915 section 3). Without `curve` it has to name its curve itself. */
function readEcPrivateKey(
  reader: DerReader,
  curve: EcCurve | null,
): { curve: EcCurve; scalar: Uint8Array; publicKey: Uint8Array | null } {
  return reader.sequence("ECPrivateKey", (key) => {
    if (key.number("version") !== 1) key.fail("the version is not 1");
    const scalar = key.octetString("privateKey");
    const named = key.optionalConstructed(
      contextTag(0, "constructed"),
      "parameters",
      (parameters) => {
        const oid = parameters.objectIdentifier("namedCurve");
        for (const name of Object.keys(EC_CURVES)) {
          // The keys of the table are its type's.
          if (EC_CURVES[name as EcCurve].oid === oid) return name as EcCurve;
        }
        return parameters.fail(`unknown curve ${oid}`);
      },
    );
    const publicKey = key.optionalConstructed(
      contextTag(1, "constructed"),
      "publicKey",
      (publicKey) => publicKey.bitStringBytes("publicKey"),
    );
    const known = curve ?? named ?? key.fail("the key does not name its curve");
    if (named !== null && named !== known) key.fail("the key names two curves");
    // RFC 5915 §3: as many bytes as the order of the curve.
    if (scalar.length !== EC_CURVES[known].bytes) key.fail("the scalar's length is wrong");
    const value = BigInt(`0x${toHex(scalar)}`);
    if (value === 0n || value >= EC_CURVES[known].order) key.fail("the scalar is out of range");
    return { curve: known, scalar, publicKey };
  });
}

function readRsaPrivateKey(reader: DerReader): Omit<RsaPrivateKey, "kind" | "hash"> {
  const { raw } = reader.tagged(DerTag.sequence, "RSAPrivateKey");
  const whole = reader.nested(raw, "RSAPrivateKey");
  return whole.sequence("RSAPrivateKey", (key) => {
    // RFC 8017 appendix A.1.2: version 0 has two primes.
    if (key.number("version") !== 0) key.fail("only keys of two primes are supported");
    const numbers = {
      pkcs1: raw,
      modulus: key.unsigned("modulus"),
      exponent: key.unsigned("publicExponent"),
      privateExponent: key.unsigned("privateExponent"),
      prime1: key.unsigned("prime1"),
      prime2: key.unsigned("prime2"),
      exponent1: key.unsigned("exponent1"),
      exponent2: key.unsigned("exponent2"),
      coefficient: key.unsigned("coefficient"),
    };
    const problem = rsaBoundsProblem(numbers.modulus, numbers.exponent);
    if (problem !== null) key.fail(problem);
    checkRsaPublicKey(numbers.modulus, numbers.exponent, key);
    if (!areConsistent(numbers)) key.fail("the numbers do not belong together");
    return numbers;
  });
}

/** The equations of RFC 8017 section 3.2. Node imports keys that break them, and signs wrongly later. */
function areConsistent(key: Omit<RsaPrivateKey, "kind" | "hash" | "pkcs1">): boolean {
  const number = (magnitude: Uint8Array) => BigInt(`0x${toHex(magnitude)}`);
  const [n, e, d] = [key.modulus, key.exponent, key.privateExponent].map(number);
  const [p, q] = [key.prime1, key.prime2].map(number);
  const [dP, dQ, qInv] = [key.exponent1, key.exponent2, key.coefficient].map(number);
  if (p < 3n || q < 3n || p * q !== n) return false;
  return dP === d % (p - 1n) && dQ === d % (q - 1n) && e * dP % (p - 1n) === 1n &&
    e * dQ % (q - 1n) === 1n && q * qInv % p === 1n;
}

/** ML-DSA-PrivateKey (RFC 9881 section 6): seed `[0]`, expanded key, or both. */
function readMlDsaPrivateKey(
  reader: DerReader,
): { seed: Uint8Array | null; expanded: Uint8Array | null } {
  const checkSeed = (seed: Uint8Array) =>
    seed.length === 32 ? seed : reader.fail("the seed is not 32 bytes");
  const seed = reader.optional(contextTag(0, "primitive"), "seed");
  if (seed !== null) return { seed: checkSeed(seed), expanded: null };
  const both = reader.optionalConstructed(DerTag.sequence, "both", (pair) => ({
    seed: checkSeed(pair.octetString("seed")),
    expanded: pair.octetString("expandedKey"),
  }));
  return both ?? { seed: null, expanded: reader.octetString("expandedKey") };
}

/** curveSM2, which is not among EC_CURVES: `shangmi/sm2_keys.ts` reads its keys. */
const SM2_CURVE = "1.2.156.10197.1.301";

/** The PKCS#8 document of an ECPrivateKey (RFC 5915), which has to name its curve: what `EC PRIVATE KEY` holds. */
export function sec1ToPkcs8(sec1: Uint8Array): Uint8Array {
  if (namedCurve(sec1) === SM2_CURVE) {
    const curve = der.objectIdentifier(SM2_CURVE);
    return encodePkcs8(der.sequence(der.objectIdentifier("1.2.840.10045.2.1"), curve), sec1);
  }
  const reader = new DerReader(sec1, "the SEC1 private key", "api/config");
  const { curve } = readEcPrivateKey(reader, null);
  reader.end();
  return encodePkcs8(encodeKeyAlgorithm({ kind: "ec", curve }), sec1);
}

/** The curve that an ECPrivateKey names, or `null` if it names none. */
function namedCurve(sec1: Uint8Array): string | null {
  const reader = new DerReader(sec1, "the SEC1 private key", "api/config");
  const fields = reader.nested(reader.content(DerTag.sequence, "ECPrivateKey"), "ECPrivateKey");
  fields.number("version");
  fields.octetString("privateKey");
  return fields.optionalConstructed(
    contextTag(0, "constructed"),
    "parameters",
    (parameters) => parameters.objectIdentifier("namedCurve"),
  );
}

/** The PKCS#8 document of an RSAPrivateKey (RFC 8017): what `RSA PRIVATE KEY` holds. */
export function pkcs1ToPkcs8(pkcs1: Uint8Array): Uint8Array {
  const reader = new DerReader(pkcs1, "the PKCS#1 private key", "api/config");
  readRsaPrivateKey(reader);
  reader.end();
  return encodePkcs8(encodeKeyAlgorithm({ kind: "rsa" }), pkcs1);
}

/** A PKCS#8 document of version 1. */
export function encodePkcs8(algorithm: Uint8Array, privateKey: Uint8Array): Uint8Array {
  return der.sequence(der.integer(0), algorithm, der.octetString(privateKey));
}

/**
 * The key in a PKCS#8 document of version 1 with nothing beside it, which every platform reads: no attributes, and
 * no public key but the `publicKey` of an EC key, which some platforms want to see: a point that was computed from the scalar. An id-RSASSA-PSS key becomes an rsaEncryption key, since not every platform signs with the former.
 */
export function plainPkcs8(key: ClassicKey, publicKey?: Uint8Array): Uint8Array {
  switch (key.kind) {
    case "ec": {
      const point = publicKey === undefined ? [] : [der.explicit(1, der.bitString(publicKey))];
      const ecKey = der.sequence(der.integer(1), der.octetString(key.scalar), ...point);
      return encodePkcs8(encodeKeyAlgorithm(key), ecKey);
    }
    case "rsa":
    case "rsa-pss":
      return encodePkcs8(encodeKeyAlgorithm({ kind: "rsa" }), key.pkcs1);
    default:
      return encodePkcs8(encodeKeyAlgorithm({ kind: key.kind }), der.octetString(key.seed));
  }
}

/**
 * Refuses a private key with an embedded public key that is not its own: signatures would not verify under what the key says
 * that it is. `own` is the public key as it stands in a SubjectPublicKeyInfo, a point uncompressed; an embedded point may be
 * compressed.
 *
 * @throws {TlsError} `api/config`.
 */
export function requireOwnPublicKey(key: PrivateKey, own: Uint8Array): void {
  const forms = key.kind === "ec" ? [own, compressed(own)] : [own];
  for (const embedded of key.embedded) {
    if (forms.some((form) => equalBytes(form, embedded))) continue;
    throw new TlsError(
      "api/config",
      `the private key of type ${key.kind} has a public key beside it that is not its own`,
    );
  }
}

/** The SubjectPublicKeyInfo of a private key, of the public key as it stands in one. */
export function spkiOf(key: PrivateKey, publicKey: Uint8Array): Uint8Array {
  switch (key.kind) {
    case "rsa-pss":
      return encodePssSpki(key.hash, publicKey);
    case "rsa":
      return encodeSpki({ kind: "rsa" }, publicKey);
    default:
      return encodeSpki(key, publicKey);
  }
}

/** SEC 1 section 2.3.3: x alone, behind a byte that says whether y is even. */
function compressed(point: Uint8Array): Uint8Array {
  const form = point.slice(0, (point.length + 1) / 2);
  form[0] = 2 + (point[point.length - 1] & 1);
  return form;
}

/** For a provider that has no use for a kind of key. */
export function unusableKey(provider: string, kind: string): never {
  throw new TlsError(
    "api/config",
    `the provider ${provider} cannot use a private key of type ${kind}`,
  );
}
