/**
 * Certificates in the shape in which `getPeerCertificate()` of `node:tls` gives them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  type Certificate,
  type DistinguishedName,
  formatIpAddress,
  type GeneralName,
  parseCertificate,
} from "@sealane/pki";
import { toHex } from "@sealane/wire";

/** A certificate as `node:tls` shows it. */
export interface PeerCertificate {
  /** The attributes of the subject, by their short names. */
  readonly subject: Readonly<Record<string, string>>;
  /** The attributes of the issuer. */
  readonly issuer: Readonly<Record<string, string>>;
  /** The names of subjectAltName, for instance `DNS:example.com, IP Address:127.0.0.1`. */
  readonly subjectaltname?: string;
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
  /** DER. */
  readonly raw: Buffer;
  /** With `detailed`: the next certificate of the chain as sent; the last one names itself. */
  issuerCertificate?: PeerCertificate;
}

/** Short names of attribute types, RFC 4519 and the ones that OpenSSL uses. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.42": "GN",
  "1.2.840.113549.1.9.1": "emailAddress",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** The leaf of a chain as Node shows it; `null` where there is none. */
export function peerCertificate(
  chain: readonly Uint8Array[],
  detailed: boolean,
): PeerCertificate | null {
  const all = (detailed ? chain : chain.slice(0, 1)).map((der) => shown(parseCertificate(der)));
  if (all.length === 0) return null;
  if (detailed) all.forEach((one, i) => one.issuerCertificate = all[i + 1] ?? one);
  return all[0];
}

function shown(certificate: Certificate): PeerCertificate {
  const { raw, extensions: { subjectAltName } } = certificate;
  const fingerprint = (hash: string) =>
    createHash(hash).update(raw).digest("hex").toUpperCase().match(/../g)?.join(":") ?? "";
  return {
    subject: attributes(certificate.subject),
    issuer: attributes(certificate.issuer),
    ...(subjectAltName && { subjectaltname: subjectAltName.flatMap(generalName).join(", ") }),
    valid_from: time(certificate.notBefore),
    valid_to: time(certificate.notAfter),
    serialNumber: toHex(certificate.serialNumber).toUpperCase().replace(/^00(?=.)/, ""),
    fingerprint: fingerprint("sha1"),
    fingerprint256: fingerprint("sha256"),
    fingerprint512: fingerprint("sha512"),
    raw: Buffer.from(raw),
  };
}

function attributes({ rdns }: DistinguishedName): Record<string, string> {
  const pairs = rdns.flat().map(({ type, value }) => [
    SHORT_NAMES[type] ?? type,
    typeof value === "string" ? value : toHex(value),
  ]);
  return Object.fromEntries(pairs);
}

function generalName(name: GeneralName): string[] {
  switch (name.type) {
    case "dNSName":
      return [`DNS:${name.value}`];
    case "iPAddress":
      return [`IP Address:${formatIpAddress(name.value)}`];
    case "rfc822Name":
      return [`email:${name.value}`];
    case "uniformResourceIdentifier":
      return [`URI:${name.value}`];
    default:
      return [];
  }
}

/** As OpenSSL prints it: `Nov 22 10:56:25 2026 GMT`. */
function time(milliseconds: number): string {
  const [, day, month, year, clock] = new Date(milliseconds).toUTCString().split(" ");
  return `${month} ${day.replace(/^0/, " ")} ${clock} ${year} GMT`;
}
