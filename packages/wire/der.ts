/**
 * Strict decoding of DER (X.690 section 10) for X.509, PKCS#8 and OCSP: definite minimal lengths, minimal INTEGERs,
 * canonical BOOLEANs, zero padding bits, one-byte tags. What BER allows beyond that is refused.
 *
 * @module
 */
import { TlsError, type TlsErrorCode } from "./error.ts";

/** Identifier octets of the universal types that the standards of this field use. */
export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;
/** An identifier octet. Any byte; see the object of the same name and {@link contextTag}. */
export type DerTag = number;

/** The identifier octet of the context-specific tag `[number]`, primitive (implicit) or constructed (explicit). */
export function contextTag(number: number, form: "primitive" | "constructed"): DerTag {
  return (form === "constructed" ? 0xa0 : 0x80) | number;
}

/** How deep readers may nest. X.509 with every extension stays below half of it. */
export const MAX_DER_DEPTH = 24;

/**
 * How many elements a reader and those inside of it read, unless told otherwise: the bytes of a message bound its memory,
 * this bounds its time. A certificate with 2,000 names has a quarter of it.
 */
export const MAX_DER_ELEMENTS = 16_384;

/** How many elements may still be read, for the readers that share it. */
export interface DerElementBudget {
  /** Counts down with every element. */
  left: number;
}

/** One element: its identifier octet, its content, and the whole encoding. All are views over the input. */
export interface DerElement {
  /** The identifier octet. */
  readonly tag: DerTag;
  /** The content octets. */
  readonly content: Uint8Array;
  /** Identifier, length and content octets. */
  readonly raw: Uint8Array;
}

