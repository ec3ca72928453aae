/**
 * The encoding of OCSP responses (RFC 6960 section 4.2.1).
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
import { type Certificate, parseCertificateWithin } from "../certificate/certificate.ts";
import { type DistinguishedName, readDistinguishedName } from "../names/distinguished_name.ts";
import { type CertificateExtension, readExtensions } from "../certificate/extensions.ts";
import { readTimestampList } from "./timestamp_list.ts";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "../certificate/public_key.ts";

/** Which certificate an answer is about. */
export interface OcspCertId {
  /** The hash of the two fields below, an object identifier. */
  readonly hashAlgorithm: string;
  /** Hash of the issuer's name, DER. */
  readonly issuerNameHash: Uint8Array;
  /** Hash of the issuer's key, the content of its BIT STRING. */
  readonly issuerKeyHash: Uint8Array;
  /** The serial number, the content of the INTEGER. */
  readonly serialNumber: Uint8Array;
}

/** The answer about one certificate. Times are milliseconds since 1970. */
export interface OcspSingleResponse {
  /** Which certificate. */
  readonly certId: OcspCertId;
  /** What the responder says of it. */
  readonly status: "good" | "revoked" | "unknown";
  /** When it was revoked, if it was. */
  readonly revocationTime?: number;
  /** Since when this was known to be right. */
  readonly thisUpdate: number;
  /** Until when newer information comes, where the responder says so. */
  readonly nextUpdate?: number;
  /** Signed certificate timestamps, each as it was serialized (RFC 6962 section 3.3). */
  readonly timestamps?: readonly Uint8Array[];
  /** Whether there is a critical extension that is not known. */
  readonly unknownCritical: boolean;
}

/** A response, decoded. Nothing about it has been verified. */
export interface OcspResponse {
  /** What is signed. */
  readonly tbsResponseData: Uint8Array;
  /** Who signed: a name or the SHA-1 hash of a key. */
  readonly responder: { readonly name: DistinguishedName } | { readonly keyHash: Uint8Array };
  /** When it was signed, in milliseconds since 1970. */
  readonly producedAt: number;
  /** The answers. */
  readonly responses: readonly OcspSingleResponse[];
  /** Whether there is a critical extension that is not known. */
  readonly unknownCritical: boolean;
  /** How it is signed. */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The signature. */
  readonly signature: Uint8Array;
  /** Certificates that may help to verify the signature. */
  readonly certificates: readonly Certificate[];
}

/** How large a response may be, in bytes: it speaks of a few certificates and brings a few along. */
export const MAX_OCSP_BYTES = 65_536;

/** How many certificates a response may bring along. */
const MAX_CERTIFICATES = 4;

const BASIC_RESPONSE = "1.3.6.1.5.5.7.48.1.1";

/** OCSPResponseStatus (RFC 6960 section 4.2.1); 4 is not used. */
const STATUS = [
  "successful",
  "malformedRequest",
  "internalError",
  "tryLater",
  "unused",
  "sigRequired",
  "unauthorized",
];

/**
 * Parses an OCSP response from DER, strictly.
 *
 * @throws {TlsError} `peer/ocsp-response` if it is malformed, or no answer but an error.
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  const elements = { left: MAX_DER_ELEMENTS };
  const outer = new DerReader(der, "OCSP response", "peer/ocsp-response", 0, elements);
  if (der.length > MAX_OCSP_BYTES) {
    outer.fail(`there are ${der.length} bytes, more than ${MAX_OCSP_BYTES}`);
  }
  const basic = outer.sequence("OCSPResponse", (reader) => {
    const status = reader.content(DerTag.enumerated, "responseStatus");
    if (status.length !== 1 || status[0] !== 0) {
      reader.fail(`the responder answered ${STATUS[status[0]] ?? "nonsense"}`);
    }
    return reader.constructed(
      0xa0,
      "responseBytes",
      (explicit) =>
        explicit.sequence("ResponseBytes", (bytes) => {
          const type = bytes.objectIdentifier("responseType");
          if (type !== BASIC_RESPONSE) bytes.fail(`the response type ${type} is not known`);
          return bytes.octetString("response");
        }),
    );
  });
  outer.end();
  const reader = new DerReader(basic, "OCSP response", "peer/ocsp-response", 0, elements);
  const response = reader.sequence(
    "BasicOCSPResponse",
    (inner) => readBasicResponse(inner, elements),
  );
  reader.end();
  return response;
}

function readBasicResponse(reader: DerReader, elements: DerElementBudget): OcspResponse {
  const tbs = reader.tagged(DerTag.sequence, "tbsResponseData");
  const signatureAlgorithm = readAlgorithmIdentifier(reader, "signatureAlgorithm");
  const signature = reader.bitStringBytes("signature");
  const certificates = reader.optionalConstructed(
    0xa0,
    "certs",
    (certs) => certs.sequenceOf("certs", 0, (list) => list.element("certificate").raw),
  ) ?? [];
  if (certificates.length > MAX_CERTIFICATES) {
    reader.fail(`there are ${certificates.length} certificates, more than ${MAX_CERTIFICATES}`);
  }
  return {
    tbsResponseData: tbs.raw,
    signatureAlgorithm,
    signature,
    certificates: certificates.map((raw) => parseResponderCertificate(raw, elements)),
    ...readResponseData(reader.nested(tbs.content, "tbsResponseData")),
  };
}

/** A malformed certificate in a response makes the response malformed, not the peer's Certificate message. */
function parseResponderCertificate(raw: Uint8Array, elements: DerElementBudget): Certificate {
  try {
    return parseCertificateWithin(raw, elements);
  } catch (cause) {
    const { message } = TlsError.from(cause);
    throw new TlsError("peer/ocsp-response", `OCSP response: ${message}`, { cause });
  }
}

