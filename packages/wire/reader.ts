/**
 * Strict decoding of the TLS presentation language (RFC 9846 section 3).
 *
 * @module
 */
import { TlsError, type TlsErrorCode } from "./error.ts";

/** Bounds of a vector, in bytes of its content. */
export interface VectorBounds {
  /** Least number of bytes; 0 unless given. */
  readonly min?: number;
  /** Largest number of bytes; what the length field can say unless given. */
  readonly max?: number;
}

/**
 * Reads numbers and vectors from front to back. Every read names its field, so that an error can say which message and
 * which field were short; a decoder ends with {@link Reader.end}, which refuses trailing bytes. Byte strings are views
 * over the input, not copies.
 *
 * ```ts
 * import { Reader } from "@sealane/wire";
 *
 * const reader = new Reader(new Uint8Array([0, 2, 0x13, 0x01]), "example");
 * const suites = reader.vector16("suites", { min: 2 });
 * reader.end();
 * console.assert(suites.length === 2);
 * ```
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #code: TlsErrorCode;
  #offset = 0;

  /** `what` names the message in errors; `code` is the code of those errors, `peer/decode-error` unless given. */
  constructor(bytes: Uint8Array, what: string, code: TlsErrorCode = "peer/decode-error") {
    this.#bytes = bytes;
    this.#what = what;
    this.#code = code;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** How many bytes have been read. */
  get offset(): number {
    return this.#offset;
  }

  #take(length: number, field: string): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      this.fail(`${field} needs ${length} bytes but ${this.remaining} are left`);
    }
    this.#offset = start + length;
    return start;
  }

  /** An 8-bit number. */
  u8(field: string): number {
    return this.#bytes[this.#take(1, field)];
  }

  /** A 16-bit number. */
  u16(field: string): number {
    const at = this.#take(2, field);
    return this.#bytes[at] << 8 | this.#bytes[at + 1];
  }

  /** A 24-bit number. */
  u24(field: string): number {
    const at = this.#take(3, field);
    return this.#bytes[at] << 16 | this.#bytes[at + 1] << 8 | this.#bytes[at + 2];
  }

  /** A 32-bit number, unsigned. */
  u32(field: string): number {
    const high = this.u16(field);
    return high * 0x10000 + this.u16(field);
  }

  /** A 64-bit number. */
  u64(field: string): bigint {
    const high = this.u32(field);
    return BigInt(high) << 32n | BigInt(this.u32(field));
  }

  /** A byte string of known length. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#take(length, field);
    return this.#bytes.subarray(start, start + length);
  }

  /** All bytes that are left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, "rest");
  }

  #vector(length: number, field: string, { min = 0, max = Infinity }: VectorBounds): Uint8Array {
    if (length < min) this.fail(`${field} has ${length} bytes, fewer than ${min}`);
    if (length > max) this.fail(`${field} has ${length} bytes, more than ${max}`);
    return this.bytes(length, field);
  }

  /** The content of a vector with an 8-bit length. */
  vector8(field: string, bounds: VectorBounds = {}): Uint8Array {
    return this.#vector(this.u8(field), field, bounds);
  }

  /** The content of a vector with a 16-bit length. */
  vector16(field: string, bounds: VectorBounds = {}): Uint8Array {
    return this.#vector(this.u16(field), field, bounds);
  }

  /** The content of a vector with a 24-bit length. */
  vector24(field: string, bounds: VectorBounds = {}): Uint8Array {
    return this.#vector(this.u24(field), field, bounds);
  }

  /** A reader over part of this one's bytes, whose errors name `field` too. */
  nested(content: Uint8Array, field: string): Reader {
    return new Reader(content, `${this.#what} ${field}`, this.#code);
  }

  /** Reads elements with `element` until `content` is used up exactly. */
  list<T>(content: Uint8Array, field: string, element: (reader: Reader) => T): T[] {
    const reader = this.nested(content, field);
    const elements: T[] = [];
    while (reader.remaining > 0) elements.push(element(reader));
    return elements;
  }

  /** A vector of 16-bit numbers with a 16-bit length. */
  u16List(field: string, bounds: VectorBounds = {}): number[] {
    return this.list(this.vector16(field, bounds), field, (reader) => reader.u16("element"));
  }

  /** A vector of 8-bit numbers with an 8-bit length. */
  u8List(field: string, bounds: VectorBounds = {}): number[] {
    return Array.from(this.vector8(field, bounds));
  }

  /** Refuses trailing bytes. */
  end(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes follow the last field`);
  }

  /** Throws this reader's error, with the name of the message in front. */
  fail(reason: string): never {
    throw new TlsError(this.#code, `${this.#what}: ${reason}`);
  }
}
