/**
 * Path validation (RFC 5280 section 6.1): whether one given path from a trust anchor to an end entity is valid. Finding
 * the path is `path.ts`'s.
 *
 * @module
 */
import { equalBytes, signatureSchemeName, TlsError, type TlsErrorCode } from "@sealane/wire";
import { type CryptoProvider, isTrue } from "@sealane/providers";
import { type Certificate, isSelfIssued } from "../certificate/certificate.ts";
import { formatDistinguishedName } from "../names/distinguished_name.ts";
import { ExtensionId, KeyPurpose } from "../certificate/extensions.ts";
import { settle, type Steps } from "./maybe_promise.ts";
import { NameConstraintState } from "./name_constraints.ts";
import type { WorkBudget } from "../limits.ts";
import { type PolicyInputs, PolicyState } from "./policy.ts";
import { rsaModulusBits, type SubjectPublicKeyInfo } from "../certificate/public_key.ts";
import { certificateSignatureScheme } from "../certificate/signature_algorithm.ts";
import type { TrustAnchor } from "./trust.ts";

/** What a path is validated for. */
export interface ValidationInputs {
  /** The time, in milliseconds since 1970. */
  readonly now: number;
  /** What the end entity's key is to be used for, for instance `KeyPurpose.serverAuth`; anything if absent. */
  readonly purpose?: KeyPurpose;
  /** Bits that the modulus of an RSA key has at least; 2048 unless given. */
  readonly minimumRsaBits?: number;
  /** Policy inputs; every policy is acceptable and none required unless given. */
  readonly policies?: PolicyInputs;
}

/**
 * Verifies signatures on certificates, each once, up to a number of them: what is verified again and again while paths
 * are tried costs nothing, and a peer cannot make us verify without end.
 */
export class SignatureVerifier {
  readonly #provider: CryptoProvider;
  readonly #known = new Map<Certificate, Map<SubjectPublicKeyInfo, boolean>>();
  readonly #mismatches = new WeakSet<TlsError>();
  readonly #work: WorkBudget;
  readonly #limit: number;
  #count = 0;

  /** `limit` is how many signatures may be verified; what is hashed for them comes out of `work`. */
  constructor(provider: CryptoProvider, limit: number, work: WorkBudget) {
    this.#provider = provider;
    this.#limit = limit;
    this.#work = work;
  }

  /** Whether more signatures were to be verified than may be. */
  get isExhausted(): boolean {
    return this.#count > this.#limit;
  }

  /** Refuses a certificate that `key` did not sign. */
  *verify(certificate: Certificate, key: SubjectPublicKeyInfo): Steps<void> {
    const known = this.#known.get(certificate) ?? new Map<SubjectPublicKeyInfo, boolean>();
    this.#known.set(certificate, known);
    let valid = known.get(key);
    if (valid === undefined) known.set(key, valid = yield* this.#verify(certificate, key));
    if (valid) return;
    const error = refusal(certificate, "peer/bad-certificate", "the signature does not verify");
    this.#mismatches.add(error);
    throw error;
  }

  /** Whether an error says that a signature does not verify, which while paths are tried most often means a wrong way. */
  isMismatch(error: TlsError): boolean {
    return this.#mismatches.has(error);
  }

  *#verify(certificate: Certificate, key: SubjectPublicKeyInfo): Steps<boolean> {
    const scheme = certificateSignatureScheme(certificate.signatureAlgorithm, key);
    const algorithm = this.#provider.signatures.find((each) => each.scheme === scheme);
    if (algorithm === undefined) {
      const name = signatureSchemeName(scheme);
      const why = `the provider ${this.#provider.name} does not verify ${name}`;
      refuse(certificate, "peer/unsupported-certificate", why);
    }
    if (++this.#count > this.#limit) {
      const why = `its path needs more than the limit signatures of ${this.#limit}`;
      refuse(certificate, "peer/bad-certificate", why);
    }
    const { tbsCertificate, signature } = certificate;
    this.#work.spend(tbsCertificate.length + key.raw.length);
    const verdict = algorithm.verify(key.raw, tbsCertificate, signature, "certificate");
    return isTrue(yield* settle(verdict));
  }
}

