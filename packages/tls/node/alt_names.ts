/**
 * The names of a certificate as one text, in a form in which no name can pose as another one: since CVE-2021-44532 Node
 * writes a name that holds a comma, a quotation mark or an unprintable character as a JSON string.
 *
 * @module
 */
import { type DistinguishedName, formatIpAddress, type GeneralName } from "@sealane/pki";
import { nodeError } from "./node_error.ts";

/** The names, each with its kind in front: `DNS:a.example, IP Address:192.0.2.1`. */
export function formatAltNames(names: readonly GeneralName[]): string {
  return names.map(formatName).join(", ");
}

function formatName(name: GeneralName): string {
  switch (name.type) {
    case "dNSName":
      return `DNS:${quoted(name.value)}`;
    case "rfc822Name":
      return `email:${quoted(name.value)}`;
    case "uniformResourceIdentifier":
      return `URI:${quoted(name.value)}`;
    case "iPAddress":
      return `IP Address:${formatIpAddress(name.value).toUpperCase()}`;
    case "registeredID":
      return `Registered ID:${name.value}`;
    case "directoryName":
      return `DirName:${quoted(oneLine(name.value))}`;
    case "otherName":
      return "othername:<unsupported>";
    case "x400Address":
      return "X400Name:<unsupported>";
    case "ediPartyName":
      return "EdiPartyName:<unsupported>";
  }
}

/** A name that is safe between commas: as it is, or as a JSON string of printable ASCII. */
function quoted(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value) && !/[,"\\']/.test(value)) return value;
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function oneLine({ rdns }: DistinguishedName): string {
  return rdns.map((rdn) =>
    rdn.map(({ type, value }) =>
      `${shortName(type)}=${
        typeof value === "string" ? value.replaceAll(/[,+"\\<>;=]/g, "\\$&") : ""
      }`
    ).join("+")
  ).join(",");
}

/** Short names of attribute types: RFC 4519, and the ones that OpenSSL uses. */
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
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.97": "organizationIdentifier",
  "1.2.840.113549.1.9.1": "emailAddress",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

/** What OpenSSL calls an attribute type. */
export function shortName(type: string): string {
  return SHORT_NAMES[type] ?? type;
}

/** A JSON string at the beginning of a text. */
// deno-lint-ignore no-control-regex -- the control characters that JSON refuses
const JSON_STRING = /^"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;

/**
 * Takes the text of {@link formatAltNames} apart again.
 *
 * @throws an error with code `ERR_TLS_CERT_ALTNAME_FORMAT`.
 */
export function splitAltNames(text: string): string[] {
  if (!text.includes('"')) return text.split(", ");
  const names: string[] = [];
  let name = "";
  for (let rest = text; rest !== "";) {
    const at = rest.search(/[",]/);
    if (at === -1) {
      name += rest;
      break;
    }
    name += rest.slice(0, at);
    if (rest[at] === '"') {
      const string = JSON_STRING.exec(rest.slice(at))?.[0];
      if (string === undefined) {
        throw nodeError(
          "ERR_TLS_CERT_ALTNAME_FORMAT",
          "Invalid subject alternative name string",
          SyntaxError,
        );
      }
      name += JSON.parse(string);
      rest = rest.slice(at + string.length);
    } else {
      names.push(name);
      name = "";
      rest = rest.slice(at + 2);
    }
  }
  names.push(name);
  return names;
}
