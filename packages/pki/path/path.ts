/**
 * Path building (RFC 4158): from an end entity's certificate, through intermediates in any order, to a trust anchor.
 *
 * @module
 */
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import { equalBytes, requireTime, TlsError, toHex } from "@sealane/wire";
import {
  type Certificate,
  isSelfIssued,
  parseCertificateWithin,
} from "../certificate/certificate.ts";
import { type PathLimits, resolvePathLimits, WorkBudget } from "../limits.ts";
import { comparisonCost, formatDistinguishedName } from "../names/distinguished_name.ts";
import { run, type Steps } from "./maybe_promise.ts";
import type { TrustAnchor, TrustStore } from "./trust.ts";
import {
  checkBasics,
  refusal,
  SignatureVerifier,
  validatePath,
  type ValidationInputs,
} from "./validate.ts";

/** What a path is built from and validated for. */
export interface PathOptions extends ValidationInputs {
  /** The anchors that a path may begin at. */
  readonly trust: TrustStore;
  /** Verifies the signatures. */
  readonly provider: CryptoProvider;
  /** Intermediates that are known beforehand, next to those that the peer sends. */
  readonly intermediates?: readonly Certificate[];
  /** Limits that differ from {@link DEFAULT_PATH_LIMITS}. */
  readonly limits?: Partial<PathLimits>;
}

/** A valid path. */
export interface VerifiedPath {
  /** The certificates, the end entity's first, the one that the anchor signed last; the anchor's own is not among them. */
  readonly certificates: readonly Certificate[];
  /** The anchor. */
  readonly anchor: TrustAnchor;
  /** The policies that the path is valid for, object identifiers; `2.5.29.32.0` stands for all. */
  readonly policies: readonly string[];
}

/**
 * Builds and validates a path for the first certificate of `chain`, DER; the others are intermediates in any order, and
 * those that are of no use are ignored. A certificate that is itself a trust anchor is a path of its own, though its key
 * signs no others unless it is a CA's.
 *
 * With a provider that verifies synchronously, so does this. For the names and the key usage of a TLS peer see
 * {@link verifyServerCertificate} and {@link verifyClientCertificate}.
 *
 * @throws {TlsError} `peer/decode-error` for a malformed certificate, `peer/unknown-ca` if no path leads to an anchor,
 * else why the most promising path is not valid: `peer/bad-certificate`, `peer/certificate-expired` or
 * `peer/unsupported-certificate`.
 */
export function verifyPath(
  chain: readonly Uint8Array[],
  options: PathOptions,
): MaybePromise<VerifiedPath> {
  return run(buildPath(chain, options));
}

/** {@link verifyPath} as steps. */
export function buildPath(
  chain: readonly Uint8Array[],
  options: PathOptions,
): Steps<VerifiedPath> {
  requireTime("now", options.now);
  const limits = resolvePathLimits(options.limits);
  return new PathBuilder(parseChain(chain, limits), options, limits).build();
}

/** Parses what a peer sent, within the limits. */
function parseChain(chain: readonly Uint8Array[], limits: PathLimits): Certificate[] {
  const bytes = chain.reduce((sum, certificate) => sum + certificate.length, 0);
  if (chain.length === 0) {
    throw new TlsError("peer/bad-certificate", "certificate chain has no certificate");
  }
  exceeds("certificates", chain.length, limits);
  exceeds("bytes", bytes, limits);
  const elements = { left: limits.elements };
  return chain.map((certificate) => parseCertificateWithin(certificate, elements));
}

function exceeds(name: "certificates" | "bytes", value: number, limits: PathLimits): void {
  if (value <= limits[name]) return;
  throw new TlsError(
    "peer/bad-certificate",
    `certificate chain has ${value} ${name}, more than the limit ${name} of ${limits[name]}`,
  );
}

/** A certificate with what the search compares, so that it compares numbers. */
interface Candidate {
  readonly certificate: Certificate;
  /** The same for certificates of the same subject. */
  readonly subject: number;
  /** The same for certificates of the same issuer, and as `subject` for that issuer's. */
  readonly issuer: number;
  /** The same for certificates of the same subject and key: to come by it twice is a loop, whatever else they say. */
  readonly entity: number;
}

class PathBuilder {
  readonly #leaf: Candidate;
  readonly #bySubject = new Map<number, Candidate[]>();
  /** The candidates after a certificate, the most promising first. */
  readonly #ranked = new Map<Candidate, readonly Candidate[]>();
  readonly #ids = new Map<string, number>();
  readonly #options: PathOptions;
  readonly #limits: PathLimits;
  readonly #work: WorkBudget;
  readonly #signatures: SignatureVerifier;
  #paths = 0;
  #steps = 0;
  /** Which limit kept the search from going on somewhere. */
  #reached: keyof PathLimits | null = null;
  /** Why the most promising path so far is not valid. */
  #failure: TlsError | null = null;

  constructor(certificates: readonly Certificate[], options: PathOptions, limits: PathLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#work = new WorkBudget(limits.work);
    this.#signatures = new SignatureVerifier(options.provider, limits.signatures, this.#work);
    const [leaf, ...others] = certificates;
    this.#leaf = this.#candidate(leaf);
    for (const certificate of [...others, ...options.intermediates ?? []]) {
      const candidate = this.#candidate(certificate);
      const same = this.#bySubject.get(candidate.subject);
      if (same === undefined) this.#bySubject.set(candidate.subject, [candidate]);
      else same.push(candidate);
    }
  }