/** An error that names the certificate. */
export function refusal(certificate: Certificate, code: TlsErrorCode, why: string): TlsError {
  const subject = formatDistinguishedName(certificate.subject);
  return new TlsError(code, `certificate of ${subject}: ${why}`);
}

/** Throws an error that names the certificate. */
export function refuse(certificate: Certificate, code: TlsErrorCode, why: string): never {
  throw refusal(certificate, code, why);
}

/**
 * Validates a path: `path` is the end entity's certificate and those that lead to the anchor, whose own certificate is
 * not among them. Returns the policies that the path is valid for (RFC 5280 section 6.1.6), object identifiers.
 *
 * Works from the anchor down, so that no key is used before a trusted key has vouched for it.
 */
export function* validatePath(
  path: readonly Certificate[],
  anchor: TrustAnchor,
  inputs: ValidationInputs,
  signatures: SignatureVerifier,
  work: WorkBudget,
): Steps<readonly string[]> {
  const names = new NameConstraintState(work);
  // An anchor's certificate counts in the policies as if it were the first of the path, as BoringSSL has it.
  const length = path.length + (anchor.certificate === undefined ? 0 : 1);
  const policies = new PolicyState(inputs.policies ?? {}, length, work);
  let maxPathLength = Infinity;
  checkKeySize(anchor.subjectPublicKeyInfo, inputs);
  if (anchor.certificate !== undefined) {
    const { certificate, certificate: { extensions } } = anchor;
    maxPathLength = checkAnchor(certificate, inputs);
    if (extensions.nameConstraints !== undefined) names.add(extensions.nameConstraints);
    if (extensions.certificatePolicies !== undefined) policies.process(certificate, true);
    policies.prepare(certificate, false);
  }
  let issuer = anchor;
  for (let i = path.length - 1; i >= 0; i--) {
    const certificate = path[i];
    const { extensions } = certificate;
    const isLast = i === 0;
    // Names, algorithms and purposes are compared below.
    work.spend(certificate.raw.length);
    const selfIssued = isSelfIssued(certificate);
    checkBasics(certificate, issuer, inputs);
    if (isLast) checkEndEntity(certificate);
    yield* signatures.verify(certificate, issuer.subjectPublicKeyInfo);
    // §6.1.3 (b), (c): a CA's certificate for itself, as in a key rollover, has the CA's own name.
    if (isLast || !selfIssued) names.check(certificate);
    policies.process(certificate, selfIssued && !isLast);
    if (isLast) break;
    // §6.1.4.
    policies.prepare(certificate, selfIssued);
    checkIssuing(certificate);
    if (!selfIssued && --maxPathLength < 0) {
      refuse(certificate, "peer/bad-certificate", "more CAs follow than its issuers allow");
    }
    const { pathLength = Infinity } = extensions.basicConstraints ?? {};
    maxPathLength = Math.min(maxPathLength, pathLength);
    if (extensions.nameConstraints !== undefined) names.add(extensions.nameConstraints);
    issuer = certificate;
  }
  return policies.finish(path[0]);
}

/** RFC 5280 sections 6.1.4 (o) and 6.1.5 (f): who does not understand a critical extension refuses the certificate. */
function checkCritical(certificate: Certificate): void {
  for (const id of certificate.extensions.unknownCritical) {
    refuse(
      certificate,
      "peer/unsupported-certificate",
      `the critical extension ${id} is not known`,
    );
  }
}

/** The checks that need no key (RFC 5280 section 6.1.3 (a)): dates, names, algorithms, purposes, unknown extensions. */
export function checkBasics(
  certificate: Certificate,
  issuer: Pick<TrustAnchor, "subject"> | null,
  inputs: ValidationInputs,
): void {
  const { now, purpose } = inputs;
  const { notBefore, notAfter } = certificate;
  checkCritical(certificate);
  if (now < notBefore || now > notAfter + 999) {
    const when = now < notBefore ? "is not valid before" : "expired";
    const time = now < notBefore ? notBefore : notAfter;
    refuse(certificate, "peer/certificate-expired", `it ${when} ${new Date(time).toISOString()}`);
  }
  if (issuer !== null && certificate.issuer.key !== issuer.subject.key) {
    refuse(certificate, "peer/bad-certificate", "its issuer has another name");
  }
  // §4.1.1.2: what is signed says how it is signed.
  if (!equalBytes(certificate.signatureAlgorithm.raw, certificate.tbsSignature.raw)) {
    refuse(certificate, "peer/bad-certificate", "it names two signature algorithms");
  }
  checkProfile(certificate);
  checkKeySize(certificate.subjectPublicKeyInfo, inputs);
  checkPurpose(certificate, purpose);
}

