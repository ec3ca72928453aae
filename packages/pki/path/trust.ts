/**
 * Trust anchors: the keys that certificate paths begin at.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { TlsError, toHex } from "@sealane/wire";
import { type Certificate, parseCertificate } from "../certificate/certificate.ts";
import type { DistinguishedName } from "../names/distinguished_name.ts";
import { readCertificateFile, whyNone } from "../certificate/pem.ts";
import type { SubjectPublicKeyInfo } from "../certificate/public_key.ts";

/** A trust anchor (RFC 5280 section 6.1.1 (d)). */
export interface TrustAnchor {
  /** The name that certificates have as their issuer. */
  readonly subject: DistinguishedName;
  /** The key that they are signed with. */
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  /**
   * The certificate that the anchor came in, if any. What it says about the names, the depth, the purposes and
   * the policies of its paths is enforced (RFC 5937); its dates and its signature are not looked at.
   */
  readonly certificate?: Certificate;
}

/** What a store knows of where its anchors come from. */
type Origin = Pick<TrustStore, "warnings" | "sources" | "missingPermission">;

/**
 * A set of trust anchors, found by name in constant time. It does not change.
 *
 * ```ts
 * import { TrustStore } from "@sealane/pki";
 *
 * const nobody = new TrustStore([]);
 * console.assert(nobody.size === 0);
 * ```
 */
export class TrustStore {
  readonly #bySubject = new Map<string, TrustAnchor[]>();
  /** How many anchors there are. */
  readonly size: number;
  /** A sentence for each certificate of its source that was left out, and why. */
  readonly warnings: readonly string[];
  /** Where its anchors come from, where it was made of the system's. */
  readonly sources: readonly string[];
  /** The flag that the runtime wants for what of the system's was not looked at; `null` if everything was. */
  readonly missingPermission: string | null;

  /** A store of these anchors; what is known of their origin goes along. */
  constructor(
    anchors: Iterable<TrustAnchor>,
    { warnings = [], sources = [], missingPermission = null }: Partial<Origin> = {},
  ) {
    this.warnings = warnings;
    this.sources = sources;
    this.missingPermission = missingPermission;
    let size = 0;
    for (const anchor of anchors) {
      const same = this.#bySubject.get(anchor.subject.key);
      if (same === undefined) this.#bySubject.set(anchor.subject.key, [anchor]);
      else same.push(anchor);
      size++;
    }
    this.size = size;
  }

  /**
   * A store of CA certificates, DER or parsed.
   *
   * @throws {TlsError} `api/config` if one is malformed.
   */
  static fromCertificates(certificates: Iterable<Uint8Array | Certificate>): TrustStore {
    return new TrustStore(Array.from(certificates, anchorOf));
  }

  /**
   * A store of the certificates of a PEM text, or of DER bytes: see {@link readCertificateFile} for what they may look like.
   * A certificate that cannot be read is left out, and {@link TrustStore.warnings} says so.
   *
   * @throws {TlsError} `api/config` if no certificate can be read.
   */
  static fromPem(file: string | Uint8Array): TrustStore {
    const { certificates, warnings } = readCertificateFile(file);
    const all = [...warnings];
    const anchors = certificates.flatMap((certificate, index) => {
      try {
        return [anchorOf(certificate)];
      } catch (error) {
        all.push(`certificate ${index + 1}: ${TlsError.from(error).message}`);
        return [];
      }
    });
    if (anchors.length === 0) throw new TlsError("api/config", whyNone(file, all));
    return new TrustStore(anchors, { warnings: all });
  }

  /**
   * The store that an option `trust` stands for: a store as it is, else as {@link TrustStore.fromPem}; the same again for the
   * same text or bytes.
   *
   * @throws {TlsError} `api/config` as {@link TrustStore.fromPem}, and for what is none of these.
   */
  static of(source: TrustSource): TrustStore {
    if (source instanceof TrustStore) return source;
    if (typeof source === "string" || source instanceof Uint8Array) {
      return remembered(source);
    }
    throw new TlsError("api/config", "trust is neither a TrustStore nor PEM text nor bytes");
  }

  /** The anchors of this name; mostly one. */
  find(subject: DistinguishedName): readonly TrustAnchor[] {
    return this.#bySubject.get(subject.key) ?? [];
  }

  /** All anchors. */
  *anchors(): Generator<TrustAnchor> {
    for (const anchors of this.#bySubject.values()) yield* anchors;
  }

  /** A store of the anchors of both. */
  with(other: TrustStore): TrustStore {
    const warnings = [...this.warnings, ...other.warnings];
    const sources = [...this.sources, ...other.sources];
    return new TrustStore([...this.anchors(), ...other.anchors()], {
      ...{ warnings, sources },
      missingPermission: this.missingPermission ?? other.missingPermission,
    });
  }
}

/** How many stores of texts and bytes are kept, to be the same store for who gives the same again. */
const MAX_REMEMBERED = 8;
const stores = new Map<string, TrustStore>();

function remembered(source: string | Uint8Array): TrustStore {
  const key = typeof source === "string" ? source : `sha256:${toHex(sha256(source))}`;
  const store = stores.get(key) ?? TrustStore.fromPem(source);
  // The one that was used last stands last.
  stores.delete(key);
  stores.set(key, store);
  for (const oldest of stores.keys()) {
    if (stores.size <= MAX_REMEMBERED) break;
    stores.delete(oldest);
  }
  return store;
}

/** What an option `trust` may be: a store, a PEM text, or the bytes of a PEM or DER file. */
export type TrustSource = TrustStore | string | Uint8Array;

/** The trust anchor that a certificate makes. */
function anchorOf(certificate: Uint8Array | Certificate): TrustAnchor {
  const parsed = certificate instanceof Uint8Array ? parseConfigured(certificate) : certificate;
  const { subject, subjectPublicKeyInfo } = parsed;
  return { subject, subjectPublicKeyInfo, certificate: parsed };
}

/** Parses a certificate that our own configuration holds: the peer has no part in it. */
function parseConfigured(certificate: Uint8Array): Certificate {
  try {
    return parseCertificate(certificate);
  } catch (error) {
    const { message } = TlsError.from(error);
    throw new TlsError("api/config", `trust anchor is malformed: ${message}`, { cause: error });
  }
}
