/**
 * One block of ChaCha20 (RFC 8439 section 2.3). `@noble/ciphers` refuses the last counter, 2^32 - 1, which the sample of
 * a QUIC packet may hold, so header protection cannot use it. The native provider takes this one too: a cipher object of
 * the platform costs many times as much as a block.
 *
 * @module
 */

/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const KEY_AT = CONSTANTS.length;
const POSITION_AT = KEY_AT + 8;
const WORDS = 16;

/** The working state of a block, of which one is made at a time. */
const x = new Int32Array(WORDS);

/** RFC 8439 section 2.1, on four words of the working state. */
function quarterRound(a: number, b: number, c: number, d: number): void {
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 7);
}

function rotate(word: number, bits: number): number {
  return word << bits | word >>> (32 - bits);
}

function readWords(words: Int32Array, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 4) {
    words[at++] = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24;
  }
}

/** Blocks under one key. */
export class ChachaBlocks {
  readonly #input = new Int32Array(WORDS);
  readonly #output = new Uint8Array(8);

  /** `key` has 32 bytes and is not kept by reference. */
  constructor(key: Uint8Array) {
    this.#input.set(CONSTANTS);
    readWords(this.#input, KEY_AT, key);
  }

  /**
   * The first 8 bytes of a key stream block, valid until the next call; `position` is the 4-byte counter and the 12-byte
   * nonce, 16 bytes.
   */
  start(position: Uint8Array): Uint8Array {
    const input = this.#input;
    const output = this.#output;
    readWords(input, POSITION_AT, position);
    for (let i = 0; i < WORDS; i++) x[i] = input[i];
    // RFC 8439 §2.3.1: ten times the columns, then the diagonals.
    for (let round = 0; round < 10; round++) {
      quarterRound(0, 4, 8, 12);
      quarterRound(1, 5, 9, 13);
      quarterRound(2, 6, 10, 14);
      quarterRound(3, 7, 11, 15);
      quarterRound(0, 5, 10, 15);
      quarterRound(1, 6, 11, 12);
      quarterRound(2, 7, 8, 13);
      quarterRound(3, 4, 9, 14);
    }
    for (let i = 0; i < output.length; i++) {
      output[i] = (x[i >> 2] + input[i >> 2]) >>> (8 * (i & 3));
    }
    return output;
  }
}