/** What RFC 5280 section 4.2.1 says conforming CAs never issue, and a verifier is right to refuse. */
function checkProfile(certificate: Certificate): void {
  const { list } = certificate.extensions;
  // §4.2.1.1, §4.2.1.2 and §4.2.2.1: they are not critical.
  const critical = list.find(({ id, critical }) => critical && NEVER_CRITICAL.includes(id));
  if (critical !== undefined) {
    refuse(certificate, "peer/bad-certificate", `the extension ${critical.id} is critical`);
  }
}

/** The same of an end entity. */
function checkEndEntity(certificate: Certificate): void {
  const { version, extensions: { basicConstraints, keyUsage, nameConstraints } } = certificate;
  if (version !== 3 || basicConstraints?.ca === true) return;
  // §4.2.1.9: without cA, keyCertSign is not asserted; §4.2.1.10: name constraints are a CA's.
  if (keyUsage?.has("keyCertSign")) {
    refuse(certificate, "peer/bad-certificate", "keyUsage has keyCertSign, but it is no CA's");
  }
  if (nameConstraints !== undefined) {
    refuse(certificate, "peer/bad-certificate", "it has name constraints, but it is no CA's");
  }
}

const NEVER_CRITICAL: readonly string[] = [
  ExtensionId.authorityKeyIdentifier,
  ExtensionId.subjectKeyIdentifier,
  ExtensionId.authorityInfoAccess,
];

/** Refuses RSA keys that are too small. */
function checkKeySize(
  key: SubjectPublicKeyInfo,
  { minimumRsaBits = 2048 }: ValidationInputs,
): void {
  const bits = rsaModulusBits(key);
  // Whole bytes: generators that do not set the highest bit make moduli of a bit or two less.
  if (bits !== null && 8 * Math.ceil(bits / 8) < minimumRsaBits) {
    const why = `certificate path has an RSA key of ${bits} bits, fewer than ${minimumRsaBits}`;
    throw new TlsError("peer/bad-certificate", why);
  }
}

/** RFC 5280 section 4.2.1.12; a CA that is limited to purposes limits those below it, as all TLS implementations have it. */
function checkPurpose(certificate: Certificate, purpose?: KeyPurpose): void {
  const purposes = certificate.extensions.extKeyUsage;
  if (
    purpose !== undefined && purposes !== undefined && !purposes.includes(purpose) &&
    !purposes.includes(KeyPurpose.anyExtendedKeyUsage)
  ) {
    const why = `extKeyUsage does not allow the purpose ${purpose}`;
    refuse(certificate, "peer/unsupported-certificate", why);
  }
}

/** Whether a certificate's key may sign certificates (RFC 5280 section 6.1.4 (k) and (n)). */
export function checkIssuing(certificate: Certificate): void {
  const { version, extensions: { basicConstraints, keyUsage } } = certificate;
  if (version !== 3 || basicConstraints?.ca !== true) {
    refuse(certificate, "peer/bad-certificate", "it issues certificates but is not a CA's");
  }
  // §4.1.2.6: a CA has a name, by which those below it name their issuer.
  if (certificate.subject.rdns.length === 0) {
    refuse(certificate, "peer/bad-certificate", "it issues certificates but has no name");
  }
  if (keyUsage !== undefined && !keyUsage.has("keyCertSign")) {
    refuse(
      certificate,
      "peer/bad-certificate",
      "it issues certificates but keyUsage forbids that",
    );
  }
}

/** The limits that an anchor's certificate sets (RFC 5937): returns the path length. */
function checkAnchor(certificate: Certificate, { purpose }: ValidationInputs): number {
  const { version, extensions } = certificate;
  // Old roots are of version 1; a server's certificate that was put among the anchors is no CA by that.
  if (version === 3) checkIssuing(certificate);
  checkPurpose(certificate, purpose);
  checkCritical(certificate);
  checkProfile(certificate);
  return extensions.basicConstraints?.pathLength ?? Infinity;
}
