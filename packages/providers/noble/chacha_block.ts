/**
 * One block of ChaCha20 (RFC 8439 section 2.3). `@noble/ciphers` refuses the last counter, 2^32 - 1, which the sample of
 * a QUIC packet may hold, so header protection cannot use it.
 *
 * @module
 */

/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** The words of each quarter round: columns, then diagonals (RFC 8439 section 2.3.1). */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

function rotate(word: number, bits: number): number {
  return word << bits | word >>> (32 - bits);
}

function littleEndian(bytes: Uint8Array): number[] {
  const words: number[] = [];
  for (let i = 0; i < bytes.length; i += 4) {
    words.push(bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24);
  }
  return words;
}

/** The first 8 bytes of the key stream block; `position` is the 4-byte counter and the 12-byte nonce, 16 bytes. */
export function chachaBlockStart(key: Uint8Array, position: Uint8Array): Uint8Array {
  const input = Int32Array.from([...CONSTANTS, ...littleEndian(key), ...littleEndian(position)]);
  const x = input.slice();
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      x[a] += x[b];
      x[d] = rotate(x[d] ^ x[a], 16);
      x[c] += x[d];
      x[b] = rotate(x[b] ^ x[c], 12);
      x[a] += x[b];
      x[d] = rotate(x[d] ^ x[a], 8);
      x[c] += x[d];
      x[b] = rotate(x[b] ^ x[c], 7);
    }
  }
  const output = new Uint8Array(8);
  for (let i = 0; i < 8; i++) output[i] = (x[i >> 2] + input[i >> 2]) >>> (8 * (i & 3));
  return output;
}
