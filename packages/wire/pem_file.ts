/**
 * PEM as people have it: with byte order marks, indentation, escaped line ends, comments, one broken block among good ones.
 * The strict grammar of RFC 7468 is `pem.ts`'s.
 *
 * @module
 */
import type { PemBlock } from "./pem.ts";

/** One block of a file. */
export interface PemFileBlock extends PemBlock {
  /** The line that it begins in, from 1. */
  readonly line: number;
  /** The headers of an encrypted key of the old kind (RFC 1421 section 4.6), names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What a file holds. */
export interface PemFile {
  /** The blocks that could be read, in order; their labels in upper case. */
  readonly blocks: readonly PemFileBlock[];
  /** A sentence for each block that could not be read. */
  readonly warnings: readonly string[];
}

/**
 * Reads every block of a PEM text that can be read, in whatever shape it is, and says which cannot. Bytes may be UTF-8 or,
 * with a byte order mark, UTF-16. Never throws; takes a time that grows with the length only.
 *
 * ```ts
 * import { readPemFile } from "@sealane/wire";
 *
 * const text = '"-----BEGIN EXAMPLE-----\\nAAEC\\n-----END EXAMPLE-----\\n"';
 * const { blocks, warnings } = readPemFile(text);
 * console.assert(blocks[0].label === "EXAMPLE" && blocks[0].bytes.length === 3 && warnings.length === 0);
 * ```
 */
export function readPemFile(file: string | Uint8Array): PemFile {
  const text = plainText(typeof file === "string" ? file : decodeText(file));
  const blocks: PemFileBlock[] = [];
  const warnings: string[] = [];
  const lines = new LineCounter(text);
  const ends = new Finder(text, "---END ");
  const begins = new Finder(text, BEGIN);
  for (let at = begins.from(0); at !== -1;) {
    const labelAt = at + BEGIN.length;
    const body = text.indexOf("-----", labelAt);
    const label = text.slice(labelAt, body === -1 ? labelAt : Math.min(body, labelAt + 65)).trim();
    at = begins.from(labelAt);
    if (body === -1) break;
    if (!LABEL.test(label)) continue;
    const line = lines.of(labelAt);
    const name = `the PEM block ${label} in line ${line}`;
    const end = ends.from(body);
    if (end === -1 || (at !== -1 && at < end)) {
      warnings.push(`${name} has no end`);
      continue;
    }
    const endLabel = text.slice(end + 7, end + 8 + label.length).toUpperCase();
    if (
      endLabel.slice(0, label.length) !== label.toUpperCase() ||
      /\w$/.test(endLabel.slice(label.length))
    ) {
      warnings.push(`${name} does not end with its own label`);
      continue;
    }
    const { headers, base64 } = readBody(text.slice(body + 5, end));
    const bytes = decodeBase64(base64);
    if (bytes === null) warnings.push(`${name} is not whole base64`);
    else blocks.push({ label: label.toUpperCase(), bytes, line, headers });
  }
  return { blocks, warnings };
}

const BEGIN = "-----BEGIN ";
const LABEL = /^[!-,.-~]+(?:[ -][!-,.-~]+)*$/;

function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) {
    const swapped = bytes.slice(0, bytes.length & ~1);
    for (let i = 0; i < swapped.length; i += 2) {
      [swapped[i], swapped[i + 1]] = [swapped[i + 1], swapped[i]];
    }
    return new TextDecoder("utf-16le").decode(swapped);
  }
  return new TextDecoder().decode(bytes);
}

/** Line ends that were escaped, as environment variables and JSON have them, become line ends; what nobody sees goes. */
function plainText(text: string): string {
  // deno-lint-ignore no-control-regex -- files padded with NUL bytes
  const visible = text.replace(/[\u0000\u200b-\u200d\u2060\ufeff]/g, "");
  return visible.replace(/\\r\\n|\\[nr]|\r\n|[\r\f\v\u0085\u2028\u2029]/g, "\n");
}

/** Finds the next occurrence from a place that only grows, without looking at anything twice. */
class Finder {
  readonly #text: string;
  readonly #what: string;
  #next = -2;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  from(at: number): number {
    if (this.#next !== -1 && this.#next < at) this.#next = this.#text.indexOf(this.#what, at);
    return this.#next;
  }
}

class LineCounter {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The line of a place, which only grows. */
  of(at: number): number {
    for (; this.#at < at; this.#at++) if (this.#text[this.#at] === "\n") this.#line++;
    return this.#line;
  }
}

/** What stands between the two lines of dashes, which a closing one may have less than five of. */
function readBody(body: string): { headers: ReadonlyMap<string, string>; base64: string } {
  const headers = new Map<string, string>();
  const [first, ...rest] = body.split("\n");
  // Behind BEGIN may stand a remark, unless the whole block is in that line.
  const lines = rest.length === 0 || /^[A-Za-z0-9+/]{40,}={0,2}$/.test(first.trim())
    ? [first, ...rest]
    : rest;
  let base64 = "";
  let header: string | null = null;
  for (const raw of lines) {
    const line = trim(raw, " \t\n\"'`\\");
    if (line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon !== -1) {
      header = line.slice(0, colon).trim().toLowerCase();
      headers.set(header, line.slice(colon + 1).trim());
    } else if (header !== null && /^[ \t]/.test(raw) && base64 === "") {
      // RFC 1421 §4.4: a header goes on in lines that begin with white space.
      headers.set(header, `${headers.get(header)}${line}`);
    } else {
      header = null;
      base64 += line;
    }
  }
  return { headers, base64 };
}

/** Takes characters off both ends. A regular expression would take quadratic time. */
function trim(text: string, characters: string): string {
  let [start, end] = [0, text.length];
  while (start < end && characters.includes(text[start])) start++;
  while (end > start && characters.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

/** With or without padding and what programs, JSON and YAML put around lines of text, of either alphabet of RFC 4648; `null` if it is neither. */
function decodeBase64(text: string): Uint8Array | null {
  const plain = trim(text.replace(/[\s"'`,;\\]/g, ""), "-").replaceAll("-", "+").replaceAll(
    "_",
    "/",
  );
  const content = plain.replace(/={1,2}$/, "");
  if (content === "" || content.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(content)) return null;
  const binary = atob(content);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
