/**
 * SM2 keys in DER: SubjectPublicKeyInfo and PKCS#8. Points and scalars are hexadecimal, as `sm-crypto` has them.
 *
 * @module
 */
import { contextTag, der, DerReader, fromHex, toHex } from "@sealane/wire";

/** id-ecPublicKey (RFC 5480 section 2.1.1) and curveSM2 (GM/T 0006-2012). */
const [EC_PUBLIC_KEY, SM2_CURVE] = ["1.2.840.10045.2.1", "1.2.156.10197.1.301"];

/** n - 1: private keys are of 1..n-2 (GB/T 32918.2 section 6.1). */
const N_MINUS_1 = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122n;
const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;

/** The uncompressed point of `bytes` in hexadecimal, or `null` for any other form. It may be off the curve. */
export function readPoint(bytes: Uint8Array): string | null {
  const text = toHex(bytes);
  if (text.length !== 130 || !text.startsWith("04")) return null;
  const inField = [text.slice(2, 66), text.slice(66)].every((hex) => BigInt(`0x${hex}`) < P);
  return inField ? text : null;
}

function readAlgorithm(reader: DerReader): void {
  reader.sequence("algorithm", (identifier) => {
    // Some certificate authorities write the curve as the algorithm.
    const algorithm = identifier.objectIdentifier("algorithm");
    if (![EC_PUBLIC_KEY, SM2_CURVE].includes(algorithm)) identifier.fail("the key is not of SM2");
    readCurve(identifier);
  });
}

function readCurve(reader: DerReader): void {
  const curve = reader.objectIdentifier("namedCurve");
  if (curve !== SM2_CURVE) reader.fail(`the curve ${curve} is not curveSM2`);
}

/**
 * The point in a SubjectPublicKeyInfo.
 *
 * @throws {TlsError} `peer/decode-error` if it is malformed or of another kind.
 */
export function readSpki(spki: Uint8Array): string {
  const reader = new DerReader(spki, "SubjectPublicKeyInfo");
  const point = reader.sequence("SubjectPublicKeyInfo", (info) => {
    readAlgorithm(info);
    return readPoint(info.bitStringBytes("subjectPublicKey")) ?? info.fail("not a point");
  });
  reader.end();
  return point;
}

/** The SubjectPublicKeyInfo of a point. */
export function encodeSpki(point: string): Uint8Array {
  return der.sequence(
    der.sequence(der.objectIdentifier(EC_PUBLIC_KEY), der.objectIdentifier(SM2_CURVE)),
    der.bitString(fromHex(point)),
  );
}

/**
 * The scalar in a PKCS#8 document (RFC 5958) with an ECPrivateKey (RFC 5915), and the point if it has one.
 *
 * @throws {TlsError} `api/config` if it is malformed, of another kind or out of range.
 */
export function readPrivateKey(pkcs8: Uint8Array): { scalar: string; point: string | null } {
  const reader = new DerReader(pkcs8, "the SM2 private key", "api/config");
  const inner = reader.sequence("PrivateKeyInfo", (info) => {
    info.number("version", 0);
    readAlgorithm(info);
    const content = info.octetString("privateKey");
    info.optional(contextTag(0, "constructed"), "attributes");
    return info.nested(content, "privateKey");
  });
  reader.end();
  const key = inner.sequence("ECPrivateKey", (fields) => {
    if (fields.number("version") !== 1) fields.fail("the version is not 1");
    const scalar = toHex(fields.octetString("privateKey"));
    fields.optionalConstructed(contextTag(0, "constructed"), "parameters", readCurve);
    const point = fields.optionalConstructed(
      contextTag(1, "constructed"),
      "publicKey",
      (publicKey) =>
        readPoint(publicKey.bitStringBytes("publicKey")) ?? publicKey.fail("not a point"),
    );
    const value = BigInt(`0x${scalar || "0"}`);
    if (scalar.length !== 64 || value === 0n || value >= N_MINUS_1) {
      fields.fail("the scalar is out of range");
    }
    return { scalar, point };
  });
  inner.end();
  return key;
}
