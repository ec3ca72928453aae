/**
 * Seeded randomness for tests and fuzzing: the same seed gives the same run.
 *
 * @module
 */
import { concat } from "./bytes.ts";

/** A source of reproducible choices. Mulberry32: small, seeded, good enough to choose bytes; never for keys. */
export class SeededRandom {
  #state: number;

  /** The same seed, a 32-bit number, gives the same choices. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** One of the elements. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /**
   * A changed copy: bits flipped, bytes set to edge values, parts cut out, doubled or inserted, the end cut off. Now and then
   * several of these.
   */
  mutate(original: Uint8Array): Uint8Array {
    let bytes: Uint8Array = original.slice();
    for (let round = 1 + this.below(3); round > 0; round--) bytes = this.#mutateOnce(bytes);
    return bytes;
  }

  #mutateOnce(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return this.bytes(this.below(8));
    const at = this.below(bytes.length);
    const length = this.below(Math.min(16, bytes.length - at) + 1);
    switch (this.below(7)) {
      case 0:
        bytes[at] ^= 1 << this.below(8);
        return bytes;
      case 1:
        bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
        return bytes;
      case 2:
        bytes[at] = this.below(256);
        return bytes;
      case 3:
        return bytes.subarray(0, at);
      case 4:
        return concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      case 5:
        return concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
      default:
        return concat([bytes.subarray(0, at), this.bytes(1 + length), bytes.subarray(at)]);
    }
  }
}
