/**
 * Certificates as the objects that Node shows them as.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  type Certificate,
  type DistinguishedName,
  isSelfIssued,
  parseCertificate,
  type TrustStore,
} from "@sealane/pki";
import { toHex } from "@sealane/wire";
import { formatAltNames, shortName } from "./alt_names.ts";
import { type InfoAccess, infoAccessOf } from "./info_access.ts";
import { type KeyDetails, keyDetails } from "./key_details.ts";

/** The attributes of a name: text, or several where the name has several of one kind. */
export type CertificateName = Readonly<Record<string, string | string[]>>;

/** A certificate as Node shows it. Names that a peer wrote are in it: they are data, not to be trusted unverified. */
export interface PeerCertificate extends KeyDetails {
  /** The attributes of the subject, under their short names. */
  readonly subject: CertificateName;
  /** The attributes of the issuer. */
  readonly issuer: CertificateName;
  /** The names of subjectAltName: `DNS:example.com, IP Address:127.0.0.1`. A name with a comma or quotes is a JSON string. */
  readonly subjectaltname?: string;
  /** authorityInfoAccess: for instance `OCSP - URI` with its addresses. */
  readonly infoAccess?: InfoAccess;
  /** Whether it is a CA's. */
  readonly ca: boolean;
  /** First moment of validity. */
  readonly valid_from: string;
  /** Last moment of validity. */
  readonly valid_to: string;
  /** Upper-case hexadecimal. */
  readonly serialNumber: string;
  /** SHA-1 of the certificate, upper-case hexadecimal with colons. */
  readonly fingerprint: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint256: string;
  /** SHA-512 of the certificate. */
  readonly fingerprint512: string;
  /** extendedKeyUsage, object identifiers. */
  readonly ext_key_usage?: readonly string[];
  /** DER. */
  readonly raw: Buffer;
  /** With `detailed`: the certificate of the issuer, where it is known; that of a root is itself. */
  issuerCertificate?: PeerCertificate;
}

/**
 * The leaf of a chain as Node shows it; `null` where there is none, or where the leaf cannot be parsed. With `detailed` it has
 * its issuers, as far as `chain` and `trust` know them: what a peer sent beyond that, or that is malformed, ends them.
 */
export function peerCertificate(
  chain: readonly Uint8Array[],
  detailed: boolean,
  trust: TrustStore | null = null,
): PeerCertificate | null {
  const parsed = parsedPrefix(detailed ? chain : chain.slice(0, 1));
  if (parsed.length === 0) return null;
  const [leaf] = parsed;
  const first = shown(leaf);
  if (!detailed) return first;
  let [last, lastShown] = [leaf, first];
  const unused = parsed.slice(1);
  // Each certificate is used once, so this ends.
  while (!isSelfIssued(last)) {
    const at = unused.findIndex(({ subject }) => subject.key === last.issuer.key);
    const issuer = at === -1 ? anchorOf(trust, last.issuer) : unused.splice(at, 1)[0];
    if (issuer === undefined || issuer === last) return first;
    const next = shown(issuer);
    lastShown.issuerCertificate = next;
    [last, lastShown] = [issuer, next];
    if (at === -1) break; // an anchor ends the chain
  }
  if (isSelfIssued(last)) lastShown.issuerCertificate = lastShown;
  return first;
}

function anchorOf(trust: TrustStore | null, name: DistinguishedName): Certificate | undefined {
  return trust?.find(name).find(({ certificate }) => certificate !== undefined)?.certificate;
}

function parsedPrefix(chain: readonly Uint8Array[]): Certificate[] {
  const parsed: Certificate[] = [];
  for (const der of chain) {
    try {
      parsed.push(parseCertificate(der));
    } catch {
      break; // the peer wrote it; what comes after it cannot be placed
    }
  }
  return parsed;
}

function shown(certificate: Certificate): PeerCertificate {
  const { raw, extensions: { subjectAltName, extKeyUsage, basicConstraints } } = certificate;
  const fingerprint = (hash: string) =>
    createHash(hash).update(raw).digest("hex").toUpperCase().match(/../g)?.join(":") ?? "";
  const infoAccess = infoAccessOf(certificate);
  return {
    subject: attributes(certificate.subject),
    issuer: attributes(certificate.issuer),
    ...(subjectAltName && { subjectaltname: formatAltNames(subjectAltName) }),
    ...(infoAccess && { infoAccess }),
    ca: basicConstraints?.ca ?? false,
    ...keyDetails(certificate.subjectPublicKeyInfo),
    valid_from: time(certificate.notBefore),
    valid_to: time(certificate.notAfter),
    fingerprint: fingerprint("sha1"),
    fingerprint256: fingerprint("sha256"),
    fingerprint512: fingerprint("sha512"),
    ...(extKeyUsage && { ext_key_usage: [...extKeyUsage] }),
    serialNumber: toHex(certificate.serialNumber).toUpperCase().replace(/^00(?=.)/, ""),
    raw: Buffer.from(raw),
  };
}

/** Without a prototype: a name may have an attribute of any type, and a peer chooses which. */
function attributes({ rdns }: DistinguishedName): CertificateName {
  const all: Record<string, string | string[]> = Object.create(null);
  for (const { type, value } of rdns.flat()) {
    const name = shortName(type);
    const text = typeof value === "string" ? value : toHex(value);
    const before = all[name];
    if (before === undefined) all[name] = text;
    else if (typeof before === "string") all[name] = [before, text];
    else before.push(text);
  }
  return all;
}

/** As OpenSSL prints it: `Nov 22 10:56:25 2026 GMT`. */
function time(milliseconds: number): string {
  const [, day, month, year, clock] = new Date(milliseconds).toUTCString().split(" ");
  return `${month} ${day.replace(/^0/, " ")} ${clock} ${year} GMT`;
}
