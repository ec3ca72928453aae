/**
 * Certificate revocation lists (RFC 5280 sections 5 and 6.3) that a program has at hand: complete lists, each signed by the
 * issuer of the certificates that it speaks of.
 *
 * @module
 */
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import { decodePem, DerReader, DerTag, TlsError, toHex } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
  type SubjectPublicKeyInfo,
} from "../certificate/public_key.ts";
import { certificateSignatureScheme } from "../certificate/signature_algorithm.ts";
import { type DistinguishedName, readDistinguishedName } from "../names/distinguished_name.ts";
import { run, settle, type Steps } from "../path/maybe_promise.ts";
import type { VerifiedPath } from "../path/path.ts";

/** A parsed list. Its signature has not been verified. */
export interface RevocationList {
  /** The DER of tbsCertList, which the signature is over. */
  readonly tbsCertList: Uint8Array;
  /** The algorithm of the signature. */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The signature. */
  readonly signature: Uint8Array;
  /** Who signed. */
  readonly issuer: DistinguishedName;
  /** Since when it holds, milliseconds since 1970. */
  readonly thisUpdate: number;
  /** When the next one comes at the latest, milliseconds since 1970; `null` if it does not say. */
  readonly nextUpdate: number | null;
  /** The serial numbers of revoked certificates, hexadecimal. */
  readonly revoked: ReadonlySet<string>;
  /** Whether it has a critical extension: it covers less than all certificates of its issuer, or more. */
  readonly restricted: boolean;
}

/**
 * Parses one list from DER.
 *
 * @throws {TlsError} `api/config` if it is malformed: the program has it from somewhere it trusts.
 */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const outer = new DerReader(der, "CRL", "api/config");
  const list = outer.sequence("CertificateList", (reader) => {
    const { raw, content } = reader.tagged(DerTag.sequence, "tbsCertList");
    const signatureAlgorithm = readAlgorithmIdentifier(reader, "signatureAlgorithm");
    const signature = reader.bitStringBytes("signatureValue");
    const fields = readTbsCertList(reader.nested(content, "tbsCertList"));
    return { tbsCertList: raw, signatureAlgorithm, signature, ...fields };
  });
  outer.end();
  return list;
}

function readTbsCertList(
  reader: DerReader,
): Omit<RevocationList, "tbsCertList" | "signatureAlgorithm" | "signature"> {
  if (reader.peek() === DerTag.integer) reader.number("version", 1);
  readAlgorithmIdentifier(reader, "signature");
  const issuer = readDistinguishedName(reader, "issuer");
  const thisUpdate = reader.time("thisUpdate");
  const isTime = (tag: DerTag | null) => tag === DerTag.utcTime || tag === DerTag.generalizedTime;
  const nextUpdate = isTime(reader.peek()) ? reader.time("nextUpdate") : null;
  const revoked = new Set<string>();
  if (reader.peek() === DerTag.sequence) {
    reader.sequenceOf("revokedCertificates", 0, (entries) =>
      entries.sequence("entry", (entry) => {
        revoked.add(toHex(entry.integer("userCertificate")));
        entry.time("revocationDate");
        entry.optional(DerTag.sequence, "crlEntryExtensions");
      }));
  }
  const restricted = reader.optionalConstructed(
    0xa0,
    "crlExtensions",
    (explicit) =>
      explicit.sequenceOf(
        "extensions",
        1,
        (extensions) =>
          extensions.sequence("extension", (extension) => {
            extension.objectIdentifier("extnID");
            const critical = extension.peek() === DerTag.boolean && extension.boolean("critical");
            extension.octetString("extnValue");
            return critical;
          }),
      )
        .some((critical) => critical),
  ) ?? false;
  reader.end();
  return { issuer, thisUpdate, nextUpdate, revoked, restricted };
}

/** What {@link RevocationLists.check} needs besides the lists. */
export interface RevocationCheck {
  /** The path of the peer. */
  readonly path: VerifiedPath;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Verifies the signatures of the lists. */
  readonly provider: CryptoProvider;
}

/**
 * The lists of a program. Every certificate of a path, but for the anchor's, needs one that is signed by its issuer, of this
 * time, and does not have it: where nothing is known of a certificate, nothing is believed of it.
 */
export class RevocationLists {
  readonly #byIssuer = new Map<string, RevocationList[]>();

  /** These lists. */
  constructor(lists: Iterable<RevocationList>) {
    for (const list of lists) {
      const same = this.#byIssuer.get(list.issuer.key);
      if (same === undefined) this.#byIssuer.set(list.issuer.key, [list]);
      else same.push(list);
    }
  }

  /**
   * The `X509 CRL` blocks of a PEM text.
   *
   * @throws {TlsError} `api/config` if one is malformed or if there is none.
   */
  static fromPem(pem: string): RevocationLists {
    const blocks = decodePem(pem).filter(({ label }) => label === "X509 CRL");
    if (blocks.length === 0) throw new TlsError("api/config", "the PEM text has no X509 CRL");
    return new RevocationLists(blocks.map(({ bytes }) => parseRevocationList(bytes)));
  }

  /**
   * Refuses a path of which a certificate is revoked, or of which it is not known whether it is.
   *
   * @throws {TlsError} `peer/certificate-revoked` or `peer/certificate-unknown`.
   */
  check(request: RevocationCheck): MaybePromise<void> {
    return run(this.#check(request));
  }

  *#check({ path, now, provider }: RevocationCheck): Steps<void> {
    const { certificates, anchor } = path;
    for (const [i, certificate] of certificates.entries()) {
      const pinned = anchor.certificate?.raw === certificate.raw;
      if (pinned) continue;
      const issuer = certificates[i + 1]?.subjectPublicKeyInfo ?? anchor.subjectPublicKeyInfo;
      yield* this.#checkOne(certificate, issuer, now, provider);
    }
  }

  *#checkOne(
    certificate: Certificate,
    issuer: SubjectPublicKeyInfo,
    now: number,
    provider: CryptoProvider,
  ): Steps<void> {
    const serial = toHex(certificate.serialNumber);
    let covered = false;
    for (const list of this.#byIssuer.get(certificate.issuer.key) ?? []) {
      if (list.restricted || list.thisUpdate > now) continue;
      if (!(yield* signedBy(list, issuer, provider))) continue;
      // A list that is out of date still says what it says.
      if (list.revoked.has(serial)) {
        throw new TlsError("peer/certificate-revoked", `certificate ${serial} is in a CRL`);
      }
      covered ||= list.nextUpdate === null || now <= list.nextUpdate;
    }
    if (covered) return;
    throw new TlsError(
      "peer/certificate-unknown",
      `no CRL of this time covers the certificate ${serial}`,
    );
  }
}

function* signedBy(
  list: RevocationList,
  issuer: SubjectPublicKeyInfo,
  provider: CryptoProvider,
): Steps<boolean> {
  const scheme = certificateSignatureScheme(list.signatureAlgorithm, issuer);
  const algorithm = provider.signatures.find((each) => each.scheme === scheme);
  if (algorithm === undefined) return false;
  return yield* settle(
    algorithm.verify(issuer.raw, list.tbsCertList, list.signature, "certificate"),
  );
}
