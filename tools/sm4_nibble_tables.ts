/**
 * Derives the nibble tables of the SM4 S-box that `packages/providers/shangmi/kernel/sm4.as` and the bit matrices that
 * `packages/providers/shangmi/fallback/sm4.ts` hold, and prints them.
 *
 *     deno run tools/sm4_nibble_tables.ts
 *
 * The S-box is S(x) = A inv(A x + c) + c over GF(2)[x] / (x^8+x^7+x^6+x^5+x^4+x^2+1), with A the circulant matrix of
 * 0xa7 and c = 0xd3 (GB/T 32907-2016; this form is from Liu et al., "Analysis of the SMS4 block cipher", 2007). Neither
 * the kernel nor the fallback may look secrets up in memory, so both invert in the isomorphic field
 * GF(2^4)[t] / (t^2 + a t + a), where everything is a function of nibbles:
 *
 * - the kernel uses the two identities of Hamburg, "Accelerating AES with vector permute instructions" (CHES 2009): with
 *   an element k + i t, j = i + k and the norm N = k^2 + a k i + a i^2,
 *   `io = 1/(1/i + a/k) + j = N/(k + a i)` and `jo = 1/(1/j + a/k) + i = N/(k + a i + a k)`, whose reciprocals are linear
 *   in the coordinates of the inverse. 1/0 is a byte with its top bit set, which a swizzle maps to 0;
 * - the fallback computes N^14 = 1/N with bit-sliced multiplications.
 */

/** Product in GF(2)[x] modulo `modulus` of degree `degree`. */
function multiply(a: number, b: number, modulus: number, degree: number): number {
  let product = 0;
  for (; b > 0; b >>= 1) {
    if (b & 1) product ^= a;
    a <<= 1;
    if (a >> degree) a ^= modulus;
  }
  return product;
}

const mul4 = (a: number, b: number): number => multiply(a, b, 0x13, 4);
const mul8 = (a: number, b: number): number => multiply(a, b, 0x1f5, 8);
const inv4 = Array.from({ length: 16 }, (_, x) => {
  for (let y = 1; y < 16; y++) if (mul4(x, y) === 1) return y;
  return 0;
});

/** Trace of GF(2^4): t^2 + a t + a has no root in GF(2^4) if and only if the trace of a / a^2 is 1. */
const trace = (x: number): number => {
  let sum = 0;
  for (let i = 0; i < 4; i++, x = mul4(x, x)) sum ^= x;
  return sum;
};
const a = Array.from({ length: 16 }, (_, x) => x).find((x) => x > 0 && trace(inv4[x]) === 1) ?? 0;

/** Product in the tower; an element k + i t is the byte i << 4 | k. */
function mulTower(x: number, y: number): number {
  const [i, k, m, n] = [x >> 4, x & 15, y >> 4, y & 15];
  const ii = mul4(a, mul4(i, m)); // i m t^2 = i m a t + i m a
  return (mul4(i, n) ^ mul4(k, m) ^ ii) << 4 | mul4(k, n) ^ ii;
}

const parity = (x: number): number => {
  let bits = 0;
  for (; x > 0; x >>= 1) bits ^= x & 1;
  return bits;
};
const affineRow = Array.from({ length: 8 }, (_, i) => (0xa7 << i | 0xa7 >> (8 - i)) & 255);
const linear = (x: number): number => affineRow.reduce((y, row, i) => y | parity(row & x) << i, 0);

// The isomorphism sends x, a root of the field's polynomial, to a root of it in the tower.
const power = (x: number, n: number): number => {
  let y = 1;
  for (let i = 0; i < n; i++) y = mulTower(y, x);
  return y;
};
const root =
  Array.from({ length: 254 }, (_, x) => x + 2).find((x) =>
    [0, 2, 4, 5, 6, 7, 8].reduce((sum, exponent) => sum ^ power(x, exponent), 0) === 0
  ) ?? 0;
const toTower = Array.from({ length: 256 }, (_, x) => {
  let y = 0;
  for (let bit = 0; bit < 8; bit++) if (x >> bit & 1) y ^= power(root, bit);
  return y;
});
const fromTower = new Array<number>(256);
toTower.forEach((y, x) => fromTower[y] = x);
for (let x = 0; x < 256; x++) {
  for (const y of [2, 3, 77, 255]) {
    if (toTower[mul8(x, y)] !== mulTower(toTower[x], toTower[y])) throw new Error("no isomorphism");
  }
}

const input = (x: number): number => toTower[linear(x)];
const constant = toTower[0xd3];
const output = (c0: number, c1: number): number => linear(fromTower[c1 << 4 | c0]);

const nibbles = Array.from({ length: 16 }, (_, x) => x);
const inverseOfASquared = inv4[mul4(a, a)];
const tables = {
  INPUT_LOW: nibbles.map((x) => input(x) ^ constant),
  INPUT_HIGH: nibbles.map((x) => input(x << 4)),
  INVERSE: nibbles.map((x) => x === 0 ? 0x80 : inv4[x]),
  A_OVER: nibbles.map((x) => x === 0 ? 0x80 : mul4(a, inv4[x])),
  // With u = 1/io and v = 1/jo: c0 = u and c1 = (v + (1 + a) u) / a^2.
  OUTPUT_IO: nibbles.map((x) => output(inv4[x], mul4(mul4(1 ^ a, inv4[x]), inverseOfASquared))),
  OUTPUT_JO: nibbles.map((x) => output(0, mul4(inv4[x], inverseOfASquared))),
};
const hex = (x: number): string => `0x${x.toString(16).padStart(2, "0")}`;
console.log(`a = ${hex(a)}, root = ${hex(root)}`);
for (const [name, table] of Object.entries(tables)) console.log(name, table.map(hex).join(", "));

/** For each output bit, the mask of input bits that it is the sum of. */
function matrix(map: (x: number) => number): string {
  const rows = Array.from({ length: 8 }, () => 0);
  for (let bit = 0; bit < 8; bit++) {
    for (let row = 0; row < 8; row++) rows[row] |= (map(1 << bit) >> row & 1) << bit;
  }
  return rows.map((row) => `0b${row.toString(2).padStart(8, "0")}`).join(", ");
}
console.log("input matrix", matrix(input), "constant", hex(constant));
console.log("output matrix", matrix((y) => output(y & 15, y >> 4)));

/** The S-box as the kernel computes it, for a look at all 256 values. */
const swizzle = (table: number[], index: number): number => index < 16 ? table[index] : 0;
const box = nibbles.flatMap((high) =>
  nibbles.map((low) => {
    const x = tables.INPUT_LOW[low] ^ tables.INPUT_HIGH[high];
    const [i, k] = [x >> 4, x & 15];
    const j = i ^ k;
    const ak = swizzle(tables.A_OVER, k);
    const io = swizzle(tables.INVERSE, swizzle(tables.INVERSE, i) ^ ak) ^ j;
    const jo = swizzle(tables.INVERSE, swizzle(tables.INVERSE, j) ^ ak) ^ i;
    return swizzle(tables.OUTPUT_IO, io) ^ swizzle(tables.OUTPUT_JO, jo) ^ 0xd3;
  })
);
console.log("S-box", box.map((x) => x.toString(16).padStart(2, "0")).join(""));
