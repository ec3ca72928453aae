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
import { formatIpAddress, parseIpAddress } from "../names/ip_address.ts";

/** The name that a client wants to reach, ready for comparison. */
export type ReferenceIdentity =
  | { readonly type: "dNSName"; readonly value: string }
  | { readonly type: "iPAddress"; readonly value: Uint8Array };

/**
 * The identity that a server name stands for: a DNS name (one with characters beyond ASCII becomes its A-labels, RFC
 * 5891; a dot at the end goes) or an IP address (IPv6 with or without brackets).
 *
 * @throws {TlsError} `api/argument` if it is neither.
 */
export function referenceIdentity(serverName: string): ReferenceIdentity {
  const reference = parseReference(serverName);
  if (reference !== null) return reference;
  throw new TlsError(
    "api/argument",
    `server name ${JSON.stringify(serverName.slice(0, 253))} is neither a DNS name nor an address`,
  );
}

/** RFC 1035 §2.3.4 bounds a DNS name to 253 characters; before its normalisation it may have some more. */
const MAX_SERVER_NAME = 1_024;

function parseReference(serverName: string): ReferenceIdentity | null {
  if (serverName.length > MAX_SERVER_NAME) return null;
  const address = parseIpAddress(serverName.replace(/^\[(.*)\]$/, "$1"));
  if (address !== null) return { type: "iPAddress", value: address };
  const value = toALabels(serverName).toLowerCase().replace(/\.$/, "");
  // RFC 9525 §6.2: what looks like an address is none; a last label of digits is an IPv4 address to URL parsers.
  if (!isHostName(value) || /(?:^|\.)\d+$/.test(value)) return null;
  return { type: "dNSName", value };
}

function toALabels(name: string): string {
  // Two expressions: one for both would take quadratic time.
  if (!/[^\x20-\x7e]/.test(name) || !/^[\p{L}\p{M}\p{N}._\u3002-]*$/u.test(name)) return name;
  try {
    return new URL(`https://${name}/`).hostname;
  } catch {
    return name;
  }
}

/**
 * Whether a certificate is for a server name (RFC 9525 section 6); see {@link referenceIdentity} for the name. No
 * certificate is for a text that is no server name: it may come from a peer.
 */
export function matchesServerName(certificate: Certificate, serverName: string): boolean {
  const reference = parseReference(serverName);
  if (reference === null) return false;
  return (certificate.extensions.subjectAltName ?? []).some((presented) => {
    // RFC 9525 §6.1: an address is matched by addresses only, a DNS name by DNS names only.
    if (presented.type === "dNSName" && reference.type === "dNSName") {
      return matchesDnsName(presented.value.toLowerCase(), reference.value);
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
