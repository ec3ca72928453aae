/**
 * OCSP responses (RFC 6960) as servers staple them: whether a certificate is revoked, according to its issuer.
 *
 * @module
 */
import { sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js";
import { type CryptoProvider, isTrue, type MaybePromise } from "@sealane/providers";
import { equalBytes, requireDuration, requireTime, TlsError } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import { KeyPurpose } from "../certificate/extensions.ts";
import { run, settle, type Steps } from "../path/maybe_promise.ts";
import {
  type OcspCertId,
  type OcspResponse,
  type OcspSingleResponse,
  parseOcspResponse,
} from "./ocsp_response.ts";
import type { SubjectPublicKeyInfo } from "../certificate/public_key.ts";
import { certificateSignatureScheme } from "../certificate/signature_algorithm.ts";
import type { TrustAnchor } from "../path/trust.ts";
import type { VerifiedPath } from "../path/path.ts";
import { mustStaple } from "../path/verify.ts";

/** What an OCSP response is verified with. */
export interface OcspOptions {
  /** The response, DER. */
  readonly response: Uint8Array;
  /** The certificate that it is to be about. */
  readonly certificate: Certificate;
  /** The issuer of that certificate: the next certificate of the verified path, or its anchor. */
  readonly issuer: Pick<TrustAnchor, "subject" | "subjectPublicKeyInfo">;
  /** The time, in milliseconds since 1970. */
  readonly now: number;
  /** Verifies the signatures. */
  readonly provider: CryptoProvider;
  /** How far clocks may differ, in milliseconds; 5 minutes unless given. */
  readonly clockSkew?: number;
  /** How old a response may be that does not say when the next comes, in milliseconds; 7 days unless given. */
  readonly maxAge?: number;
}

/** What a staple is verified with. */
export interface StapleOptions extends Omit<OcspOptions, "response" | "certificate" | "issuer"> {
  /** The path of the peer. */
  readonly path: VerifiedPath;
  /** The response that the peer stapled to its certificate, DER; `null` if it stapled none. */
  readonly response: Uint8Array | null;
  /** Whether a staple is demanded of every certificate; else only of those that say so themselves (RFC 7633). */
  readonly require?: boolean;
}

/**
 * Verifies what a peer that was asked for a staple sent, or did not send. Returns the answer, or `null` where there is no
 * staple and none is demanded. Synchronous with a synchronous provider.
 *
 * @throws {TlsError} `peer/ocsp-response` if a demanded staple is missing; else as {@link verifyOcspResponse}.
 */
export function verifyStaple(options: StapleOptions): MaybePromise<OcspSingleResponse | null> {
  const { path: { certificates, anchor }, response, require = false } = options;
  requireTime("now", options.now);
  const [certificate, issuer = anchor] = certificates;
  if (response !== null) return run(verify({ ...options, response, certificate, issuer }));
  if (require || mustStaple(certificate)) fail("is demanded but none came");
  return null;
}

const MINUTE = 60_000;

/**
 * Verifies that an OCSP response says of a certificate that it is good: it is about this certificate, of this time, and
 * signed by the issuer or by a responder that the issuer has certified for that. Synchronous with a synchronous provider.
 *
 * @throws {TlsError} `peer/certificate-revoked` if the certificate is revoked; `peer/ocsp-response` for everything else
 * that is not right, also if the responder does not know the certificate.
 */
export function verifyOcspResponse(options: OcspOptions): MaybePromise<OcspSingleResponse> {
  return run(verify(options));
}

function* verify(options: OcspOptions): Steps<OcspSingleResponse> {
  const { certificate, issuer, clockSkew = 5 * MINUTE, maxAge = 7 * 24 * 60 * MINUTE } = options;
  const now = requireTime("now", options.now);
  requireDuration("clockSkew", clockSkew);
  requireDuration("maxAge", maxAge);
  const response = parseOcspResponse(options.response);
  const matching = answersFor(response, certificate, issuer);
  if (matching.length === 0) fail("is about other certificates");
  if (response.unknownCritical || matching.some((single) => single.unknownCritical)) {
    fail("has a critical extension that is not known");
  }
  if (response.producedAt < certificate.notBefore || response.producedAt > certificate.notAfter) {
    fail("was made outside of the validity of the certificate");
  }
  const timely = inTime(matching, now, clockSkew, maxAge);
  // RFC 6960 §2.4: the time at which the responder signed.
  if (response.producedAt > now + clockSkew) {
    fail(`was made in the future, ${new Date(response.producedAt).toISOString()}`);
  }
  yield* checkSigner(response, options);
  // If a response says several things of one certificate, the worst of them counts.
  const single = timely.toSorted((a, b) => SEVERITY[b.status] - SEVERITY[a.status])[0];
  if (single.status === "revoked") {
    const when = new Date(single.revocationTime ?? 0).toISOString();
    throw new TlsError("peer/certificate-revoked", `certificate was revoked ${when}`);
  }
  if (single.status === "unknown") fail("says that the certificate is not known");
  return single;
}

function fail(why: string): never {
  throw new TlsError("peer/ocsp-response", `OCSP response ${why}`);
}

/** Hashes of CertID: SHA-1 is what everybody uses; it only names the issuer here (RFC 6960 section 4.1.1). */
const HASHES: Readonly<Record<string, (data: Uint8Array) => Uint8Array>> = {
  "1.3.14.3.2.26": sha1,
  "2.16.840.1.101.3.4.2.1": sha256,
  "2.16.840.1.101.3.4.2.2": sha384,
  "2.16.840.1.101.3.4.2.3": sha512,
  "2.16.840.1.101.3.4.2.4": sha224,
  "2.16.840.1.101.3.4.2.5": sha512_224,
  "2.16.840.1.101.3.4.2.6": sha512_256,
};

/** The answers about one certificate. Each hash of the issuer is made once, however many answers there are. */
function answersFor(
  { responses }: OcspResponse,
  { serialNumber, issuer: { raw: name } }: Certificate,
  { subjectPublicKeyInfo: { publicKey } }: OcspOptions["issuer"],
): readonly OcspSingleResponse[] {
  const digests = new Map<string, { name: Uint8Array; key: Uint8Array }>();
  const isFor = ({ hashAlgorithm, ...id }: OcspCertId) => {
    if (!Object.hasOwn(HASHES, hashAlgorithm)) return false;
    if (!equalBytes(id.serialNumber, serialNumber)) return false;
    const hash = HASHES[hashAlgorithm];
    const known = digests.get(hashAlgorithm) ?? { name: hash(name), key: hash(publicKey) };
    digests.set(hashAlgorithm, known);
    return equalBytes(id.issuerNameHash, known.name) && equalBytes(id.issuerKeyHash, known.key);
  };
  return responses.filter(({ certId }) => isFor(certId));
}

/**
 * The signed certificate timestamps that a stapled response brings for a certificate (RFC 6962 section 3.3), each as it was
 * serialized; none if the response is malformed. Logs sign them: nothing about the response has to be verified.
 */
export function stapledTimestamps(
  response: Uint8Array,
  certificate: Certificate,
  issuer: OcspOptions["issuer"],
): readonly Uint8Array[] {
  try {
    return answersFor(parseOcspResponse(response), certificate, issuer)
      .flatMap(({ timestamps }) => timestamps ?? []);
  } catch (error) {
    if (error instanceof TlsError) return [];
    throw error;
  }
}

const SEVERITY = { good: 0, unknown: 1, revoked: 2 } as const;

/** The answers that hold now (RFC 6960 section 4.2.2.1). */
function inTime(
  answers: readonly OcspSingleResponse[],
  now: number,
  skew: number,
  maxAge: number,
): readonly OcspSingleResponse[] {
  const endOf = ({ nextUpdate, thisUpdate }: OcspSingleResponse) =>
    nextUpdate ?? thisUpdate + maxAge;
  for (const { thisUpdate, nextUpdate = thisUpdate } of answers) {
    // RFC 6960 §2.4: newer information comes at or before nextUpdate, not before this one.
    if (nextUpdate < thisUpdate) fail("has a nextUpdate before its thisUpdate");
  }
  const started = answers.filter(({ thisUpdate }) => thisUpdate <= now + skew);
  if (started.length === 0) fail("is of the future");
  const timely = started.filter((answer) => endOf(answer) >= now - skew);
  if (timely.length > 0) return timely;
  return fail(`is outdated since ${new Date(Math.max(...started.map(endOf))).toISOString()}`);
}

/** RFC 6960 section 4.2.2.2: the issuer itself, or who has a certificate for it that the issuer signed directly. */
function* checkSigner(response: OcspResponse, options: OcspOptions): Steps<void> {
  const { issuer } = options;
  const { responder, signatureAlgorithm, signature, tbsResponseData } = response;
  const isResponder = ({ subject, subjectPublicKeyInfo }: OcspOptions["issuer"]) =>
    "name" in responder
      ? responder.name.key === subject.key
      : equalBytes(responder.keyHash, sha1(subjectPublicKeyInfo.publicKey));
  const candidates = [null, ...response.certificates];
  let reason: TlsError | null = null;
  for (const certificate of candidates) {
    if (!isResponder(certificate ?? issuer)) continue;
    try {
      // One that will not do stands in the way of none that will, for instance the old certificate of two.
      if (certificate !== null) yield* checkResponder(certificate, options);
      const key = (certificate ?? issuer).subjectPublicKeyInfo;
      if (yield* isSignedBy(key, signatureAlgorithm, tbsResponseData, signature, options)) return;
    } catch (error) {
      if (!(error instanceof TlsError) || error.code !== "peer/ocsp-response") throw error;
      reason ??= error;
    }
  }
  if (reason !== null) throw reason;
  fail("is not signed by the issuer or by a responder of its");
}

/** Whether a certificate of the issuer makes its subject a responder. */
function* checkResponder(certificate: Certificate, options: OcspOptions): Steps<void> {
  const { issuer, now } = options;
  const { extensions, notBefore, notAfter } = certificate;
  if (certificate.issuer.key !== issuer.subject.key) {
    fail("comes from a responder that another CA certified");
  }
  // anyExtendedKeyUsage is not enough: the purpose has to be named.
  if (extensions.extKeyUsage?.includes(KeyPurpose.OCSPSigning) !== true) {
    fail("comes from a certificate without the purpose OCSPSigning");
  }
  if (extensions.keyUsage?.has("digitalSignature") === false) {
    fail("comes from a responder whose key may not sign");
  }
  if (extensions.unknownCritical.length > 0) {
    fail("comes from a responder with a critical extension that is not known");
  }
  if (!equalBytes(certificate.signatureAlgorithm.raw, certificate.tbsSignature.raw)) {
    fail("comes from a responder whose certificate names two signature algorithms");
  }
  if (now < notBefore || now > notAfter + 999) fail("comes from a responder that is not valid now");
  const { signatureAlgorithm, tbsCertificate, signature } = certificate;
  const key = issuer.subjectPublicKeyInfo;
  if (!(yield* isSignedBy(key, signatureAlgorithm, tbsCertificate, signature, options))) {
    fail("comes from a responder that the issuer did not certify");
  }
}

function* isSignedBy(
  key: SubjectPublicKeyInfo,
  algorithm: OcspResponse["signatureAlgorithm"],
  data: Uint8Array,
  signature: Uint8Array,
  { provider }: OcspOptions,
): Steps<boolean> {
  const scheme = supportedScheme(algorithm, key);
  const verifier = provider.signatures.find((each) => each.scheme === scheme);
  if (verifier === undefined) return fail("is signed with an algorithm that is not supported");
  return isTrue(yield* settle(verifier.verify(key.raw, data, signature, "certificate")));
}

function supportedScheme(
  algorithm: OcspResponse["signatureAlgorithm"],
  key: SubjectPublicKeyInfo,
): number {
  try {
    return certificateSignatureScheme(algorithm, key);
  } catch (cause) {
    throw new TlsError(
      "peer/ocsp-response",
      `OCSP response: ${TlsError.from(cause).message}`,
      { cause },
    );
  }
}
