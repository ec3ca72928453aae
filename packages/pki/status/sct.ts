/**
 * Signed certificate timestamps (RFC 6962): whether logs that one knows have promised to publish a certificate. Decoding
 * the list from the TLS extension is the handshake's; which and how many timestamps to demand is the application's.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { type CryptoProvider, isTrue, type MaybePromise } from "@sealane/providers";
import {
  der,
  DerReader,
  DerTag,
  equalBytes,
  Reader,
  requireTime,
  SignatureScheme,
  TlsError,
  Writer,
} from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import { run, settle, type Steps } from "../path/maybe_promise.ts";
import { readTimestampList } from "./timestamp_list.ts";
import type { TrustAnchor } from "../path/trust.ts";

/** The extension with the timestamps that the CA got for the precertificate (RFC 6962 section 3.3). */
const EMBEDDED_LIST = "1.3.6.1.4.1.11129.2.4.2";

/** A log that one knows. */
export interface TransparencyLog {
  /** The log's key, a DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** A name for people. */
  readonly name?: string;
}

/** A timestamp, decoded (RFC 6962 section 3.2). */
export interface SignedCertificateTimestamp {
  /** SHA-256 of the log's key, 32 bytes. */
  readonly logId: Uint8Array;
  /** When the log promised, in milliseconds since 1970. */
  readonly timestamp: number;
  /** Extensions, of which none is defined. */
  readonly extensions: Uint8Array;
  /** HashAlgorithm and SignatureAlgorithm of TLS 1.2, as one number. */
  readonly algorithm: number;
  /** The signature. */
  readonly signature: Uint8Array;
}

/** What became of one timestamp. Only `valid` counts for anything. */
export interface TimestampVerdict {
  /**
   * `valid`; `invalid` (the signature does not verify, or the time is in the future); `unknown-log`; `unknown-version`
   * or `malformed`, for which there is no more to say.
   */
  readonly status: "valid" | "invalid" | "unknown-log" | "unknown-version" | "malformed";
  /** The timestamp, where it could be decoded. */
  readonly timestamp?: SignedCertificateTimestamp;
  /** The log, where it is known. */
  readonly log?: TransparencyLog;
}

/** What timestamps are verified with. */
export interface TimestampOptions {
  /** The end entity's certificate. */
  readonly certificate: Certificate;
  /** Its issuer: the next certificate of the path or the anchor. Embedded timestamps need it. */
  readonly issuer?: Pick<TrustAnchor, "subjectPublicKeyInfo">;
  /** Timestamps from the TLS extension or an OCSP response, each as it was serialized. Embedded ones are found by themselves. */
  readonly timestamps?: readonly Uint8Array[];
  /** The logs that count. */
  readonly logs: readonly TransparencyLog[];
  /** The time, in milliseconds since 1970. */
  readonly now: number;
  /** Verifies the signatures. */
  readonly provider: CryptoProvider;
}

/** How many timestamps are looked at; the rest is left out of the answer. */
export const MAX_TIMESTAMPS = 32;

/** Decodes a timestamp; `null` for another version than 1. */
export function parseSignedCertificateTimestamp(
  bytes: Uint8Array,
): SignedCertificateTimestamp | null {
  const reader = new Reader(bytes, "SignedCertificateTimestamp");
  if (reader.u8("sct_version") !== 0) return null;
  const logId = reader.bytes(32, "id");
  const timestamp = Number(reader.u64("timestamp"));
  const extensions = reader.vector16("extensions");
  const algorithm = reader.u16("algorithm");
  const signature = reader.vector16("signature");
  reader.end();
  return { logId, timestamp, extensions, algorithm, signature };
}

/**
 * Verifies the timestamps of a certificate: those given, then those embedded in it. One verdict each, in that order;
 * nothing is thrown for what a peer sends. Synchronous with a synchronous provider.
 */
export function verifyTimestamps(options: TimestampOptions): MaybePromise<TimestampVerdict[]> {
  requireTime("now", options.now);
  return run(verify(options));
}

