/**
 * Decompression of the zlib format (RFC 1950) with DEFLATE (RFC 1951), into memory of a known length and no other. Platforms
 * differ in what they say of a stream that is cut off or that goes on behind its end; this one says the same everywhere.
 *
 * @module
 */

/** Bits of the longest code (RFC 1951 section 3.2.2). */
const MAX_BITS = 15;

/** What codes stand for: the smallest value of each, and how many extra bits say how much larger it is. */
interface Values {
  readonly bases: readonly number[];
  readonly extraBits: readonly number[];
}

function values(first: number, extraBits: readonly number[]): Values {
  let next = first;
  const bases = extraBits.map((bits) => (next += 1 << bits) - (1 << bits));
  return { bases, extraBits };
}

/** RFC 1951 section 3.2.5: the lengths of codes 257 to 284. Code 285 is 258 alone, which code 284 could write, too. */
const LENGTHS = values(
  3,
  Array.from({ length: 28 }, (_, code) => Math.max(0, (code >> 2) - 1)),
);
const LONGEST = 258;
/** The distances of codes 0 to 29. */
const DISTANCES = values(
  1,
  Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1)),
);
/** RFC 1951 section 3.2.7: the order in which the lengths of the code length codes stand. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A prefix code, canonical: how many codes there are of each length, and the symbols in the order of their codes. */
interface PrefixCode {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/** What ends a decompression that cannot be finished. */
class Malformed extends Error {}

function prefixCode(lengths: ArrayLike<number>, mayBeIncomplete: boolean): PrefixCode {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]]++;
  const used = lengths.length - counts[0];
  counts[0] = 0;
  let left = 1;
  const starts = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    left = 2 * left - counts[bits];
    if (left < 0) throw new Malformed(); // more codes than there are
    starts[bits + 1] = starts[bits] + counts[bits];
  }
  // §3.2.7: one distance code alone has one bit, of which one value is unused; there may be none at all.
  if (left > 0 && !(mayBeIncomplete && used === counts[1] && used <= 1)) throw new Malformed();
  const symbols = new Uint16Array(used);
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] !== 0) symbols[starts[lengths[i]]++] = i;
  }
  return { counts, symbols };
}

/** §3.2.6. */
const FIXED_LITERALS = prefixCode(
  Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8),
  false,
);
const FIXED_DISTANCES = prefixCode(new Uint8Array(32).fill(5), false);

class Inflater {
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  #at: number;
  #written = 0;
  #bits = 0;
  #bitCount = 0;

  constructor(input: Uint8Array, start: number, output: Uint8Array) {
    this.#input = input;
    this.#at = start;
    this.#output = output;
  }

  /** Runs to the end of the last block; gives where it ends in the input, and how much was written. */
  run(): { readonly end: number; readonly written: number } {
    for (let last = false; !last;) {
      last = this.#take(1) === 1;
      const type = this.#take(2);
      if (type === 0) this.#stored();
      else if (type === 1) this.#coded(FIXED_LITERALS, FIXED_DISTANCES);
      else if (type === 2) this.#dynamic();
      else throw new Malformed(); // §3.2.3: reserved
    }
    return { end: this.#at, written: this.#written };
  }

  #byte(): number {
    if (this.#at >= this.#input.length) throw new Malformed();
    return this.#input[this.#at++];
  }

  /** The next `count` bits, at most 13. */
  #take(count: number): number {
    while (this.#bitCount < count) {
      this.#bits |= this.#byte() << this.#bitCount;
      this.#bitCount += 8;
    }
    const value = this.#bits & (1 << count) - 1;
    this.#bits >>>= count;
    this.#bitCount -= count;
    return value;
  }

  #put(byte: number): void {
    if (this.#written >= this.#output.length) throw new Malformed();
    this.#output[this.#written++] = byte;
  }

  #symbol({ counts, symbols }: PrefixCode): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      code |= this.#take(1);
      const count = counts[bits];
      if (code - first < count) return symbols[index + code - first];
      index += count;
      first = first + count << 1;
      code <<= 1;
    }
    throw new Malformed();
  }

  /** §3.2.4: the rest of the byte is skipped, then length, its complement, and the bytes themselves. */
  #stored(): void {
    this.#bits = 0;
    this.#bitCount = 0;
    const length = this.#byte() | this.#byte() << 8;
    const complement = this.#byte() | this.#byte() << 8;
    if (length !== (complement ^ 0xffff)) throw new Malformed();
    for (let i = 0; i < length; i++) this.#put(this.#byte());
  }

  /** §3.2.7. */
  #dynamic(): void {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const count = this.#take(4) + 4;
    if (literals > 286 || distances > 30) throw new Malformed();
    const codeLengths = new Uint8Array(LENGTH_ORDER.length);
    for (let i = 0; i < count; i++) codeLengths[LENGTH_ORDER[i]] = this.#take(3);
    const code = prefixCode(codeLengths, false);
    const lengths = new Uint8Array(literals + distances);
    for (let at = 0; at < lengths.length;) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0) throw new Malformed(); // nothing to repeat
      const value = symbol === 16 ? lengths[at - 1] : 0;
      const repeat = symbol === 16
        ? 3 + this.#take(2)
        : symbol === 17
        ? 3 + this.#take(3)
        : 11 + this.#take(7);
      if (at + repeat > lengths.length) throw new Malformed();
      lengths.fill(value, at, at + repeat);
      at += repeat;
    }
    // §3.2.7: every block ends with code 256, so there is one.
    if (lengths[256] === 0) throw new Malformed();
    const literalCode = prefixCode(lengths.subarray(0, literals), true);
    this.#coded(literalCode, prefixCode(lengths.subarray(literals), true));
  }

  /** A value by its code and the extra bits behind it. */
  #value({ bases, extraBits }: Values, code: number): number {
    // §3.2.6: codes 286 and 287, and distance codes 30 and 31, do not occur.
    if (code >= bases.length) throw new Malformed();
    return bases[code] + this.#take(extraBits[code]);
  }

  #coded(literals: PrefixCode, distances: PrefixCode): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.#put(symbol);
        continue;
      }
      const length = symbol === 285 ? LONGEST : this.#value(LENGTHS, symbol - 257);
      const distance = this.#value(DISTANCES, this.#symbol(distances));
      if (distance > this.#written) throw new Malformed();
      for (let i = 0; i < length; i++) this.#put(this.#output[this.#written - distance]);
    }
  }
}

/** RFC 1950 section 2.2: CMF and FLG. A preset dictionary is for those who have agreed on one. */
function isZlibHeader(cmf: number, flg: number): boolean {
  const windowBits = 8 + (cmf >> 4);
  return (cmf & 0x0f) === 8 && windowBits <= 15 && (cmf << 8 | flg) % 31 === 0 &&
    (flg & 0x20) === 0;
}

/** RFC 1950 section 8.2. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 0x10000 + a;
}

/**
 * The `length` bytes of a zlib stream that is all of `stream`; `null` if it is malformed, cut off, followed by anything, or of
 * another length. It takes memory for the output alone.
 */
export function inflateZlib(stream: Uint8Array, length: number): Uint8Array | null {
  if (stream.length < 2 || !isZlibHeader(stream[0], stream[1])) return null;
  const output = new Uint8Array(length);
  try {
    const { end, written } = new Inflater(stream, 2, output).run();
    if (written !== length || stream.length !== end + 4) return null;
    const view = new DataView(stream.buffer, stream.byteOffset + end, 4);
    return view.getUint32(0) === adler32(output) ? output : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
