/**
 * Bytes of a WebAssembly module, with the numbers of its format (LEB128, WebAssembly core specification section 5.2.2).
 *
 * @module
 */

/** Reads. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** From the first byte on. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#at;
  }

  /** Whether all have been. */
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next byte. */
  byte(): number {
    if (this.done) throw new Error("the module ends too early");
    return this.#bytes[this.#at++];
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new Error("the module ends too early");
    return this.#bytes.subarray(this.#at, this.#at += length);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  /** The bytes from `start` to here. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at);
  }

  /** An unsigned number below 2^32. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** Skips a number of any size and sign. */
  skipNumber(): void {
    while (this.byte() >= 128) { /* the next belongs to it */ }
  }
}

/** Writes. */
export class ByteWriter {
  readonly #bytes: number[] = [];

  /** One byte. */
  byte(value: number): void {
    this.#bytes.push(value);
  }

  /** Many bytes. */
  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** An unsigned number below 2^32. */
  unsigned(value: number): void {
    for (; value >= 128; value = Math.floor(value / 128)) this.#bytes.push(value % 128 | 128);
    this.#bytes.push(value);
  }

  /** A signed number. */
  signed(value: number | bigint): void {
    for (let rest = BigInt(value);;) {
      const low = Number(rest & 127n);
      rest >>= 7n;
      const isLast = low < 64 ? rest === 0n : rest === -1n;
      this.#bytes.push(isLast ? low : low | 128);
      if (isLast) return;
    }
  }

  /** What was written. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
