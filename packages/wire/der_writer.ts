/**
 * Encoding of DER (X.690 section 10): each function returns the whole encoding of one value. Import it as a namespace.
 *
 * ```ts
 * import { der, toHex } from "@sealane/wire";
 *
 * const algorithm = der.sequence(der.objectIdentifier("1.2.840.113549.1.1.11"), der.nullValue());
 * console.assert(toHex(algorithm) === "300d06092a864886f70d01010b0500");
 * ```
 *
 * @module
 */
import { concat } from "./bytes.ts";
import { contextTag, DerTag } from "./der.ts";
import { TlsError } from "./error.ts";

/** An element with the identifier octet `tag` and the concatenation of `parts` as its content. */
export function element(tag: DerTag, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = [tag];
  if (length < 0x80) header.push(length);
  else {
    const octets: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
    header.push(0x80 | octets.length, ...octets);
  }
  return concat([Uint8Array.from(header), ...parts]);
}

/** A SEQUENCE (or SEQUENCE OF). */
export function sequence(...elements: readonly Uint8Array[]): Uint8Array {
  return element(DerTag.sequence, ...elements);
}

/** A SET OF: the encodings are sorted (X.690 section 11.6). */
export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return element(DerTag.set, ...elements.toSorted(compare));
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The explicit tag `[number]` around `elements`. */
export function explicit(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return element(contextTag(number, "constructed"), ...elements);
}

/** A primitive value with the implicit tag `[number]`. */
export function implicit(number: number, content: Uint8Array): Uint8Array {
  return element(contextTag(number, "primitive"), content);
}

/** A BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return element(DerTag.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** An INTEGER: a number, or the big-endian bytes of a number that is not negative. */
export function integer(value: number | bigint | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) {
    let start = 0;
    while (start < value.length - 1 && value[start] === 0) start++;
    const bytes = value.subarray(start);
    const pad = bytes.length === 0 || bytes[0] >= 0x80;
    return element(DerTag.integer, pad ? Uint8Array.of(0) : new Uint8Array(0), bytes);
  }
  const octets: number[] = [];
  let rest = BigInt(value);
  do {
    octets.unshift(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (rest !== (octets[0] >= 0x80 ? -1n : 0n));
  return element(DerTag.integer, Uint8Array.from(octets));
}

/** A BIT STRING whose last byte has `unusedBits` bits that do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return element(DerTag.bitString, Uint8Array.of(unusedBits), bytes);
}

/** A BIT STRING of named bits, without trailing zero bits (X.690 section 11.2.2). */
export function namedBits(bits: readonly number[]): Uint8Array {
  if (bits.length === 0) return bitString(new Uint8Array(0));
  const last = Math.max(...bits);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] |= 0x80 >> (bit & 7);
  return bitString(bytes, 7 - (last & 7));
}

/** An OCTET STRING. */
export function octetString(...parts: readonly Uint8Array[]): Uint8Array {
  return element(DerTag.octetString, ...parts);
}

/** A NULL. */
export function nullValue(): Uint8Array {
  return element(DerTag.null);
}

/**
 * An OBJECT IDENTIFIER from its dotted decimal form.
 *
 * @throws {TlsError} `api/argument` if the text is not one.
 */
export function objectIdentifier(dotted: string): Uint8Array {
  if (!/^(?:[01]\.[1-3]?\d|2\.\d+)(?:\.\d+)*$/.test(dotted)) {
    throw new TlsError("api/argument", `${JSON.stringify(dotted)} is not an object identifier`);
  }
  const [first, second, ...rest] = dotted.split(".").map(BigInt);
  const octets: number[] = [];
  for (const arc of [40n * first + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let more = arc >> 7n; more > 0n; more >>= 7n) groups.unshift(Number(more & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return element(DerTag.objectIdentifier, Uint8Array.from(octets));
}

const encoder = new TextEncoder();

/** A character string of the type `tag`, `UTF8String` unless given; the text is encoded as UTF-8 (so as ASCII, where it is). */
export function text(value: string, tag: DerTag = DerTag.utf8String): Uint8Array {
  return element(tag, encoder.encode(value));
}

/** A time in milliseconds since 1970: UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
export function time(milliseconds: number): Uint8Array {
  const date = new Date(milliseconds);
  const digits = date.toISOString().replace(/\.\d+Z$/, "").replace(/\D/g, "");
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? text(`${digits.slice(2)}Z`, DerTag.utcTime)
    : text(`${digits}Z`, DerTag.generalizedTime);
}
