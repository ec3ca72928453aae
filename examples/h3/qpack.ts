/**
 * QPACK without a dynamic table (RFC 9204): field sections of static entries and literals. Every HTTP/3 peer has to
 * understand them, and sends nothing else to a peer that offers no table.
 *
 * @module
 */

/** One field line. */
export type Field = readonly [name: string, value: string];

/** RFC 9204 appendix A. */
const STATIC: readonly Field[] = [
  [":authority", ""],
  [":path", "/"],
  ["age", "0"],
  ["content-disposition", ""],
  ["content-length", "0"],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["referer", ""],
  ["set-cookie", ""],
  [":method", "CONNECT"],
  [":method", "DELETE"],
  [":method", "GET"],
  [":method", "HEAD"],
  [":method", "OPTIONS"],
  [":method", "POST"],
  [":method", "PUT"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "103"],
  [":status", "200"],
  [":status", "304"],
  [":status", "404"],
  [":status", "503"],
  ["accept", "*/*"],
  ["accept", "application/dns-message"],
  ["accept-encoding", "gzip, deflate, br"],
  ["accept-ranges", "bytes"],
  ["access-control-allow-headers", "cache-control"],
  ["access-control-allow-headers", "content-type"],
  ["access-control-allow-origin", "*"],
  ["cache-control", "max-age=0"],
  ["cache-control", "max-age=2592000"],
  ["cache-control", "max-age=604800"],
  ["cache-control", "no-cache"],
  ["cache-control", "no-store"],
  ["cache-control", "public, max-age=31536000"],
  ["content-encoding", "br"],
  ["content-encoding", "gzip"],
  ["content-type", "application/dns-message"],
  ["content-type", "application/javascript"],
  ["content-type", "application/json"],
  ["content-type", "application/x-www-form-urlencoded"],
  ["content-type", "image/gif"],
  ["content-type", "image/jpeg"],
  ["content-type", "image/png"],
  ["content-type", "text/css"],
  ["content-type", "text/html; charset=utf-8"],
  ["content-type", "text/plain"],
  ["content-type", "text/plain;charset=utf-8"],
  ["range", "bytes=0-"],
  ["strict-transport-security", "max-age=31536000"],
  ["strict-transport-security", "max-age=31536000; includesubdomains"],
  ["strict-transport-security", "max-age=31536000; includesubdomains; preload"],
  ["vary", "accept-encoding"],
  ["vary", "origin"],
  ["x-content-type-options", "nosniff"],
  ["x-xss-protection", "1; mode=block"],
  [":status", "100"],
  [":status", "204"],
  [":status", "206"],
  [":status", "302"],
  [":status", "400"],
  [":status", "403"],
  [":status", "421"],
  [":status", "425"],
  [":status", "500"],
  ["accept-language", ""],
  ["access-control-allow-credentials", "FALSE"],
  ["access-control-allow-credentials", "TRUE"],
  ["access-control-allow-headers", "*"],
  ["access-control-allow-methods", "get"],
  ["access-control-allow-methods", "get, post, options"],
  ["access-control-allow-methods", "options"],
  ["access-control-expose-headers", "content-length"],
  ["access-control-request-headers", "content-type"],
  ["access-control-request-method", "get"],
  ["access-control-request-method", "post"],
  ["alt-svc", "clear"],
  ["authorization", ""],
  ["content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"],
  ["early-data", "1"],
  ["expect-ct", ""],
  ["forwarded", ""],
  ["if-range", ""],
  ["origin", ""],
  ["purpose", "prefetch"],
  ["server", ""],
  ["timing-allow-origin", "*"],
  ["upgrade-insecure-requests", "1"],
  ["user-agent", ""],
  ["x-forwarded-for", ""],
  ["x-frame-options", "deny"],
  ["x-frame-options", "sameorigin"],
];

/** Code lengths of the Huffman code of RFC 7541 appendix B for the bytes 0 to 255 and the end: A is 5 bits, B 6, and so on. */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCC" +
  "CCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

