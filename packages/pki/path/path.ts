/**
 * Path building (RFC 4158): from an end entity's certificate, through intermediates in any order, to a trust anchor.
 *
 * @module
 */
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import { equalBytes, TlsError } from "@sealane/wire";
import { type Certificate, parseCertificate } from "../certificate/certificate.ts";
import { formatDistinguishedName } from "../names/distinguished_name.ts";
import { run, type Steps } from "./maybe_promise.ts";
import type { TrustAnchor, TrustStore } from "./trust.ts";
import {
  checkBasics,
  refuse,
  SignatureVerifier,
  validatePath,
  type ValidationInputs,
} from "./validate.ts";

/** Bounds of what a peer's certificates may cost. */
export interface PathLimits {
  /** Certificates that a peer may send. */
  readonly certificates: number;
  /** Bytes of all certificates that a peer may send. */
  readonly bytes: number;
  /** Certificates in a path, without the anchor's. */
  readonly depth: number;
  /** Complete paths that are validated. */
  readonly paths: number;
  /** Certificates that are looked at as a next step. */
  readonly steps: number;
  /** Signatures that are verified. */
  readonly signatures: number;
}

/** The limits that hold unless others are given. */
export const DEFAULT_PATH_LIMITS: PathLimits = Object.freeze({
  certificates: 32,
  bytes: 1 << 18,
  depth: 10,
  paths: 32,
  steps: 500,
  signatures: 64,
});

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
  const limits = { ...DEFAULT_PATH_LIMITS, ...options.limits };
  return new PathBuilder(parseChain(chain, limits), options, limits).build();
}

/** Parses what a peer sent, within the limits. */
function parseChain(chain: readonly Uint8Array[], limits: PathLimits): Certificate[] {
  const bytes = chain.reduce((sum, certificate) => sum + certificate.length, 0);
  if (chain.length === 0 || chain.length > limits.certificates || bytes > limits.bytes) {
    throw new TlsError(
      "peer/bad-certificate",
      `certificate chain has ${chain.length} certificates and ${bytes} bytes, ` +
        `outside of 1 to ${limits.certificates} and ${limits.bytes}`,
    );
  }
  return chain.map(parseCertificate);
}

class PathBuilder {
  readonly #leaf: Certificate;
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #options: PathOptions;
  readonly #limits: PathLimits;
  readonly #signatures: SignatureVerifier;
  #paths = 0;
  #steps = 0;
  /** Why the most promising path so far is not valid. */
  #failure: TlsError | null = null;

  constructor(certificates: readonly Certificate[], options: PathOptions, limits: PathLimits) {
    this.#leaf = certificates[0];
    this.#options = options;
    this.#limits = limits;
    this.#signatures = new SignatureVerifier(options.provider, limits.signatures);
    for (const certificate of [...certificates.slice(1), ...options.intermediates ?? []]) {
      const same = this.#bySubject.get(certificate.subject.key);
      if (same === undefined) this.#bySubject.set(certificate.subject.key, [certificate]);
      else same.push(certificate);
    }
  }

  *build(): Steps<VerifiedPath> {
    const leaf = this.#leaf;
    const pinned = this.#options.trust.find(leaf.subject).find(({ certificate }) =>
      certificate !== undefined && equalBytes(certificate.raw, leaf.raw)
    );
    if (pinned !== undefined) {
      checkBasics(leaf, null, this.#options);
      return { certificates: [leaf], anchor: pinned, policies: [] };
    }
    const path = yield* this.#extend([leaf]);
    if (path !== null) return path;
    if (this.#failure !== null) throw this.#failure;
    const issuer = formatDistinguishedName(leaf.issuer);
    return refuse(leaf, "peer/unknown-ca", `no path leads from its issuer ${issuer} to an anchor`);
  }

  /** Depth first: every way from the last certificate of `path`, the most promising before the others. */
  *#extend(path: readonly Certificate[]): Steps<VerifiedPath | null> {
    const last = path[path.length - 1];
    for (const anchor of this.#options.trust.find(last.issuer)) {
      const verified = yield* this.#try(path, anchor);
      if (verified !== null) return verified;
    }
    if (path.length >= this.#limits.depth) return null;
    for (const candidate of this.#candidates(last)) {
      if (path.some((certificate) => isSameEntity(certificate, candidate))) continue;
      if (++this.#steps > this.#limits.steps) return null;
      const verified = yield* this.#extend([...path, candidate]);
      if (verified !== null) return verified;
    }
    return null;
  }

  /** Validates a complete path; its failure is kept, and the search goes on. */
  *#try(path: readonly Certificate[], anchor: TrustAnchor): Steps<VerifiedPath | null> {
    if (++this.#paths > this.#limits.paths) return null;
    try {
      const policies = yield* validatePath(path, anchor, this.#options, this.#signatures);
      return { certificates: path, anchor, policies };
    } catch (error) {
      if (!(error instanceof TlsError) || !error.code.startsWith("peer/")) throw error;
      // The first way is the most promising; but any other reason says more than a wrong key.
      if (this.#failure === null || this.#signatures.isMismatch(this.#failure)) {
        this.#failure = error;
      }
      return null;
    }
  }

  #candidates(child: Certificate): readonly Certificate[] {
    const candidates = this.#bySubject.get(child.issuer.key) ?? [];
    if (candidates.length < 2) return candidates;
    const { now } = this.#options;
    const rank = (certificate: Certificate) =>
      2 * Number(isKeyOf(certificate, child)) +
      Number(certificate.notBefore <= now && now <= certificate.notAfter);
    return candidates.toSorted((a, b) => rank(b) - rank(a));
  }
}

/** Whether the key identifiers (RFC 5280 section 4.2.1.1), where there are both, do not tell the issuer from another. */
function isKeyOf(issuer: Certificate, child: Certificate): boolean {
  const wanted = child.extensions.authorityKeyIdentifier;
  const found = issuer.extensions.subjectKeyIdentifier;
  return wanted === undefined || found === undefined || equalBytes(wanted, found);
}

/** The same name and key: to come by it twice is a loop, whatever else the certificates say. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return a.subject.key === b.subject.key &&
    equalBytes(a.subjectPublicKeyInfo.raw, b.subjectPublicKeyInfo.raw);
}
