/**
 * Service identity (RFC 9525): whether a server certificate is for the name that the client wanted. Only
 * subjectAltName counts; the common name never does.
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import type { GeneralName } from "../names/general_name.ts";
import { isHostName } from "../names/host_name.ts";
import { formatIpAddress } from "../names/ip_address.ts";
import { parseReferenceIdentity, referenceIdentity } from "../names/reference_identity.ts";

/**
 * Whether a certificate is for a server name (RFC 9525 section 6); see {@link referenceIdentity} for the name. No
 * certificate is for a text that is no server name: it may come from a peer.
 */
export function matchesServerName(certificate: Certificate, serverName: string): boolean {
  const reference = parseReferenceIdentity(serverName);
  if (reference === null) return false;
  return (certificate.extensions.subjectAltName ?? []).some((presented) => {
    // RFC 9525 §6.1: an address is matched by addresses only, a DNS name by DNS names only.
    if (presented.type === "dNSName" && reference.type === "dNSName") {
      // A dot at the end says that the name is whole, which every name in a certificate is.
      return matchesDnsName(presented.value.toLowerCase().replace(/\.$/, ""), reference.value);
    }
    return presented.type === "iPAddress" && reference.type === "iPAddress" &&
      equalBytes(presented.value, reference.value);
  });
}

/** RFC 9525 section 6.3: a wildcard is the whole leftmost label, stands for one label, and has two labels after it. */
function matchesDnsName(presented: string, reference: string): boolean {
  if (!presented.startsWith("*.")) return isHostName(presented) && presented === reference;
  const parent = presented.slice(2);
  if (!isHostName(parent) || !parent.includes(".")) return false;
  const dot = reference.indexOf(".");
  return dot !== -1 && reference.slice(dot + 1) === parent;
}

/**
 * Refuses a certificate that is not for a server name.
 *
 * @throws {TlsError} `peer/certificate-name`, with the names that the certificate has; `api/argument` as
 * {@link referenceIdentity}.
 */
export function checkServerName(certificate: Certificate, serverName: string): void {
  referenceIdentity(serverName);
  if (matchesServerName(certificate, serverName)) return;
  const names = (certificate.extensions.subjectAltName ?? []).filter(({ type }) =>
    type === "dNSName" || type === "iPAddress"
  );
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  const list = names.length === 0
    ? "no name"
    : `${names.slice(0, 5).map(forPeople).join(", ")}${more}`;
  throw new TlsError(
    "peer/certificate-name",
    `server certificate is not for ${serverName} but for ${list}`,
  );
}

/** A peer wrote these texts: they must not forge lines of a log. */
function forPeople({ value }: GeneralName): string {
  if (value instanceof Uint8Array) return formatIpAddress(value);
  return typeof value === "string" ? value.slice(0, 100).replace(/[^\x21-\x7e]/g, "?") : "";
}