function* verify(options: TimestampOptions): Steps<TimestampVerdict[]> {
  const { certificate, issuer, timestamps = [], logs } = options;
  const ids = logs.map(({ publicKey }) => sha256(publicKey));
  const verdicts: TimestampVerdict[] = [];
  const given = timestamps.slice(0, MAX_TIMESTAMPS);
  const whole = given.length === 0 ? new Uint8Array() : x509Entry(certificate);
  for (const bytes of given) verdicts.push(yield* verifyOne(bytes, whole, ids, options));
  if (issuer === undefined) return verdicts;
  const embedded = embeddedTimestamps(certificate);
  if (embedded === null) return [...verdicts, { status: "malformed" }];
  const entry = embedded.length === 0 ? null : precertEntry(certificate, issuer);
  for (const bytes of embedded.slice(0, MAX_TIMESTAMPS - given.length)) {
    if (entry !== null) verdicts.push(yield* verifyOne(bytes, entry, ids, options));
  }
  return verdicts;
}

function* verifyOne(
  bytes: Uint8Array,
  entry: Uint8Array,
  ids: readonly Uint8Array[],
  { logs, now, provider }: TimestampOptions,
): Steps<TimestampVerdict> {
  const timestamp = attempt(() => parseSignedCertificateTimestamp(bytes));
  if (timestamp === undefined) return { status: "malformed" };
  if (timestamp === null) return { status: "unknown-version" };
  const log = logs[ids.findIndex((id) => equalBytes(id, timestamp.logId))];
  if (log === undefined) return { status: "unknown-log", timestamp };
  // RFC 6962 §2.1.4: logs sign with ECDSA on P-256 or with RSA, and SHA-256: TLS 1.2 writes them as TLS 1.3 does.
  const algorithm = provider.signatures.find(({ scheme }) => scheme === timestamp.algorithm);
  const { ecdsa_secp256r1_sha256, rsa_pkcs1_sha256 } = SignatureScheme;
  if (
    algorithm === undefined || timestamp.timestamp > now ||
    ![ecdsa_secp256r1_sha256, rsa_pkcs1_sha256].some((scheme) => scheme === timestamp.algorithm)
  ) return { status: "invalid", timestamp, log };
  const signed = signedData(bytes, entry, timestamp);
  const verified = algorithm.verify(log.publicKey, signed, timestamp.signature, "certificate");
  return { status: isTrue(yield* settle(verified)) ? "valid" : "invalid", timestamp, log };
}

/** RFC 6962 section 3.2: version, signature_type certificate_timestamp, timestamp, entry, extensions. */
function signedData(
  bytes: Uint8Array,
  entry: Uint8Array,
  { extensions }: SignedCertificateTimestamp,
): Uint8Array {
  const writer = new Writer(entry.length + extensions.length + 16);
  // The eight bytes of the time stand behind version and log id.
  return writer.u8(0).u8(0).bytes(bytes.subarray(33, 41)).bytes(entry).vector16(extensions)
    .finish();
}

function x509Entry({ raw }: Certificate): Uint8Array {
  return new Writer(raw.length + 5).u16(0).vector24(raw).finish();
}

/** The precertificate's entry: the issuer's key and what was signed, without the list itself (RFC 6962 section 3.2). */
function precertEntry(
  { tbsCertificate }: Certificate,
  issuer: Pick<TrustAnchor, "subjectPublicKeyInfo">,
): Uint8Array {
  const fields = elements(tbsCertificate).map((field) => {
    if (field[0] !== 0xa3) return field;
    const [list] = elements(field);
    const kept = elements(list).filter((extension) => !isEmbeddedList(extension));
    return der.explicit(3, der.sequence(...kept));
  });
  const keyHash = sha256(issuer.subjectPublicKeyInfo.raw);
  const writer = new Writer(tbsCertificate.length + 40);
  return writer.u16(1).bytes(keyHash).vector24(der.sequence(...fields)).finish();
}

/** The encodings inside of a constructed value. */
function elements(raw: Uint8Array): Uint8Array[] {
  const { content } = new DerReader(raw, "certificate").element("value");
  return new DerReader(content, "certificate").all((reader) => reader.element("field").raw);
}

function isEmbeddedList(extension: Uint8Array): boolean {
  const { content } = new DerReader(extension, "extension").tagged(DerTag.sequence, "extension");
  return new DerReader(content, "extension").objectIdentifier("extnID") === EMBEDDED_LIST;
}

/** The timestamps in the certificate itself; `null` if the list is malformed. */
function embeddedTimestamps({ extensions: { list } }: Certificate): Uint8Array[] | null {
  const extension = list.find(({ id }) => id === EMBEDDED_LIST);
  if (extension === undefined) return [];
  return readTimestampList(extension.value);
}

/** What `decode` returns, or `undefined` if the input is malformed. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TlsError) return undefined;
    throw error;
  }
}
