/**
 * X.509 certificates (RFC 5280 section 4.1): parsing. What makes one valid is in `path.ts`.
 *
 * @module
 */
import {
  type DerElementBudget,
  DerReader,
  DerTag,
  MAX_DER_ELEMENTS,
  TlsError,
} from "@sealane/wire";
import { type DistinguishedName, readDistinguishedName } from "../names/distinguished_name.ts";
import { type CertificateExtensions, decodeExtensions, readExtensions } from "./extensions.ts";
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
  readSubjectPublicKeyInfo,
  type SubjectPublicKeyInfo,
} from "./public_key.ts";

/** A parsed certificate. Nothing about it has been verified. */
export interface Certificate {
  /** The DER encoding. */
  readonly raw: Uint8Array;
  /** The DER of tbsCertificate, which the signature is over. */
  readonly tbsCertificate: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: 1 | 2 | 3;
  /** The content of the INTEGER. */
  readonly serialNumber: Uint8Array;
  /** The algorithm of the signature, as it stands next to the signature. */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The same, as it stands among what is signed: a valid certificate has the same bytes in both places. */
  readonly tbsSignature: AlgorithmIdentifier;
  /** The signature of the issuer. */
  readonly signature: Uint8Array;
  /** Who signed. */
  readonly issuer: DistinguishedName;
  /** Whom the key belongs to. */
  readonly subject: DistinguishedName;
  /** First moment of validity, in milliseconds since 1970. */
  readonly notBefore: number;
  /** Last second of validity, in milliseconds since 1970: the certificate is valid at this time itself. */
  readonly notAfter: number;
  /** The key. */
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  /** The extensions. */
  readonly extensions: CertificateExtensions;
}

/** How large a certificate may be, in bytes. */
export const MAX_CERTIFICATE_BYTES = 131_072;

/**
 * Parses one certificate from DER, strictly. The result holds views over `der`, which must not change afterwards.
 *
 * @throws {TlsError} `peer/decode-error` if it is malformed; unknown critical extensions and unknown algorithms are not
 * malformed, only useless in a path.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return parseCertificateWithin(der, { left: MAX_DER_ELEMENTS });
}

/** {@link parseCertificate} with a budget of DER elements that several certificates share. */
export function parseCertificateWithin(der: Uint8Array, elements: DerElementBudget): Certificate {
  // What a Certificate message may hold; a multiple of what certificates in use have.
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new TlsError(
      "peer/decode-error",
      `certificate has ${der.length} bytes, more than ${MAX_CERTIFICATE_BYTES}`,
    );
  }
  const outer = new DerReader(der, "certificate", "peer/decode-error", 0, elements);
  const certificate = outer.sequence("Certificate", (reader) => {
    const tbs = reader.tagged(DerTag.sequence, "tbsCertificate");
    const signatureAlgorithm = readAlgorithmIdentifier(reader, "signatureAlgorithm");
    const signature = reader.bitStringBytes("signatureValue");
    const fields = readTbsCertificate(reader.nested(tbs.content, "tbsCertificate"));
    return { raw: der, tbsCertificate: tbs.raw, signatureAlgorithm, signature, ...fields };
  });
  outer.end();
  return certificate;
}

function readTbsCertificate(
  reader: DerReader,
): Omit<Certificate, "raw" | "tbsCertificate" | "signatureAlgorithm" | "signature"> {
  const version = readVersion(reader);
  const serialNumber = reader.integer("serialNumber");
  const tbsSignature = readAlgorithmIdentifier(reader, "signature");
  const issuer = readDistinguishedName(reader, "issuer");
  const [notBefore, notAfter] = reader.sequence(
    "validity",
    (validity) => [validity.time("notBefore"), validity.time("notAfter")],
  );
  const subject = readDistinguishedName(reader, "subject");
  const subjectPublicKeyInfo = readSubjectPublicKeyInfo(reader);
  if (version > 1) {
    reader.optional(0x81, "issuerUniqueID");
    reader.optional(0x82, "subjectUniqueID");
  }
  const list = version === 3
    ? reader.optionalConstructed(0xa3, "extensions", readExtensions) ?? []
    : [];
  reader.end();
  const extensions = decodeExtensions(list, reader);
  return {
    version,
    serialNumber,
    tbsSignature,
    issuer,
    subject,
    notBefore,
    notAfter,
    subjectPublicKeyInfo,
    extensions,
  };
}

function readVersion(reader: DerReader): 1 | 2 | 3 {
  const version = reader.optionalConstructed(0xa0, "version", (v) => v.number("version"));
  if (version === null) return 1;
  if (version === 1) return 2;
  // X.690 §11.5: a default value (v1) is left out.
  return version === 2 ? 3 : reader.fail(`the version number is ${version}`);
}

/** Whether a certificate names itself as its issuer (RFC 5280 section 3.2: self-issued). */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.issuer.key === certificate.subject.key;
}
