/**
 * Names that may not stand in server_name (RFC 6066 section 3).
 *
 * @module
 */

/** Whether a host is a literal IPv4 or IPv6 address; brackets around the latter are fine. */
export function isIpAddress(host: string): boolean {
  if (host.includes(":")) return true;
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}
