/**
 * GHASH (NIST SP 800-38D section 6.4) in TypeScript, bit by bit with masks instead of branches.
 *
 * @module
 */

/** GHASH under the 16-byte key `h` over `parts`, each padded with zeros to whole blocks. */
export function ghash(h: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const key = new DataView(h.buffer, h.byteOffset, 16);
  const sum = new Int32Array(4);
  const block = new DataView(new ArrayBuffer(16));
  const bytes = new Uint8Array(block.buffer);
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 16) {
      bytes.fill(0).set(part.subarray(at, at + 16));
      for (let i = 0; i < 4; i++) sum[i] ^= block.getInt32(4 * i);
      multiply(sum, key);
    }
  }
  for (let i = 0; i < 4; i++) block.setInt32(4 * i, sum[i]);
  return bytes;
}

/** `x = x h`: for each bit of x, h x^i is added under a mask; the first bit of a block is the constant coefficient. */
function multiply(x: Int32Array, key: DataView): void {
  let h0 = key.getInt32(0), h1 = key.getInt32(4), h2 = key.getInt32(8), h3 = key.getInt32(12);
  let z0 = 0, z1 = 0, z2 = 0, z3 = 0;
  for (let i = 0; i < 128; i++) {
    const mask = -(x[i >> 5] >>> (31 - (i & 31)) & 1);
    z0 ^= h0 & mask;
    z1 ^= h1 & mask;
    z2 ^= h2 & mask;
    z3 ^= h3 & mask;
    const reduce = -(h3 & 1) & 0xe1000000;
    h3 = h3 >>> 1 | h2 << 31;
    h2 = h2 >>> 1 | h1 << 31;
    h1 = h1 >>> 1 | h0 << 31;
    h0 = h0 >>> 1 ^ reduce;
  }
  x[0] = z0;
  x[1] = z1;
  x[2] = z2;
  x[3] = z3;
}
