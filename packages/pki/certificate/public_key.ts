/**
 * AlgorithmIdentifier and SubjectPublicKeyInfo (RFC 5280 sections 4.1.1.2 and 4.1.2.7).
 *
 * @module
 */
import { DerReader, DerTag } from "@sealane/wire";

/** An algorithm with its parameters. */
export interface AlgorithmIdentifier {
  /** The DER encoding. */
  readonly raw: Uint8Array;
  /** The object identifier in dotted decimal. */
  readonly id: string;
  /** The DER of the parameters, where there are any. */
  readonly parameters?: Uint8Array;
}

/** A public key with its algorithm. */
export interface SubjectPublicKeyInfo {
  /** The DER encoding, which providers verify with. */
  readonly raw: Uint8Array;
  /** The algorithm of the key. */
  readonly algorithm: AlgorithmIdentifier;
  /** The key itself: the content of the BIT STRING. */
  readonly publicKey: Uint8Array;
}

/** Reads the AlgorithmIdentifier that comes next. */
export function readAlgorithmIdentifier(reader: DerReader, field: string): AlgorithmIdentifier {
  const { raw, content } = reader.tagged(DerTag.sequence, field);
  const inner = reader.nested(content, field);
  const id = inner.objectIdentifier("algorithm");
  if (inner.remaining === 0) return { raw, id };
  const parameters = inner.element("parameters").raw;
  inner.end();
  return { raw, id, parameters };
}

/** Reads the SubjectPublicKeyInfo that comes next. */
export function readSubjectPublicKeyInfo(reader: DerReader): SubjectPublicKeyInfo {
  const field = "subjectPublicKeyInfo";
  const { raw, content } = reader.tagged(DerTag.sequence, field);
  const inner = reader.nested(content, field);
  const algorithm = readAlgorithmIdentifier(inner, "algorithm");
  const publicKey = inner.bitStringBytes("subjectPublicKey");
  inner.end();
  return { raw, algorithm, publicKey };
}

/**
 * Parses a SubjectPublicKeyInfo, as a raw public key (RFC 7250) is one. The result holds views over `der`.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function parseSubjectPublicKeyInfo(der: Uint8Array): SubjectPublicKeyInfo {
  const reader = new DerReader(der, "public key");
  const info = readSubjectPublicKeyInfo(reader);
  reader.end();
  return info;
}

/** rsaEncryption and id-RSASSA-PSS (RFC 4055). */
const RSA_KEYS = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"];

/**
 * The bits of the modulus of an RSA key; `null` for keys of another kind.
 *
 * @throws {TlsError} `peer/decode-error` if the key is malformed.
 */
export function rsaModulusBits({ algorithm, publicKey }: SubjectPublicKeyInfo): number | null {
  if (!RSA_KEYS.includes(algorithm.id)) return null;
  const reader = new DerReader(publicKey, "RSA key");
  const modulus = reader.sequence("RSAPublicKey", (key) => {
    const modulus = key.unsigned("modulus");
    key.unsigned("publicExponent");
    return modulus;
  });
  reader.end();
  return 8 * modulus.length - (Math.clz32(modulus[0]) - 24);
}
