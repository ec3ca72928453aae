/**
 * Variable-length integers (RFC 9000 section 16): 62-bit numbers in 1, 2, 4 or 8 bytes.
 *
 * Numbers are JavaScript numbers. A value above 2^53 - 1 is read as 2^53 - 1: everything that QUIC counts with such
 * integers is a limit or a code, and no connection lives to reach that many bytes, streams or packets. Where the exact
 * value matters there is {@link readVarintExact}.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { QuicError, TransportErrorCode } from "../errors.ts";

/** The largest value of a variable-length integer: 2^62 - 1. */
export const VARINT_MAX = (1n << 62n) - 1n;

/** How many bytes the shortest encoding of a value takes. */
export function varintLength(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x40000000 ? 4 : 8;
}

/** How many bytes the encoding that starts with `first` takes. */
export function varintLengthOf(first: number): number {
  return 1 << (first >> 6);
}

/**
 * The value at `offset`, saturated at 2^53 - 1, or -1 if `bytes` end before it does. It ends at `offset` plus
 * {@link varintLengthOf} of its first byte. Any of the encodings is accepted, not only the shortest.
 */
export function readVarint(bytes: Uint8Array, offset: number): number {
  if (offset >= bytes.length) return -1;
  const first = bytes[offset];
  const length = 1 << (first >> 6);
  if (offset + length > bytes.length) return -1;
  let value = first & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + bytes[offset + i];
  return value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : value;
}

/** The exact value at `offset`, or -1n if `bytes` end before it does. */
export function readVarintExact(bytes: Uint8Array, offset: number): bigint {
  if (offset >= bytes.length) return -1n;
  const length = varintLengthOf(bytes[offset]);
  if (offset + length > bytes.length) return -1n;
  let value = BigInt(bytes[offset] & 0x3f);
  for (let i = 1; i < length; i++) value = value << 8n | BigInt(bytes[offset + i]);
  return value;
}

/**
 * Writes `value` at `offset` in the shortest encoding, or in `length` bytes, and returns the offset after it.
 *
 * @throws {TlsError} `local/internal` if the value is no integer from 0 to 2^53 - 1 or does not fit in `length`.
 */
export function writeVarint(
  bytes: Uint8Array,
  offset: number,
  value: number,
  length: number = varintLength(value),
): number {
  if (!Number.isSafeInteger(value) || value < 0 || varintLength(value) > length) {
    throw new TlsError(
      "local/internal",
      `the value ${value} does not fit in a ${length}-byte varint`,
    );
  }
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) {
    bytes[offset + i] = rest % 256;
  }
  // The two most significant bits are the base-2 logarithm of the length (RFC 9000 §16, table 4).
  bytes[offset] |= (length === 1 ? 0 : length === 2 ? 1 : length === 4 ? 2 : 3) << 6;
  return offset + length;
}

/** The encoding of a value from 0 to 2^53 - 1, or of a `bigint` up to 2^62 - 1, in the fewest bytes. */
export function encodeVarint(value: number | bigint): Uint8Array {
  if (typeof value === "bigint") {
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return encodeVarint(Number(value));
    if (value > VARINT_MAX) throw new TlsError("local/internal", `${value} is above 2^62 - 1`);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value | (3n << 62n));
    return bytes;
  }
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

/**
 * Reads varints and byte strings from front to back, for frames and transport parameters. A read beyond the end throws a
 * {@link QuicError} with the code given, naming the field.
 */
export class VarintReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #error: TransportErrorCode;
  #offset = 0;

  /** `what` names the structure in errors; `error` is their code, `FRAME_ENCODING_ERROR` unless given. */
  constructor(
    bytes: Uint8Array,
    what: string,
    error: TransportErrorCode = TransportErrorCode.FRAME_ENCODING_ERROR,
  ) {
    this.#bytes = bytes;
    this.#what = what;
    this.#error = error;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** How many bytes have been read. */
  get offset(): number {
    return this.#offset;
  }

  /** A varint, saturated at 2^53 - 1. */
  varint(field: string): number {
    const value = readVarint(this.#bytes, this.#offset);
    if (value < 0) this.fail(`${field} is truncated`);
    this.#offset += varintLengthOf(this.#bytes[this.#offset]);
    return value;
  }

  /** A varint, exact. */
  varintExact(field: string): bigint {
    const value = readVarintExact(this.#bytes, this.#offset);
    if (value < 0n) this.fail(`${field} is truncated`);
    this.#offset += varintLengthOf(this.#bytes[this.#offset]);
    return value;
  }

  /** A big-endian number of 1 to 4 bytes. */
  number(length: number, field: string): number {
    let value = 0;
    for (const byte of this.bytes(length, field)) value = value * 256 + byte;
    return value;
  }

  /** A byte string of known length, as a view. */
  bytes(length: number, field: string): Uint8Array {
    if (length > this.remaining) {
      this.fail(`${field} needs ${length} bytes but ${this.remaining} are left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, start + length);
  }

  /** Throws this reader's error. */
  fail(reason: string): never {
    throw new QuicError(this.#error, `${this.#what}: ${reason}`);
  }
}
