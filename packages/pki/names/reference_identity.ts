/**
 * The name of a server as a user gives it, made into what is sent and compared: a DNS name in A-labels or an IP address
 * (RFC 9525 section 6.1, RFC 6066 section 3).
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { isHostName } from "./host_name.ts";
import { parseIpAddress } from "./ip_address.ts";

/** The name that a client wants to reach, ready for comparison. */
export type ReferenceIdentity =
  | { readonly type: "dNSName"; readonly value: string }
  | { readonly type: "iPAddress"; readonly value: Uint8Array };

/** A text longer than this is no name, whatever becomes of it: A-labels are longer than what they stand for. */
const MAX_TEXT = 1024;

/** What URL parsers and `inet_aton` read as an IPv4 address in another notation, such as `127.1` or `0x7f000001`. */
function looksLikeAddress(name: string): boolean {
  return /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name);
}

/**
 * The identity that a server name stands for: a DNS name (one with characters beyond ASCII becomes its A-labels by UTS 46; a
 * dot at the end goes) or an IP address (IPv6 with or without brackets and zone).
 *
 * @throws {TlsError} `api/argument` if it is neither.
 */
export function referenceIdentity(serverName: string): ReferenceIdentity {
  const reference = parseReferenceIdentity(serverName);
  if (reference !== null) return reference;
  const shown = JSON.stringify(String(serverName).slice(0, 253));
  throw new TlsError(
    "api/argument",
    `the server name ${shown} is neither a DNS name nor an IP address`,
  );
}

/** The same; `null` if the text is neither a DNS name nor an address. */
export function parseReferenceIdentity(serverName: string): ReferenceIdentity | null {
  if (typeof serverName !== "string" || serverName.length > MAX_TEXT) return null;
  const address = parseIpAddress(withoutBracketsAndZone(serverName));
  if (address !== null) return { type: "iPAddress", value: address };
  const value = toALabels(serverName)?.toLowerCase().replace(/\.$/, "");
  if (value === undefined || !isHostName(value) || looksLikeAddress(value)) return null;
  return { type: "dNSName", value };
}

/**
 * The text of the identity that a server name stands for: A-labels in lower case without a dot at the end, or an address
 * without brackets and zone. This is what is sent, verified, and shown.
 *
 * ```ts
 * import { canonicalServerName } from "@sealane/pki";
 *
 * console.assert(canonicalServerName("Bücher.example.") === "xn--bcher-kva.example");
 * console.assert(canonicalServerName("[fe80::1%eth0]") === "fe80::1");
 * ```
 *
 * @throws {TlsError} `api/argument` as {@link referenceIdentity}.
 */
export function canonicalServerName(serverName: string): string {
  const identity = referenceIdentity(serverName);
  return identity.type === "dNSName"
    ? identity.value
    : withoutBracketsAndZone(serverName).toLowerCase();
}

/** RFC 6874: the zone of a link-local address says which interface of ours, which is nothing to a server. */
function withoutBracketsAndZone(text: string): string {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const zone = inner.indexOf("%");
  const hasZone = zone > 0 && inner.includes(":") && /^%[\w.~-]+$|^%25[\w.~-]+$/.test(
    inner.slice(zone),
  );
  // Brackets are for IPv6 alone (RFC 3986 section 3.2.2).
  if (inner !== text && !inner.includes(":")) return text;
  return hasZone ? inner.slice(0, zone) : inner;
}

/** The name in A-labels; `null` if it has what no name has. */
function toALabels(name: string): string | null {
  if (/^[\x21-\x7e]*$/.test(name)) return name;
  // ASCII that is in no name: a URL would read it as another of its parts, or leave it out.
  const ascii = name.replace(/[\u0080-\uffff]/g, "");
  if (!/^[\w.-]*$/.test(ascii)) return null;
  try {
    return new URL(`https://${name}/`).hostname;
  } catch {
    return null;
  }
}
