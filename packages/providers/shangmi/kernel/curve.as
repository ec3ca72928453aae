// The constants of curveSM2 (GB/T 32918.5-2017) as `field.as`, `inverse.as`, `scalar.as` and `point.as` want them: ten limbs of 27 bits, or
// nine of 30. R is 2^270.

// p = 2^256 - 2^224 + W192 2^192 + W96 2^96 + W64 2^64 - 1
export const W192: i64 = 0;
export const W96: i64 = -1;
export const W64: i64 = 1;

/** p */
export const P: usize = memory.data<i64>([
  0x7ffffff, 0x7ffffff, 0x00003ff, 0x7ff8000, 0x7ffffff, 0x7ffffff, 0x7ffffff, 0x7ffffff, 0x7fffeff, 0x0001fff,
]);
/** R^2 mod p */
export const R2: usize = memory.data<i64>([
  0x0000000, 0x0000006, 0x0000080, 0x7fff800, 0x002ffff, 0x0200000, 0x4000000, 0x0000000, 0x0000020, 0x0000800,
]);
/** R mod p, which is one */
export const ONE: usize = memory.data<i64>([
  0x0004000, 0x0000000, 0x7000000, 0x7ffffff, 0x0000003, 0x0000000, 0x0000000, 0x0000000, 0x0400000, 0x0000000,
]);
/** p in limbs of 30 bits */
export const P_30: usize = memory.data<i64>([
  0x3fffffff, 0x3fffffff, 0x0000000f, 0x3fffffc0, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffbfff, 0x0000ffff,
]);
/** 1/p mod 2^30 */
export const P_30_INVERSE: i32 = 0x3fffffff;

/** The order n */
export const N: usize = memory.data<i64>([
  0x1d54123, 0x77e8127, 0x014ad4e, 0x7b590e3, 0x7f7203d, 0x7ffffff, 0x7ffffff, 0x7ffffff, 0x7fffeff, 0x0001fff,
]);
/** -1/n mod 2^27 */
export const N_INVERSE: i64 = 0x2350975;
/** R^2 mod n */
export const N_R2: usize = memory.data<i64>([
  0x4ce9c1d, 0x759eb42, 0x11bba8e, 0x164badd, 0x5dcc682, 0x288ad97, 0x0ebff83, 0x107e426, 0x61214b6, 0x0000581,
]);
/** n in limbs of 30 bits */
export const N_30: usize = memory.data<i64>([
  0x39d54123, 0x0eefd024, 0x1c6052b5, 0x00f7dac8, 0x3fffff72, 0x3fffffff, 0x3fffffff, 0x3fffbfff, 0x0000ffff,
]);
/** 1/n mod 2^30 */
export const N_30_INVERSE: i32 = 0xdcaf68b;

/** The coefficient b, times R */
export const B: usize = memory.data<i64>([
  0x7508903, 0x3195e06, 0x36cc630, 0x1b826f5, 0x73cde6c, 0x28e1e38, 0x01505ea, 0x590a4f3, 0x2378b38, 0x0001f0c,
]);
/** The generator G: x, y and z = 1, times R */
export const G: usize = memory.data<i64>([
  0x0a7a445, 0x487a0c0, 0x7d01e89, 0x5b75809, 0x1e607b9, 0x261e19f, 0x6d99ac2, 0x60bad43, 0x7dcb54e, 0x00013d2,
  0x37758f3, 0x2c9e168, 0x25d694e, 0x61fd2bf, 0x7d795e3, 0x5247c60, 0x7b066e2, 0x37b1a99, 0x53968cd, 0x0000b2e,
  0x0004000, 0x0000000, 0x7000000, 0x7ffffff, 0x0000003, 0x0000000, 0x0000000, 0x0000000, 0x0400000, 0x0000000,
]);
