/**
 * SM2 keys in DER: SubjectPublicKeyInfo and PKCS#8.
 *
 * @module
 */
import { contextTag, der, DerReader, equalBytes } from "@sealane/wire";
import { inRange } from "../weierstrass/scalar.ts";
import { decodePoint, encodePoint, N_MINUS_1_BYTES } from "./curve.ts";

/** id-ecPublicKey (RFC 5480 section 2.1.1). */
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
/** curveSM2 (GM/T 0006-2012). */
const SM2_CURVE = "1.2.156.10197.1.301";

/**
 * Reads an AlgorithmIdentifier of an SM2 key: id-ecPublicKey with the curve, or, as some certificate authorities write it,
 * the curve as the algorithm with itself as its parameter.
 */
function readAlgorithm(reader: DerReader): void {
  reader.sequence("algorithm", (identifier) => {
    const algorithm = identifier.objectIdentifier("algorithm");
    if (algorithm !== EC_PUBLIC_KEY && algorithm !== SM2_CURVE) {
      identifier.fail(`the key type ${algorithm} is not SM2`);
    }
    const curve = identifier.objectIdentifier("namedCurve");
    if (curve !== SM2_CURVE) identifier.fail(`the curve ${curve} is not curveSM2`);
  });
}

/**
 * The coordinates in an SM2 SubjectPublicKeyInfo. Whether they are on the curve is not checked here.
 *
 * @throws {TlsError} `peer/decode-error` if it is malformed or of another kind.
 */
export function readSm2Spki(spki: Uint8Array): Uint8Array {
  const reader = new DerReader(spki, "SubjectPublicKeyInfo");
  const point = reader.sequence("SubjectPublicKeyInfo", (info) => {
    readAlgorithm(info);
    return decodePoint(info.bitStringBytes("subjectPublicKey")) ?? info.fail("not a point");
  });
  reader.end();
  return point;
}

/** The SubjectPublicKeyInfo of a point. */
export function encodeSm2Spki(point: Uint8Array): Uint8Array {
  return der.sequence(
    der.sequence(der.objectIdentifier(EC_PUBLIC_KEY), der.objectIdentifier(SM2_CURVE)),
    der.bitString(encodePoint(point)),
  );
}

/** What an SM2 private key says. */
export interface Sm2PrivateKey {
  /** d, 32 bytes, of 1..n-2. A view over the input. */
  readonly scalar: Uint8Array;
  /** The public key that came along, 64 bytes of coordinates, or `null`. Not checked. */
  readonly point: Uint8Array | null;
}

/**
 * The key in a PKCS#8 document (RFC 5958).
 *
 * @throws {TlsError} `api/config` if it is malformed or of another kind.
 */
export function readSm2PrivateKey(pkcs8: Uint8Array): Sm2PrivateKey {
  const reader = new DerReader(pkcs8, "the SM2 private key", "api/config");
  const key = reader.sequence("PrivateKeyInfo", (info) => {
    const version = info.number("version", 1);
    readAlgorithm(info);
    const content = info.octetString("privateKey");
    info.optional(contextTag(0, "constructed"), "attributes");
    if (version === 1) info.optional(contextTag(1, "primitive"), "publicKey");
    const inner = info.nested(content, "privateKey");
    const value = readEcPrivateKey(inner);
    inner.end();
    return value;
  });
  reader.end();
  return key;
}

/** ECPrivateKey (RFC 5915 section 3). */
function readEcPrivateKey(reader: DerReader): Sm2PrivateKey {
  return reader.sequence("ECPrivateKey", (key) => {
    if (key.number("version") !== 1) key.fail("the version is not 1");
    const scalar = key.octetString("privateKey");
    key.optionalConstructed(contextTag(0, "constructed"), "parameters", (parameters) => {
      const curve = parameters.objectIdentifier("namedCurve");
      if (curve !== SM2_CURVE) parameters.fail(`the curve ${curve} is not curveSM2`);
    });
    const point = key.optionalConstructed(
      contextTag(1, "constructed"),
      "publicKey",
      (publicKey) =>
        decodePoint(publicKey.bitStringBytes("publicKey")) ?? publicKey.fail("not a point"),
    );
    // GB/T 32918.2 §6.1: d is of 1..n-2.
    if (!inRange(scalar, N_MINUS_1_BYTES)) key.fail("the scalar is out of range");
    return { scalar, point };
  });
}

/** Whether the public key that came with a private key is the one that belongs to it. */
export function sameOrAbsent(claimed: Uint8Array | null, computed: Uint8Array): boolean {
  return claimed === null || equalBytes(claimed, computed);
}
