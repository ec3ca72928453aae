// The constants of P-256 (NIST SP 800-186 section 3.2.1.3) as `field.as`, `inverse.as`, `scalar.as` and `point.as` want them: ten limbs of 27 bits, or
// nine of 30. R is 2^270.

// p = 2^256 - 2^224 + W192 2^192 + W96 2^96 + W64 2^64 - 1
export const W192: i64 = 1;
export const W96: i64 = 1;
export const W64: i64 = 0;

/** p */
export const P: usize = memory.data<i64>([
  0x7ffffff, 0x7ffffff, 0x7ffffff, 0x0007fff, 0x0000000, 0x0000000, 0x0000000, 0x0000008, 0x7ffff00, 0x0001fff,
]);
/** R^2 mod p */
export const R2: usize = memory.data<i64>([
  0x0000000, 0x0000006, 0x0000000, 0x7fff800, 0x7fbffff, 0x7dfffff, 0x7ffffff, 0x7ffffff, 0x7ffffdf, 0x00009ff,
]);
/** R mod p, which is one */
export const ONE: usize = memory.data<i64>([
  0x0004000, 0x0000000, 0x0000000, 0x0000000, 0x7fffffc, 0x7ffffff, 0x7ffffff, 0x7fdffff, 0x03fffff, 0x0000000,
]);
/** p in limbs of 30 bits */
export const P_30: usize = memory.data<i64>([
  0x3fffffff, 0x3fffffff, 0x3fffffff, 0x0000003f, 0x00000000, 0x00000000, 0x00001000, 0x3fffc000, 0x0000ffff,
]);
/** 1/p mod 2^30 */
export const P_30_INVERSE: i32 = 0x3fffffff;

/** The order n */
export const N: usize = memory.data<i64>([
  0x4632551, 0x739585f, 0x67a13ce, 0x556d38b, 0x7fbce6f, 0x7ffffff, 0x7ffffff, 0x0000007, 0x7ffff00, 0x0001fff,
]);
/** -1/n mod 2^27 */
export const N_INVERSE: i64 = 0x600bc4f;
/** R^2 mod n */
export const N_R2: usize = memory.data<i64>([
  0x087ac57, 0x6c88d29, 0x1e17805, 0x5157098, 0x6a9ea8c, 0x32c320e, 0x4adafb1, 0x0b24254, 0x3a83afc, 0x0000ab5,
]);
/** n in limbs of 30 bits */
export const N_30: usize = memory.data<i64>([
  0x3c632551, 0x0ee72b0b, 0x3179e84f, 0x39beab69, 0x3fffffbc, 0x3fffffff, 0x00000fff, 0x3fffc000, 0x0000ffff,
]);
/** 1/n mod 2^30 */
export const N_30_INVERSE: i32 = 0x11ff43b1;

/** The coefficient b, times R */
export const B: usize = memory.data<i64>([
  0x777f70c, 0x3114e25, 0x0d89cdf, 0x38a8612, 0x3c01732, 0x0976b56, 0x20abf72, 0x06812e4, 0x7782dd2, 0x0000030,
]);
/** The generator G: x, y and z = 1, times R */
export const G: usize = memory.data<i64>([
  0x50f0624, 0x6a0c548, 0x179e730, 0x0ebb6c0, 0x6ea57f1, 0x112883a, 0x732b776, 0x38cc2d6, 0x5af71d5, 0x00002fb,
  0x582a15c, 0x2be74aa, 0x4ddf253, 0x6953c8b, 0x52ae390, 0x0f992c5, 0x0688dd2, 0x30a9af1, 0x62abe17, 0x0000ff8,
  0x0004000, 0x0000000, 0x0000000, 0x0000000, 0x7fffffc, 0x7ffffff, 0x7ffffff, 0x7fdffff, 0x03fffff, 0x0000000,
]);