function readResponseData(
  reader: DerReader,
): Pick<OcspResponse, "responder" | "producedAt" | "responses" | "unknownCritical"> {
  // Version 1 is the default, which DER leaves out; there is no other.
  reader.optionalConstructed(0xa0, "version", (version) => version.number("version", 0));
  const responder = reader.peek() === 0xa1
    ? reader.constructed(0xa1, "byName", (name) => ({
      name: readDistinguishedName(name, "responder"),
    }))
    : reader.constructed(0xa2, "byKey", (key) => ({ keyHash: key.octetString("KeyHash") }));
  const producedAt = readTime(reader, "producedAt");
  const responses = reader.sequenceOf("responses", 1, readSingleResponse);
  const { unknownCritical } = readResponseExtensions(reader, "responseExtensions");
  reader.end();
  return { responder, producedAt, responses, unknownCritical };
}

function readSingleResponse(reader: DerReader): OcspSingleResponse {
  return reader.sequence("SingleResponse", (single) => {
    const certId = single.sequence("certID", (id) => ({
      hashAlgorithm: readAlgorithmIdentifier(id, "hashAlgorithm").id,
      issuerNameHash: id.octetString("issuerNameHash"),
      issuerKeyHash: id.octetString("issuerKeyHash"),
      serialNumber: id.integer("serialNumber"),
    }));
    const status = readStatus(single);
    const thisUpdate = readTime(single, "thisUpdate");
    const nextUpdate = single.optionalConstructed(
      0xa0,
      "nextUpdate",
      (time) => readTime(time, "nextUpdate"),
    );
    const { unknownCritical, timestamps } = readResponseExtensions(single, "singleExtensions");
    return {
      certId,
      ...status,
      thisUpdate,
      ...(nextUpdate === null ? {} : { nextUpdate }),
      ...(timestamps.length === 0 ? {} : { timestamps }),
      unknownCritical,
    };
  });
}

function readStatus(reader: DerReader): Pick<OcspSingleResponse, "status" | "revocationTime"> {
  if (reader.peek() === 0xa1) {
    return reader.constructed(0xa1, "revoked", (revoked) => {
      const revocationTime = readTime(revoked, "revocationTime");
      revoked.optionalConstructed(
        0xa0,
        "revocationReason",
        (reason) => reason.content(DerTag.enumerated, "CRLReason"),
      );
      return { status: "revoked", revocationTime };
    });
  }
  const tag = reader.peek() === 0x82 ? 0x82 : 0x80;
  if (reader.content(tag, "certStatus").length !== 0) reader.fail("certStatus has content");
  return { status: tag === 0x82 ? "unknown" : "good" };
}

function readTime(reader: DerReader, field: string): number {
  if (reader.peek() !== DerTag.generalizedTime) reader.fail(`${field} is no GeneralizedTime`);
  return reader.time(field);
}

/** Timestamps of Certificate Transparency logs (RFC 6962 section 3.3): they take nothing away from an answer. */
const TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.5";

/** Whether one of the extensions that may come next is critical and not known; and the timestamps among them. */
function readResponseExtensions(
  reader: DerReader,
  field: string,
): { unknownCritical: boolean; timestamps: readonly Uint8Array[] } {
  const list: CertificateExtension[] = reader.optionalConstructed(0xa1, field, readExtensions) ??
    [];
  const unknownCritical = list.some(({ id, critical }) => critical && id !== TIMESTAMPS);
  const timestamps = list.find(({ id }) => id === TIMESTAMPS);
  // A malformed list counts for nothing, as one that is embedded in a certificate.
  const read = timestamps === undefined ? [] : readTimestampList(timestamps.value) ?? [];
  return { unknownCritical, timestamps: read };
}
