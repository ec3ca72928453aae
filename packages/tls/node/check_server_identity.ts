/**
 * Whether a certificate is for a host: `tls.checkServerIdentity`, for certificates as Node shows them.
 *
 * @module
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { parseIpAddress } from "@sealane/pki";
import { toHex } from "@sealane/wire";
import { splitAltNames } from "./alt_names.ts";
import { nodeError } from "./node_error.ts";
import type { PeerCertificate } from "./peer_certificate.ts";

/** What {@link checkServerIdentity} looks at of a certificate. */
export type NamedCertificate = Partial<Pick<PeerCertificate, "subject" | "subjectaltname">>;

/**
 * `undefined` if the certificate is for `hostname`, or the error to refuse it with (code `ERR_TLS_CERT_ALTNAME_INVALID`).
 * An IP address is looked for among the IP addresses of subjectAltName only. A name is looked for among its DNS names; where
 * there are none, the common name counts, as in Node.
 */
export function checkServerIdentity(
  hostname: string,
  certificate: NamedCertificate,
): Error | undefined {
  const host = `${hostname}`.replace(/\.$/, "");
  const { subject, subjectaltname } = certificate;
  const names = subjectaltname ? splitAltNames(subjectaltname) : [];
  const dnsNames = names.filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4));
  const refuse = (reason: string) =>
    nodeError(
      "ERR_TLS_CERT_ALTNAME_INVALID",
      `Hostname/IP does not match certificate's altnames: ${reason}`,
      Error,
      { reason, host, cert: certificate },
    );
  if (isIP(host) !== 0) {
    const addresses = names.filter((name) => name.startsWith("IP Address:"))
      .map((name) => name.slice(11)).filter((address) => parseIpAddress(address) !== null);
    if (addresses.some((address) => sameAddress(address, host))) return undefined;
    return refuse(`IP: ${host} is not in the cert's list: ${addresses.join(", ")}`);
  }
  const labels = labelsOf(domainToASCII(`${hostname}`).replace(/\.$/, ""));
  if (dnsNames.length > 0) {
    if (dnsNames.some((pattern) => matches(labels, pattern))) return undefined;
    return refuse(`Host: ${host}. is not in the cert's altnames: ${subjectaltname}`);
  }
  const commonNames = [subject?.CN ?? []].flat();
  if (commonNames.length === 0) return refuse("Cert does not contain a DNS name");
  if (commonNames.some((pattern) => matches(labels, pattern))) return undefined;
  return refuse(`Host: ${host}. is not cert's CN: ${subject?.CN}`);
}

function sameAddress(one: string, other: string): boolean {
  const [a, b] = [parseIpAddress(one), parseIpAddress(other)];
  return a !== null && b !== null && toHex(a) === toHex(b);
}

function labelsOf(name: string): string[] {
  return name.replace(/\.$/, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase()).split(".");
}

/** Whether the labels of a host fit a name that may have one wildcard, in its first label, with two labels after it. */
function matches(host: readonly string[], pattern: string): boolean {
  if (pattern === "") return false;
  const labels = labelsOf(pattern);
  if (labels.length !== host.length) return false;
  // Neither empty labels nor what is not printable ASCII: IDNA names are compared as A-labels.
  if (labels.some((label) => label === "" || /[^\x21-\x7f]/.test(label))) return false;
  for (let i = 1; i < labels.length; i++) if (labels[i] !== host[i]) return false;
  const parts = labels[0].split("*");
  // A wildcard cannot stand for a part of an A-label.
  if (parts.length === 1 || labels[0].includes("xn--")) return labels[0] === host[0];
  if (parts.length > 2 || labels.length <= 2) return false;
  const [prefix, suffix] = parts;
  const [first] = host;
  return prefix.length + suffix.length <= first.length && first.startsWith(prefix) &&
    first.endsWith(suffix);
}