/** The code is canonical: within a length, codes go up with the symbol. From length and code to the symbol. */
const HUFFMAN: ReadonlyMap<number, number> = (() => {
  const table = new Map<number, number>();
  let code = 0;
  for (let length = 5; length <= 30; length++) {
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
      if (LENGTHS.charCodeAt(symbol) - 60 === length) table.set(length * 2 ** 30 + code++, symbol);
    }
    code *= 2;
  }
  return table;
})();

function decodeHuffman(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + (byte >> bit & 1);
      const symbol = HUFFMAN.get(++length * 2 ** 30 + code);
      if (symbol === 256 || length > 30) throw new Error("a string has the end symbol");
      if (symbol === undefined) continue;
      out.push(symbol);
      code = length = 0;
    }
  }
  // RFC 7541 §5.2: padding is less than a byte of ones.
  if (length > 7 || code !== 2 ** length - 1) throw new Error("a string ends with bad padding");
  return Uint8Array.from(out);
}

/** Writes a number with an N-bit prefix (RFC 7541 section 5.1). */
function writeNumber(out: number[], pattern: number, bits: number, value: number): void {
  const limit = 2 ** bits - 1;
  if (value < limit) {
    out.push(pattern | value);
    return;
  }
  out.push(pattern | limit);
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push(rest % 128 + 128);
  out.push(rest);
}

function writeString(out: number[], pattern: number, bits: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writeNumber(out, pattern, bits, bytes.length);
  out.push(...bytes);
}

/** Encodes a field section. Names are in lower case. */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  const out = [0, 0]; // Required Insert Count and Base: no dynamic table.
  for (const [name, value] of fields) {
    const exact = STATIC.findIndex(([n, v]) => n === name && v === value);
    const named = STATIC.findIndex(([n]) => n === name);
    if (exact >= 0) {
      writeNumber(out, 0xc0, 6, exact);
      continue;
    }
    if (named >= 0) writeNumber(out, 0x50, 4, named);
    else writeString(out, 0x20, 3, name);
    writeString(out, 0x00, 7, value);
  }
  return Uint8Array.from(out);
}

/** Decodes a field section. Throws an `Error` for what is malformed or needs a dynamic table. */
export function decodeFields(bytes: Uint8Array): Field[] {
  let at = 0;
  const next = (): number => {
    if (at >= bytes.length) throw new Error("a field section ends early");
    return bytes[at++];
  };
  const number = (first: number, bits: number): number => {
    const limit = 2 ** bits - 1;
    let value = first & limit;
    if (value < limit) return value;
    for (let factor = 1;; factor *= 128) {
      const byte = next();
      value += (byte & 127) * factor;
      if (value > 2 ** 31) throw new Error("a number is too large");
      if (byte < 128) return value;
    }
  };
  const string = (first: number, bits: number): string => {
    const length = number(first, bits);
    if (length > bytes.length - at) throw new Error("a string ends early");
    const raw = bytes.subarray(at, at += length);
    return new TextDecoder().decode(first & 2 ** bits ? decodeHuffman(raw) : raw);
  };
  const entry = (index: number): Field => {
    if (index >= STATIC.length) throw new Error(`there is no static entry ${index}`);
    return STATIC[index];
  };
  if (number(next(), 8) !== 0) throw new Error("a field section needs a dynamic table");
  number(next(), 7);
  const fields: Field[] = [];
  while (at < bytes.length) {
    const first = next();
    if ((first & 0xc0) === 0xc0) fields.push(entry(number(first, 6)));
    else if ((first & 0xd0) === 0x50) {
      const [name] = entry(number(first, 4));
      fields.push([name, string(next(), 7)]);
    } else if ((first & 0xe0) === 0x20) {
      const name = string(first, 3);
      fields.push([name, string(next(), 7)]);
    } else throw new Error("a field line needs a dynamic table");
  }
  return fields;
}
