/**
 * Encoding of the TLS presentation language (RFC 9846 section 3).
 *
 * @module
 */
import { TlsError } from "./error.ts";

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
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new TlsError("local/internal", `the value ${value} does not fit in ${width} bytes`);
    }
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) {
      this.#buffer[start + i] = rest % 256;
    }
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
}
