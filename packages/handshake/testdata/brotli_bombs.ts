/**
 * Brotli streams that no encoder writes, made to cost a decoder memory.
 *
 * @module
 */

/** Writes numbers from their lowest bit on (RFC 7932 section 1.5). */
class BitWriter {
  readonly #bytes: number[] = [];
  #used = 8;

  put(count: number, value: number): this {
    for (let i = 0; i < count; i++, this.#used++) {
      if (this.#used === 8) {
        this.#bytes.push(0);
        this.#used = 0;
      }
      this.#bytes[this.#bytes.length - 1] |= (value >> i & 1) << this.#used;
    }
    return this;
  }

  align(): this {
    this.#used = 8;
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** A prefix code of one symbol (RFC 7932 section 3.4), whose alphabet takes `bits` to write. */
function oneSymbol(writer: BitWriter, bits: number, symbol = 0): void {
  writer.put(2, 1).put(2, 0).put(bits, symbol);
}

/**
 * 64 MiB of zeros in a "large window" of 1 GiB, which is none of RFC 7932: a decoder that takes it hands nothing over before all
 * of it is there.
 */
export function largeWindowBomb(): Uint8Array {
  const writer = new BitWriter().put(7, 0x11).put(1, 0).put(6, 30);
  for (let block = 0; block < 4; block++) {
    writer.put(1, 0).put(2, 2).put(24, 0xffffff); // a meta-block of 16 MiB, not the last
    writer.put(1, 0); // compressed
    writer.put(3, 0).put(6, 0).put(2, 0).put(2, 0); // one block type, NPOSTFIX, NDIRECT, context mode, one tree of each kind
    oneSymbol(writer, 8, 0); // the literal 0
    oneSymbol(writer, 10, 399); // one literal, and a copy with 24 extra bits
    oneSymbol(writer, 8, 16); // the distance 1, with an extra bit
    writer.put(24, 0xffffff - 2118).put(1, 0);
  }
  return writer.put(1, 1).put(1, 1).finish();
}

/** 256, as block types and trees are counted (RFC 7932 section 9.2). */
function maximum(writer: BitWriter): void {
  writer.put(1, 1).put(3, 7).put(7, 127);
}

/** A stream with as many prefix codes of each kind as there may be: 768, one symbol each. */
export function prefixCodeBomb(): Uint8Array {
  const writer = new BitWriter().put(1, 0); // a window of 16 bits
  writer.put(1, 1).put(1, 0).put(2, 0).put(16, 0xffff); // the last meta-block, 65,536 bytes
  writer.put(1, 0); // one block type of literals
  for (let kind = 0; kind < 2; kind++) { // 256 of insert-and-copy lengths, 256 of distances
    maximum(writer);
    oneSymbol(writer, 9);
    oneSymbol(writer, 5);
    writer.put(2, 0); // the first block's length
  }
  writer.put(2, 3).put(4, 15).put(2, 0); // NPOSTFIX, NDIRECT, the context mode
  for (let map = 0; map < 2; map++) { // of literals and of distances
    maximum(writer);
    writer.put(1, 0);
    oneSymbol(writer, 8);
    writer.put(1, 0);
  }
  for (const bits of [8, 10, 10]) for (let i = 0; i < 256; i++) oneSymbol(writer, bits);
  return writer.put(32, 0).finish();
}
