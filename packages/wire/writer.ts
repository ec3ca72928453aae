/**
 * Encoding of the TLS presentation language (RFC 9846 section 3).
 *
 * @module
 */
import { TlsError } from "./error.ts";

/** The largest numbers of 0 to 4 bytes. */
const LARGEST = [0, 0xff, 0xffff, 0xffffff, 0xffffffff];

/**
 * Appends numbers and vectors to a buffer that grows.
 *
 * ```ts
 * import { toHex, Writer } from "@sealane/wire";
 *
 * const writer = new Writer();
 * writer.u16(0x0304).vector8((content) => content.u8(0));
 * console.assert(toHex(writer.finish()) === "03040100");
 * ```
 */
export class Writer {
  #buffer: Uint8Array;
  #length = 0;

  /** `capacity` is the number of bytes to set aside at first. */
  constructor(capacity = 64) {
    this.#buffer = new Uint8Array(capacity);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  #grow(length: number): number {
    const start = this.#length;
    const end = start + length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, start));
      this.#buffer = larger;
    }
    this.#length = end;
    return start;
  }

  /** Writes `width` bytes of `value`, most significant first. */
  #number(value: number, width: number): this {
    const start = this.#grow(width);
    this.#put(start, value, width);
    return this;
  }

  #put(start: number, value: number, width: number): void {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST[width]) {
      throw new TlsError("local/internal", `the value ${value} does not fit in ${width} bytes`);
    }
    for (let i = width - 1, rest = value; i >= 0; i--, rest >>>= 8) this.#buffer[start + i] = rest;
  }

  /** An 8-bit number. */
  u8(value: number): this {
    return this.#number(value, 1);
  }

  /** A 16-bit number. */
  u16(value: number): this {
    return this.#number(value, 2);
  }

  /** A 24-bit number. */
  u24(value: number): this {
    return this.#number(value, 3);
  }

  /** A 32-bit number. */
  u32(value: number): this {
    return this.#number(value, 4);
  }

  /** A 64-bit number. */
  u64(value: bigint): this {
    return this.#number(Number(value >> 32n), 4).#number(Number(value & 0xffffffffn), 4);
  }

  /** A byte string, as it is. */
  bytes(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length);
    this.#buffer.set(bytes, start);
    return this;
  }

  #vector(width: number, content: Uint8Array | ((content: Writer) => void)): this {
    const start = this.#grow(width);
    if (content instanceof Uint8Array) this.bytes(content);
    else content(this);
    this.#put(start, this.#length - start - width, width);
    return this;
  }

  /** A vector with an 8-bit length. */
  vector8(content: Uint8Array | ((content: Writer) => void)): this {
    return this.#vector(1, content);
  }

  /** A vector with a 16-bit length. */
  vector16(content: Uint8Array | ((content: Writer) => void)): this {
    return this.#vector(2, content);
  }

  /** A vector with a 24-bit length. */
  vector24(content: Uint8Array | ((content: Writer) => void)): this {
    return this.#vector(3, content);
  }

  /** What has been written, over the writer's own buffer: the writer is not used after this. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Takes back what has been written from `start` on, as a copy. */
  cut(start: number): Uint8Array {
    const bytes = this.#buffer.slice(start, this.#length);
    this.#length = start;
    return bytes;
  }

  /** Bytes that are set aside. */
  get capacity(): number {
    return this.#buffer.length;
  }
}

/** What {@link encode} writes into, a value inside of another one behind the beginning of that. */
let shared = new Writer(1024);

/** A shared buffer that has become larger than this serves no longer. */
const SHARED_LIMIT = 16384;

/**
 * The bytes that `write` writes, in memory of just their length: less work than a {@link Writer} of one's own. Not for
 * secrets, since the bytes stay in a shared buffer until others take their place.
 */
export function encode(write: (writer: Writer) => void): Uint8Array {
  const writer = shared;
  const start = writer.length;
  let written = false;
  try {
    write(writer);
    written = true;
    return writer.cut(start);
  } finally {
    if (!written) writer.cut(start);
    if (writer.capacity > SHARED_LIMIT) shared = new Writer(1024);
  }
}
