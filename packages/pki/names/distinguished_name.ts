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

/** RFC 5280 appendix A.1: ub-name, the upper bound of the longest attributes. */
export const MAX_NAME_BYTES = 32_768;

/** Reads the Name that comes next. */
export function readDistinguishedName(reader: DerReader, field: string): DistinguishedName {
  const { raw, content } = reader.tagged(DerTag.sequence, field);
  if (raw.length > MAX_NAME_BYTES) {
    reader.fail(`${field} has ${raw.length} bytes, more than ${MAX_NAME_BYTES}`);
  }
  const rdns: NameAttribute[][] = [];
  reader.nested(content, field).all((name) =>
    name.constructed(DerTag.set, "RelativeDistinguishedName", (rdn) => {
      const attributes: NameAttribute[] = [];
      do attributes.push(rdn.sequence("AttributeTypeAndValue", readAttribute)); while (
        rdn.remaining > 0
      );
      rdns.push(attributes);
    })
  );
  return new ParsedName(raw, rdns);
}

function readAttribute(pair: DerReader): NameAttribute {
  const type = pair.objectIdentifier("type");
  const { tag, content, raw } = pair.element("value");
  const text = characterString(tag, content);
  if (text !== null && !isStreamSafe(text)) {
    pair.fail(`value has more than ${MAX_COMBINING} combining marks in a row`);
  }
  return { type, value: text ?? raw };
}

/** Names are compared far less often than they are read: their comparison form is made when it is asked for. */
class ParsedName implements DistinguishedName {
  readonly raw: Uint8Array;
  readonly rdns: readonly (readonly NameAttribute[])[];
  #keys: readonly string[] | null = null;
  #key: string | null = null;

  constructor(raw: Uint8Array, rdns: readonly (readonly NameAttribute[])[]) {
    this.raw = raw;
    this.rdns = rdns;
  }

  get keys(): readonly string[] {
    return this.#keys ??= this.rdns.map(comparisonForm);
  }

  get key(): string {
    return this.#key ??= this.keys.join(",");
  }
}

function comparisonForm(rdn: readonly NameAttribute[]): string {
  const parts = rdn.map(({ type, value }) =>
    JSON.stringify([type, typeof value === "string" ? `=${comparable(value)}` : `#${toHex(value)}`])
  );
  // A relative distinguished name is a set: the order of its attributes does not count.
  return parts.length === 1 ? parts[0] : parts.sort().join("+");
}

/**
 * What it costs to make the comparison form of a name, in bytes compared: Unicode normalisation makes up to 18 characters
 * of one.
 */
export function comparisonCost({ raw }: DistinguishedName): number {
  let cost = raw.length;
  for (const byte of raw) if (byte >= 0x80) cost += 64;
  return cost;
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
  // In chunks: as arguments of one call, the characters of a long text would overflow the stack.
  for (let start = 0; start < content.length; start += 1024 * width) {
    const points: number[] = [];
    const end = Math.min(start + 1024 * width, content.length);
    for (let i = start; i < end; i += width) {
      let point = 0;
      for (let j = 0; j < width; j++) point = point * 256 + content[i + j];
      if (point > 0x10ffff) return null;
      points.push(point);
    }
    text += String.fromCodePoint(...points);
  }
  return text;
}

/** UAX #15 section 13, the Stream-Safe Text Format: to normalise more of them in a row takes quadratic time. */
const MAX_COMBINING = 30;
/** Combining marks, and the halfwidth sound marks, which normalisation makes combining ones. */
const COMBINING = /[\p{M}\uff9e\uff9f]+/gu;

function isStreamSafe(text: string): boolean {
  if (isAscii(text)) return true;
  for (const [run] of text.matchAll(COMBINING)) {
    if (run.length > MAX_COMBINING && [...run].length > MAX_COMBINING) return false;
  }
  return true;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

/** RFC 5280 §7.1: case is folded, white space at the ends goes and inside shrinks to one space, Unicode is normalised. */
function comparable(text: string): string {
  const folded = isAscii(text) ? text : text.normalize("NFKC");
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
  const parts: string[] = [];
  let length = 0;
  for (const { type, value } of fromTheEnd(name.rdns)) {
    const text = typeof value === "string" ? value.slice(0, 201) : toHex(value.subarray(0, 101));
    parts.push(`${shortNames[type] ?? type}=${typeof value === "string" ? "" : "#"}${text}`);
    length += text.length + type.length;
    if (length > 200) break;
  }
  // A peer wrote this text: it must not forge lines of a log.
  const text = parts.join(", ").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return text.length === 0 ? "(empty name)" : text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function* fromTheEnd(rdns: DistinguishedName["rdns"]): Generator<NameAttribute> {
  for (let i = rdns.length - 1; i >= 0; i--) yield* rdns[i].toReversed();
}
