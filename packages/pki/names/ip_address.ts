/**
 * IP addresses as text and as the bytes that certificates hold.
 *
 * @module
 */

/** Six groups of an IPv6 address and an IPv4 address: `0000:0000:0000:0000:0000:ffff:255.255.255.255`. */
const MAX_ADDRESS_LENGTH = 45;

/** The 4 or 16 bytes of an IPv4 or IPv6 address (RFC 4291 section 2.2, without zone and brackets), or `null`. */
export function parseIpAddress(text: string): Uint8Array | null {
  if (text.length > MAX_ADDRESS_LENGTH) return null;
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  // A leading zero is octal to some and decimal to others: RFC 6943 §3.1.1.
  const isByte = (part: string) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256;
  return parts.length === 4 && parts.every(isByte) ? Uint8Array.from(parts, Number) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = [readGroups(halves[0]), readGroups(halves[1] ?? "")];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  // "::" stands for at least one group; without it all eight are there.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  // An IPv4 address may only stand at the very end.
  if (halves.length === 2 && halves[0].includes(".")) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function readGroups(text: string): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = i === groups.length - 1 && group.includes(".") ? parseIpv4(group) : null;
    if (v4 !== null) bytes.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes;
}

/** Text of the 4 or 16 bytes of an address, for messages (IPv6 groups are not shortened). */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    groups.push((bytes[i] << 8 | bytes[i + 1]).toString(16));
  }
  return groups.join(":");
}
