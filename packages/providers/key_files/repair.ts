/**
 * Private keys as other programs write them, in the form that the standards ask for.
 *
 * @module
 */
import { contextTag, der, DerReader, DerTag } from "@sealane/wire";
import { EC_CURVES } from "../key_info.ts";

const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const SM2_CURVE = "1.2.156.10197.1.301";

/** Bytes of a scalar by the object identifier of the curve. */
const SCALAR_BYTES: ReadonlyMap<string, number> = new Map([
  ...Object.values(EC_CURVES).map(({ oid, bytes }) => [oid, bytes] as const),
  [SM2_CURVE, 32],
]);

/** The first element of a file, behind which only zero bytes may stand: some tools fill up with them. */
export function withoutTrailingZeros(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes, "the private key", "api/config");
  const { raw } = reader.element("private key");
  return bytes.subarray(raw.length).every((byte) => byte === 0) ? raw : bytes;
}

/**
 * A PKCS #8 document with what RFC 5958, RFC 5915 and RFC 4055 ask for and some programs leave out: NULL as the parameters
 * of RSA, scalars of the length of the curve, an implicit tag at the public key.
 *
 * @throws {TlsError} `api/config` for a curve that is spelled out, and if it is malformed.
 */
export function repairPkcs8(pkcs8: Uint8Array): Uint8Array {
  const outer = new DerReader(pkcs8, "the private key", "api/config");
  return outer.sequence("PrivateKeyInfo", (info) => {
    const version = info.number("version");
    const algorithm = readAlgorithm(info);
    const content = info.octetString("privateKey");
    const rest: Uint8Array[] = [];
    while (info.remaining > 0) rest.push(repairPublicKey(info));
    const privateKey = algorithm.curve === null
      ? content
      : repairEcPrivateKey(content, algorithm.curve);
    // RFC 5958 §2: with a public key the version is 1.
    const hasPublicKey = rest.some(([tag]) => tag === contextTag(1, "primitive"));
    const number = version === 0 && hasPublicKey ? 1 : version;
    return der.sequence(der.integer(number), algorithm.raw, der.octetString(privateKey), ...rest);
  });
}

function readAlgorithm(info: DerReader): { raw: Uint8Array; curve: string | null } {
  const { raw } = info.tagged(DerTag.sequence, "algorithm");
  return info.nested(raw, "algorithm").sequence("algorithm", (algorithm) => {
    const id = algorithm.objectIdentifier("algorithm");
    if (id === RSA_ENCRYPTION && algorithm.remaining === 0) {
      return { raw: der.sequence(der.objectIdentifier(id), der.nullValue()), curve: null };
    }
    if (id !== EC_PUBLIC_KEY) {
      while (algorithm.remaining > 0) algorithm.element("parameters");
      return { raw, curve: null };
    }
    // RFC 5480 §2.1.1: specifiedCurve is not used. What it says might not be the curve that it looks like.
    if (algorithm.peek() === DerTag.sequence) {
      algorithm.fail(
        "it spells its curve out instead of naming it: convert it with " +
          "`openssl pkey -ec_param_enc named_curve`",
      );
    }
    return { raw, curve: algorithm.objectIdentifier("namedCurve") };
  });
}

/** Old versions of Java and ring put an explicit tag, and a BIT STRING, where an implicit tag belongs. */
function repairPublicKey(info: DerReader): Uint8Array {
  const { tag, raw, content } = info.element("field");
  if (tag !== contextTag(1, "constructed")) return raw;
  const inner = info.nested(content, "publicKey");
  const bits = inner.content(DerTag.bitString, "publicKey");
  inner.end();
  return der.implicit(1, bits);
}

/** An ECPrivateKey whose scalar is as long as the order of its curve (RFC 5915 section 3). */
export function repairEcPrivateKey(sec1: Uint8Array, curve: string | null): Uint8Array {
  const outer = new DerReader(sec1, "the private key", "api/config");
  const repaired = outer.sequence("ECPrivateKey", (key) => {
    const version = key.number("version");
    const scalar = key.octetString("privateKey");
    const rest: Uint8Array[] = [];
    let named = curve;
    while (key.remaining > 0) {
      const { tag, raw, content } = key.element("field");
      if (tag === contextTag(0, "constructed") && content[0] === DerTag.objectIdentifier) {
        named ??= key.nested(content, "parameters").objectIdentifier("namedCurve");
      }
      rest.push(raw);
    }
    const length = SCALAR_BYTES.get(named ?? "") ?? scalar.length;
    return der.sequence(der.integer(version), der.octetString(ofLength(scalar, length)), ...rest);
  });
  outer.end();
  return repaired;
}

/** A number in so many bytes; as it is if it does not fit. */
function ofLength(number: Uint8Array, length: number): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  const magnitude = first === -1 ? new Uint8Array() : number.subarray(first);
  if (magnitude.length > length) return number;
  const bytes = new Uint8Array(length);
  bytes.set(magnitude, length - magnitude.length);
  return bytes;
}
