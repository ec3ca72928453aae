// Integers modulo n, the order of curveSM2, for signatures: ten limbs of 27 bits as in `field.as`, in loops, since a
// signature needs one product. Constant time.
import { IO } from "./memory";
import { pack, subtractOnce, unpack } from "./field";

const MASK: i64 = 0x7ffffff;
const N: usize = memory.data<i64>([
  0x1d54123, 0x77e8127, 0x014ad4e, 0x7b590e3, 0x7f7203d, 0x7ffffff, 0x7ffffff, 0x7ffffff, 0x7fffeff, 0x0001fff,
]);
/** -1/n mod 2^27 */
const N_INVERSE: i64 = 0x2350975;
/** R^2 mod n, with R = 2^270. */
const R2: usize = memory.data<i64>([
  0x4ce9c1d, 0x759eb42, 0x11bba8e, 0x164badd, 0x5dcc682, 0x288ad97, 0x0ebff83, 0x107e426, 0x61214b6, 0x0000581,
]);
const COLUMNS: usize = memory.data(8 * 21, 16);
const A: usize = memory.data(80, 16);
const W: usize = memory.data(80, 16);

// @ts-ignore: decorator
@inline function limb(a: usize, i: usize): i64 { return load<i64>(a + 8 * i); }

/** `out = a b / R mod n`, below 2n and carried; limbs of `a` and `b` are of 0..2^28. */
function mul(out: usize, a: usize, b: usize): void {
  memory.fill(COLUMNS, 0, 8 * 21);
  for (let i: usize = 0; i < 10; i++) {
    const x = limb(a, i), row = COLUMNS + 8 * i;
    for (let j: usize = 0; j < 10; j++) store<i64>(row + 8 * j, limb(row, j) + x * limb(b, j));
    const q = (load<i64>(row) * N_INVERSE) & MASK;
    let c: i64 = 0;
    for (let j: usize = 0; j < 10; j++) {
      const sum = limb(row, j) + q * limb(N, j);
      if (j == 0) c = sum >> 27;
      else store<i64>(row + 8 * j, sum + (j == 1 ? c : 0));
    }
  }
  let c: i64 = 0;
  for (let i: usize = 0; i < 10; i++) {
    c += limb(COLUMNS, i + 10);
    store<i64>(out + 8 * i, i < 9 ? c & MASK : c);
    c >>= 27;
  }
}

/** The bits of n - 2, for Fermat's inversion: those of n but for the low byte, which is 0x21. */
function exponentBit(i: usize): i64 {
  const bits: i64 = limb(N, i / 27) - (i < 27 ? 2 : 0);
  return (bits >> <i64>(i % 27)) & 1;
}

/**
 * Prepares a private key d, 32 bytes at IO: (1 + d)^-1 mod n, 32 bytes at IO + 32. d is of 1..n-2, so that the inverse
 * exists (GB/T 32918.2 section 6.1).
 */
export function sm2PrepareKey(): void {
  unpack(A, IO);
  store<i64>(A, limb(A, 0) + 1);
  mul(A, A, R2);
  memory.copy(W, A, 80);
  for (let i: usize = 255; i > 0; i--) {
    mul(W, W, W);
    if (exponentBit(i - 1)) mul(W, W, A);
  }
  // Out of Montgomery form: W / R.
  memory.fill(A, 0, 80);
  store<i64>(A, 1);
  mul(W, W, A);
  subtractOnce(W, N);
  pack(IO + 32, W);
  memory.fill(A, 0, 80);
  memory.fill(W, 0, 80);
  memory.fill(COLUMNS, 0, 8 * 21);
}

/**
 * s = (1 + d)^-1 (k + r) - r mod n, with (1 + d)^-1, k and r in 32 bytes each from IO on; s is left at IO + 96. That is the
 * (1 + d)^-1 (k - r d) of the standard with one product. `false` if r + k = n or s = 0: a new k is needed.
 */
export function sm2Sign(): bool {
  unpack(A, IO);
  mul(A, A, R2); // w R
  unpack(W, IO + 32);
  let sum: i64 = 0;
  unpack(COLUMNS, IO + 64);
  for (let i: usize = 0; i < 10; i++) {
    sum += limb(W, i) + limb(COLUMNS, i);
    store<i64>(W + 8 * i, i < 9 ? sum & MASK : sum);
    sum >>= 27;
  }
  subtractOnce(W, N);
  let bits: i64 = 0;
  for (let i: usize = 0; i < 10; i++) bits |= limb(W, i);
  const zeroSum = bits == 0;
  mul(A, A, W); // below 2n
  unpack(W, IO + 64);
  sum = 0;
  for (let i: usize = 0; i < 10; i++) {
    sum += limb(A, i) - limb(W, i) + limb(N, i);
    store<i64>(A + 8 * i, i < 9 ? sum & MASK : sum);
    sum >>= 27;
  }
  subtractOnce(A, N);
  subtractOnce(A, N);
  bits = 0;
  for (let i: usize = 0; i < 10; i++) bits |= limb(A, i);
  pack(IO + 96, A);
  memory.fill(A, 0, 80);
  memory.fill(W, 0, 80);
  memory.fill(COLUMNS, 0, 8 * 21);
  return !zeroSum && bits != 0;
}