/** A BIT STRING. */
export interface DerBitString {
  /** The bits, most significant first. */
  readonly bytes: Uint8Array;
  /** How many bits of the last byte do not count: 0 to 7. They are zero. */
  readonly unusedBits: number;
}

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the elements of one DER constructed value from front to back. Every read names its field for the error; a
 * decoder ends with {@link DerReader.end}. Byte strings are views over the input.
 *
 * ```ts
 * import { DerReader, fromHex } from "@sealane/wire";
 *
 * const reader = new DerReader(fromHex("3006 020105 0101ff"), "example");
 * const [number, flag] = reader.sequence("pair", (pair) => [pair.number("number"), pair.boolean("flag")]);
 * reader.end();
 * console.assert(number === 5 && flag === true);
 * ```
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #code: TlsErrorCode;
  readonly #depth: number;
  readonly #elements: DerElementBudget;
  #offset = 0;

  /**
   * `what` names the structure in errors; `code` is the code of those errors, `peer/decode-error` unless given. Readers
   * that are given the same `elements` share it; {@link MAX_DER_ELEMENTS} unless given.
   */
  constructor(
    bytes: Uint8Array,
    what: string,
    code: TlsErrorCode = "peer/decode-error",
    depth = 0,
    elements: DerElementBudget = { left: MAX_DER_ELEMENTS },
  ) {
    this.#bytes = bytes;
    this.#what = what;
    this.#code = code;
    this.#depth = depth;
    this.#elements = elements;
    if (depth > MAX_DER_DEPTH) this.fail(`elements nest deeper than ${MAX_DER_DEPTH}`);
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Throws this reader's error, with the name of the structure in front. */
  fail(reason: string): never {
    throw new TlsError(this.#code, `${this.#what}: ${reason}`);
  }

  /** Refuses trailing bytes. */
  end(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes follow the last field`);
  }

  /** The identifier octet of the next element, or `null` at the end. */
  peek(): DerTag | null {
    return this.remaining > 0 ? this.#bytes[this.#offset] : null;
  }

  /** The next element, whatever its type. */
  element(field: string): DerElement {
    const bytes = this.#bytes;
    const start = this.#offset;
    if (bytes.length - start < 2) this.fail(`${field} is missing`);
    if (--this.#elements.left < 0) this.fail("there are more elements than the limit allows");
    const tag = bytes[start];
    // No structure of ours has tag numbers above 30.
    if ((tag & 0x1f) === 0x1f) this.fail(`${field} has a tag of several bytes`);
    let at = start + 2;
    let length = bytes[start + 1];
    if (length >= 0x80) {
      const width = length - 0x80;
      // X.690 §10.1: definite. 2^32 bytes are more than any message holds.
      if (width === 0) this.fail(`${field} has an indefinite length`);
      if (width > 4 || at + width > bytes.length) this.fail(`${field} has a malformed length`);
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + bytes[at + i];
      if (length < 0x80 || length < 256 ** (width - 1)) {
        this.fail(`${field} has a length that is not minimal`);
      }
      at += width;
    }
    if (length > bytes.length - at) {
      this.fail(`${field} needs ${length} bytes but ${bytes.length - at} are left`);
    }
    this.#offset = at + length;
    return {
      tag,
      content: bytes.subarray(at, at + length),
      raw: bytes.subarray(start, at + length),
    };
  }

  /** The content of the next element, which must have `tag`. */
  content(tag: DerTag, field: string): Uint8Array {
    return this.tagged(tag, field).content;
  }

  /** The next element, which must have `tag`. */
  tagged(tag: DerTag, field: string): DerElement {
    const found = this.peek();
    if (found !== tag) this.fail(`${field} ${mismatch(found, tag)}`);
    return this.element(field);
  }

  /** The content of the next element if it has `tag`; else `null`, and nothing is read. */
  optional(tag: DerTag, field: string): Uint8Array | null {
    return this.peek() === tag ? this.element(field).content : null;
  }

  /** A reader over part of this one's bytes, whose errors name `field` too. */
  nested(content: Uint8Array, field: string): DerReader {
    return this.embedded(content, `${this.#what} ${field}`);
  }

  /** A reader over an encoding that an element of this one holds, for instance an extension; `what` names it in errors. */
  embedded(content: Uint8Array, what: string): DerReader {
    return new DerReader(content, what, this.#code, this.#depth + 1, this.#elements);
  }

  /** Decodes the constructed value with `tag` that comes next; `body` has to use it up. */
  constructed<T>(tag: DerTag, field: string, body: (reader: DerReader) => T): T {
    const reader = this.nested(this.content(tag, field), field);
    const value = body(reader);
    reader.end();
    return value;
  }

  /** Decodes the constructed value if `tag` comes next; else `null`. */
  optionalConstructed<T>(tag: DerTag, field: string, body: (reader: DerReader) => T): T | null {
    return this.peek() === tag ? this.constructed(tag, field, body) : null;
  }

  /** Decodes a SEQUENCE. */
  sequence<T>(field: string, body: (reader: DerReader) => T): T {
    return this.constructed(DerTag.sequence, field, body);
  }

  /** Decodes elements until this reader is at its end. */
  all<T>(element: (reader: DerReader) => T): T[] {
    const elements: T[] = [];
    while (this.remaining > 0) elements.push(element(this));
    return elements;
  }

  /** Decodes a SEQUENCE OF with at least `min` elements. */
  sequenceOf<T>(field: string, min: number, element: (reader: DerReader) => T): T[] {
    const elements = this.sequence(field, (reader) => reader.all(element));
    if (elements.length < min) this.fail(`${field} has ${elements.length} elements, below ${min}`);
    return elements;
  }

  /** A BOOLEAN. */
  boolean(field: string): boolean {
    const content = this.content(DerTag.boolean, field);
    // X.690 §11.1: TRUE is 0xff.
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      this.fail(`${field} is not a canonical BOOLEAN`);
    }
    return content[0] === 0xff;
  }

  /** The content of an INTEGER (or of `tag`, where it is implicit): two's complement, minimal. */
  integer(field: string, tag: DerTag = DerTag.integer): Uint8Array {
    const content = this.content(tag, field);
    if (content.length === 0) this.fail(`${field} is an empty INTEGER`);
    // X.690 §8.3.2: the first nine bits are not all equal.
    if (
      content.length > 1 &&
      ((content[0] === 0 && content[1] < 0x80) || (content[0] === 0xff && content[1] >= 0x80))
    ) this.fail(`${field} is an INTEGER that is not minimal`);
    return content;
  }

  /** The bytes of an INTEGER that is not negative, without a leading zero byte (zero is one zero byte). */
  unsigned(field: string): Uint8Array {
    const content = this.integer(field);
    if (content[0] >= 0x80) this.fail(`${field} is negative`);
    return content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
  }

  /** An INTEGER from 0 to `max`, which is at most 2^31 - 1 (the default). */
  number(field: string, max = 0x7fffffff, tag: DerTag = DerTag.integer): number {
    const content = this.integer(field, tag);
    if (content[0] >= 0x80) this.fail(`${field} is negative`);
    let value = 0;
    for (const byte of content.length > 5 ? [Infinity] : content) value = value * 256 + byte;
    if (value > max) this.fail(`${field} is larger than ${max}`);
    return value;
  }

  /** A BIT STRING (or `tag`, where it is implicit). */
  bitString(field: string, tag: DerTag = DerTag.bitString): DerBitString {
    const content = this.content(tag, field);
    if (content.length === 0) this.fail(`${field} is a BIT STRING without its first byte`);
    const unusedBits = content[0];
    const last = content[content.length - 1];
    if (
      unusedBits > 7 || (content.length === 1 && unusedBits !== 0) ||
      (content.length > 1 && (last & ((1 << unusedBits) - 1)) !== 0)
    ) this.fail(`${field} is a BIT STRING with bad padding`);
    return { bytes: content.subarray(1), unusedBits };
  }

  /** The bytes of a BIT STRING of whole bytes. */
  bitStringBytes(field: string): Uint8Array {
    const { bytes, unusedBits } = this.bitString(field);
    if (unusedBits !== 0) this.fail(`${field} is not a whole number of bytes`);
    return bytes;
  }

  /** An OCTET STRING (or `tag`, where it is implicit). */
  octetString(field: string, tag: DerTag = DerTag.octetString): Uint8Array {
    return this.content(tag, field);
  }

  /** A NULL. */
  null(field: string): void {
    if (this.content(DerTag.null, field).length !== 0) this.fail(`${field} is a NULL with content`);
  }

  /** An OBJECT IDENTIFIER in dotted decimal. */
  objectIdentifier(field: string, tag: DerTag = DerTag.objectIdentifier): string {
    const content = this.content(tag, field);
    return objectIdentifierText(content) ?? this.fail(`${field} is a malformed OBJECT IDENTIFIER`);
  }

  /** An IA5String (or `tag`, where it is implicit): ASCII. */
  ia5String(field: string, tag: DerTag = DerTag.ia5String): string {
    const content = this.content(tag, field);
    for (const byte of content) if (byte >= 0x80) this.fail(`${field} is not ASCII`);
    // A call of the decoder costs more than a short text is worth.
    return content.length <= 64
      ? String.fromCharCode.apply(null, Array.from(content))
      : utf8Decoder.decode(content);
  }

  /** A UTCTime or GeneralizedTime in milliseconds since 1970, in the only forms that RFC 5280 section 4.1.2.5 allows. */
  time(field: string): number {
    const { tag, content } = this.element(field);
    const yearDigits = tag === DerTag.utcTime ? 2 : 4;
    const isTime = tag === DerTag.utcTime || tag === DerTag.generalizedTime;
    if (!isTime || content.length !== yearDigits + 11 || content[yearDigits + 10] !== 0x5a) {
      this.fail(`${field} is neither a UTCTime nor a GeneralizedTime in seconds and Z`);
    }
    const two = (at: number) => {
      const [high, low] = [content[at] - 0x30, content[at + 1] - 0x30];
      const isNumber = high >= 0 && high <= 9 && low >= 0 && low <= 9;
      return isNumber ? 10 * high + low : this.fail(`${field} is a time with other than digits`);
    };
    const first = two(0);
    // RFC 5280 §4.1.2.5.1: years 50 to 99 are of the 20th century.
    const year = yearDigits === 4 ? 100 * first + two(2) : first + (first < 50 ? 2000 : 1900);
    const [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map((at) => two(yearDigits + at));
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    // A day that does not exist rolls over into the next month.
    const isDay = month >= 1 && month <= 12 && date.getUTCDate() === day && day >= 1;
    if (!isDay || hour > 23 || minute > 59 || second > 59) {
      this.fail(`${field} is a time that does not exist`);
    }
    return date.setUTCHours(hour, minute, second);
  }
}

function mismatch(found: DerTag | null, expected: DerTag): string {
  const hex = (tag: number) => `0x${tag.toString(16).padStart(2, "0")}`;
  return found === null ? "is missing" : `has the tag ${hex(found)} instead of ${hex(expected)}`;
}

/** The dotted form, or `null`. Arcs of more than 19 bytes are refused (2.25 with a UUID has 19). */
function objectIdentifierText(content: Uint8Array): string | null {
  const { length } = content;
  if (length === 0 || length > 255 || content[length - 1] >= 0x80) return null;
  let text = "";
  for (let start = 0; start < length;) {
    let end = start;
    while (content[end] >= 0x80) end++;
    // X.690 §8.19.2: an arc has no leading zero groups.
    if (content[start] === 0x80 || end - start >= 19) return null;
    // 7 groups of 7 bits are a safe integer.
    const arc = end - start < 7 ? smallArc(content, start, end) : largeArc(content, start, end);
    text += start > 0 ? `.${arc}` : firstArcs(arc);
    start = end + 1;
  }
  return text;
}

/** X.690 §8.19.4: the first two arcs share a number. */
function firstArcs(both: number | bigint): string {
  if (both >= 80) return `2.${typeof both === "bigint" ? both - 80n : both - 80}`;
  return both >= 40 ? `1.${Number(both) - 40}` : `0.${both}`;
}

function smallArc(content: Uint8Array, start: number, end: number): number {
  let arc = 0;
  for (let i = start; i <= end; i++) arc = arc * 128 + (content[i] & 0x7f);
  return arc;
}

/** In pieces of 7 groups, which are safe integers: BigInt is slow. */
function largeArc(content: Uint8Array, start: number, end: number): bigint {
  let arc = 0n;
  for (let from = start; from <= end; from += 7) {
    const to = Math.min(from + 6, end);
    arc = (arc << BigInt(7 * (to - from + 1))) | BigInt(smallArc(content, from, to));
  }
  return arc;
}