  #candidate(certificate: Certificate): Candidate {
    const { subject, issuer, subjectPublicKeyInfo } = certificate;
    this.#work.spend(comparisonCost(subject) + comparisonCost(issuer));
    this.#work.spend(2 * subjectPublicKeyInfo.raw.length);
    const subjectId = this.#id(`name ${subject.key}`);
    return {
      certificate,
      subject: subjectId,
      issuer: this.#id(`name ${issuer.key}`),
      entity: this.#id(`entity ${subjectId} ${toHex(subjectPublicKeyInfo.raw)}`),
    };
  }

  #id(key: string): number {
    const id = this.#ids.get(key) ?? this.#ids.size;
    this.#ids.set(key, id);
    return id;
  }

  *build(): Steps<VerifiedPath> {
    const leaf = this.#leaf.certificate;
    const pinned = this.#options.trust.find(leaf.subject).find(({ certificate }) =>
      certificate !== undefined && equalBytes(certificate.raw, leaf.raw)
    );
    if (pinned !== undefined) {
      checkBasics(leaf, null, this.#options);
      return { certificates: [leaf], anchor: pinned, policies: [] };
    }
    const path = yield* this.#extend([this.#leaf]);
    if (path !== null) return path;
    throw this.#explain(leaf);
  }

  /** Why there is no valid path. */
  #explain(leaf: Certificate): TlsError {
    const reached = this.#reached;
    const limit = reached === null
      ? ""
      : `, and the search ended at the limit ${reached} of ${this.#limits[reached]}`;
    if (this.#failure !== null) {
      const { code, message } = this.#failure;
      return reached === null ? this.#failure : new TlsError(code, message + limit);
    }
    const issuer = formatDistinguishedName(leaf.issuer);
    const why = isSelfIssued(leaf)
      ? "it is self-signed, and is not among the trust anchors itself"
      : `no path leads from its issuer ${issuer} to an anchor`;
    const { missingPermission: flag } = this.#options.trust;
    const unread = flag === null
      ? ""
      : `; ${flag} is missing to look at all that the system trusts`;
    return refusal(leaf, "peer/unknown-ca", why + limit + unread);
  }

  /** Depth first: every way from the last certificate of `path`, the most promising before the others. */
  *#extend(path: readonly Candidate[]): Steps<VerifiedPath | null> {
    if (path.length > this.#limits.depth) return this.#stop("depth");
    const last = path[path.length - 1];
    for (const anchor of this.#options.trust.find(last.certificate.issuer)) {
      const verified = yield* this.#try(path, anchor);
      if (verified !== null) return verified;
    }
    for (const candidate of this.#candidates(last)) {
      if (path.some(({ entity }) => entity === candidate.entity)) continue;
      if (++this.#steps > this.#limits.steps) return this.#stop("steps");
      const verified = yield* this.#extend([...path, candidate]);
      if (verified !== null) return verified;
    }
    return null;
  }

  /** There is no going on here. */
  #stop(limit: keyof PathLimits): null {
    this.#reached = limit;
    return null;
  }

  /** Validates a complete path; its failure is kept, and the search goes on. */
  *#try(path: readonly Candidate[], anchor: TrustAnchor): Steps<VerifiedPath | null> {
    if (++this.#paths > this.#limits.paths) return this.#stop("paths");
    const certificates = path.map(({ certificate }) => certificate);
    const [signatures, work] = [this.#signatures, this.#work];
    try {
      const policies = yield* validatePath(certificates, anchor, this.#options, signatures, work);
      return { certificates, anchor, policies };
    } catch (error) {
      if (!(error instanceof TlsError) || !error.code.startsWith("peer/")) throw error;
      // What is left of the search would end the same way, and this reason is the one to act on.
      if (work.isExhausted || signatures.isExhausted) throw error;
      // The first way is the most promising; but any other reason says more than a wrong key.
      if (this.#failure === null || this.#signatures.isMismatch(this.#failure)) {
        this.#failure = error;
      }
      return null;
    }
  }

  #candidates(child: Candidate): readonly Candidate[] {
    const candidates = this.#bySubject.get(child.issuer) ?? [];
    if (candidates.length < 2) return candidates;
    const known = this.#ranked.get(child);
    if (known !== undefined) return known;
    const { now } = this.#options;
    const ranks = new Map(candidates.map((candidate) => {
      const { certificate } = candidate;
      this.#work.spend(child.certificate.extensions.authorityKeyIdentifier?.length ?? 0);
      const isTimely = certificate.notBefore <= now && now <= certificate.notAfter;
      return [candidate, 2 * Number(isKeyOf(certificate, child.certificate)) + Number(isTimely)];
    }));
    const ranked = candidates.toSorted((a, b) => (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0));
    this.#ranked.set(child, ranked);
    return ranked;
  }
}

/** Whether the key identifiers (RFC 5280 section 4.2.1.1), where there are both, do not tell the issuer from another. */
function isKeyOf(issuer: Certificate, child: Certificate): boolean {
  const wanted = child.extensions.authorityKeyIdentifier;
  const found = issuer.extensions.subjectKeyIdentifier;
  return wanted === undefined || found === undefined || equalBytes(wanted, found);
}
