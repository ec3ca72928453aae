/**
 * Distinguished names (RFC 5280 section 4.1.2.4) and when two of them are the same (section 7.1).
 *
 * @module
 */
import { DerReader, DerTag, toHex } from "@sealane/wire";

/** One attribute of a name. */
export interface NameAttribute {
  /** The attribute type, an object identifier in dotted decimal. */
  readonly type: string;
  /** The value as text, where it is a character string; else its DER. */
  readonly value: string | Uint8Array;
}

/** A distinguished name. */
export interface DistinguishedName {
  /** The DER encoding. */
  readonly raw: Uint8Array;
  /** The relative distinguished names in order, each with its attributes. */
  readonly rdns: readonly (readonly NameAttribute[])[];
  /** The comparison form of each relative distinguished name: two that are the same have the same text. */
  readonly keys: readonly string[];
  /** The comparison form of the whole name: two names are the same (RFC 5280 section 7.1) if their keys are. */
  readonly key: string;
}

/** Parses a Name from its DER. Errors name `what`. */
export function parseDistinguishedName(raw: Uint8Array, what = "name"): DistinguishedName {
  const reader = new DerReader(raw, what);
  const name = readDistinguishedName(reader, "Name");
  reader.end();
  return name;
}

/** Reads the Name that comes next. */
export function readDistinguishedName(reader: DerReader, field: string): DistinguishedName {
  const { raw, content } = reader.tagged(DerTag.sequence, field);
  const rdns: NameAttribute[][] = [];
  const keys: string[] = [];
  reader.nested(content, field).all((name) =>
    name.constructed(DerTag.set, "RelativeDistinguishedName", (rdn) => {
      const attributes: NameAttribute[] = [];
      const parts: string[] = [];
      do {
        rdn.sequence("AttributeTypeAndValue", (pair) => {
          const type = pair.objectIdentifier("type");
          const { tag, content, raw } = pair.element("value");
          const text = characterString(tag, content);
          attributes.push({ type, value: text ?? raw });
          parts.push(
            JSON.stringify([type, text === null ? `#${toHex(raw)}` : `=${comparable(text)}`]),
          );
        });
      } while (rdn.remaining > 0);
      rdns.push(attributes);
      // A relative distinguished name is a set: the order of its attributes does not count.
      keys.push(parts.length === 1 ? parts[0] : parts.sort().join("+"));
    })
  );
  return { raw, rdns, keys, key: keys.join(",") };
}

const decoders: Readonly<Record<number, (content: Uint8Array) => string | null>> = {
  [DerTag.utf8String]: decodeUtf8,
  [DerTag.printableString]: decodeAscii,
  [DerTag.ia5String]: decodeAscii,
  [DerTag.visibleString]: decodeAscii,
  [DerTag.numericString]: decodeAscii,
  [DerTag.teletexString]: (content) => decodeFixed(content, 1),
  [DerTag.bmpString]: (content) => decodeFixed(content, 2),
  [DerTag.universalString]: (content) => decodeFixed(content, 4),
};

/** The text of a character string; `null` for other types and for malformed text, which then only equals itself. */
function characterString(tag: DerTag, content: Uint8Array): string | null {
  return Object.hasOwn(decoders, tag) ? decoders[tag](content) : null;
}

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(content: Uint8Array): string | null {
  try {
    return utf8Decoder.decode(content);
  } catch {
    return null;
  }
}

function decodeAscii(content: Uint8Array): string | null {
  for (const byte of content) if (byte >= 0x80) return null;
  return utf8Decoder.decode(content);
}

function decodeFixed(content: Uint8Array, width: number): string | null {
  if (content.length % width !== 0) return null;
  let text = "";
  for (let i = 0; i < content.length; i += width) {
    let point = 0;
    for (let j = 0; j < width; j++) point = point * 256 + content[i + j];
    if (point > 0x10ffff) return null;
    text += String.fromCodePoint(point);
  }
  return text;
}

/** RFC 5280 §7.1: case is folded, white space at the ends goes and inside shrinks to one space, Unicode is normalised. */
function comparable(text: string): string {
  // deno-lint-ignore no-control-regex -- the whole of ASCII is meant
  const folded = /^[\x00-\x7f]*$/.test(text) ? text : text.normalize("NFKC");
  return folded.toLowerCase().replace(/\s+/g, " ").trim();
}

const shortNames: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** A name for people, most specific part first, at most 200 characters: `CN=example.com, O=Example`. Not for comparison. */
export function formatDistinguishedName(name: DistinguishedName): string {
  const parts = name.rdns.flat().toReversed().map(({ type, value }) =>
    `${shortNames[type] ?? type}=${typeof value === "string" ? value : `#${toHex(value)}`}`
  );
  // A peer wrote this text: it must not forge lines of a log.
  const text = parts.join(", ").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return text.length === 0 ? "(empty name)" : text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
