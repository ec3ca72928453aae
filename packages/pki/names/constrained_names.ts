/**
 * The names that name constraints judge (RFC 5280 section 4.2.1.10), taken apart. What cannot be taken apart cannot be
 * judged: it is malformed, and refused wherever its form is constrained.
 *
 * @module
 */
import { isHostName } from "./host_name.ts";

/** A host name to judge. */
export interface ConstrainedHost {
  /** Lower case, without `*.` and without a dot at the end. */
  readonly host: string;
  /** Whether it is a wildcard: all names of one more label than `host`. */
  readonly wildcard: boolean;
}

/** A mailbox to judge. */
export interface ConstrainedMailbox {
  /** Before the `@`, without quotes. Its case counts (RFC 5280 section 7.5). */
  readonly local: string;
  /** After the `@`, lower case. */
  readonly host: string;
}

/** A dNSName, which may be a wildcard and end with a dot; `null` if it is malformed. */
export function parseConstrainedHost(name: string): ConstrainedHost | null {
  const wildcard = name.startsWith("*.");
  const host = parseHost(wildcard ? name.slice(2) : name);
  return host === null ? null : { host, wildcard };
}

function parseHost(name: string): string | null {
  if (name.length > 254) return null;
  const host = (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
  return isHostName(host) ? host : null;
}

/** RFC 5321 §4.1.2: atext and dots. */
const DOT_STRING = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** RFC 5321 §4.1.2: qtextSMTP and quoted pairs. */
const QUOTED_STRING = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/;

/** An rfc822Name: a mailbox of RFC 5321 section 4.1.2 at a host name; `null` if it is malformed. */
export function parseMailbox(mailbox: string): ConstrainedMailbox | null {
  // RFC 5321 §4.5.3.1: 64 octets before the @ and 255 after it.
  if (mailbox.length > 320) return null;
  const at = mailbox.lastIndexOf("@");
  const [local, host] = [mailbox.slice(0, Math.max(at, 0)), parseHost(mailbox.slice(at + 1))];
  if (at === -1 || host === null) return null;
  if (DOT_STRING.test(local)) return { local, host };
  if (!QUOTED_STRING.test(local)) return null;
  return { local: local.slice(1, -1).replace(/\\(.)/g, "$1"), host };
}

/** The host name of a URI with an authority (RFC 3986 section 3.2); `null` if it has none, or is malformed. */
export function parseUriHost(uri: string): string | null {
  if (uri.length > 8_192 || !/^[!-~]*$/.test(uri)) return null;
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#\\]*)(?:[/?#]|$)/.exec(uri)?.[1];
  if (authority === undefined) return null;
  const [, name] = /^(?:[^@]*@)?([^@:[\]]*)(?::\d*)?$/.exec(authority) ?? [];
  const host = name === undefined ? null : parseHost(name);
  // RFC 5280 §4.2.1.10: the constraint is on host names, and an address is none.
  return host === null || /(?:^|\.)\d+$/.test(host) ? null : host;
}

/** The base of a dNSName, rfc822Name or URI constraint; with `subdomains` it had a leading dot. `null` if malformed. */
export function parseHostBase(base: string): { host: string; subdomains: boolean } | null {
  const subdomains = base.startsWith(".");
  const host = base.slice(subdomains ? 1 : 0).toLowerCase();
  return isHostName(host) ? { host, subdomains } : null;
}
