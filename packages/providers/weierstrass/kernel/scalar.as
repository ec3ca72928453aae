// Integers modulo n, the order of the curve: ten limbs of 27 bits as in `field.as`, in loops, since a signature needs few
// products. No branch and no address depends on a value.
import { N, N_30, N_30_INVERSE, N_INVERSE, N_R2 } from "./curve";
import { pack, subtractOnce, unpack } from "./field";
import { from30, invert30, to30 } from "./inverse";

const MASK: i64 = 0x7ffffff;
const COLUMNS: usize = memory.data(8 * 21, 16);

// @ts-ignore: decorator
@inline function limb(a: usize, i: usize): i64 { return load<i64>(a + 8 * i); }

/** `out = a b / R mod n`, below 2n and carried; limbs of `a` and `b` are of 0..2^28. */
export function mulScalar(out: usize, a: usize, b: usize): void {
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

/** `out = a R mod n`, below 2n. */
export function toMontgomery(out: usize, a: usize): void {
  mulScalar(out, a, N_R2);
}

/** `out = 1 / a mod n`, neither in Montgomery form; `a` is of 0..n-1, and `out` may be `a`. */
export function invertScalar(out: usize, a: usize): void {
  to30(a);
  invert30(N_30, N_30_INVERSE);
  from30(out);
}

/** `out = a + b`, carried. */
export function addScalar(out: usize, a: usize, b: usize): void {
  let sum: i64 = 0;
  for (let i: usize = 0; i < 10; i++) {
    sum += limb(a, i) + limb(b, i);
    store<i64>(out + 8 * i, i < 9 ? sum & MASK : sum);
    sum >>= 27;
  }
}

/** `out = a - b + n`, carried. */
export function subScalar(out: usize, a: usize, b: usize): void {
  let sum: i64 = 0;
  for (let i: usize = 0; i < 10; i++) {
    sum += limb(a, i) - limb(b, i) + limb(N, i);
    store<i64>(out + 8 * i, i < 9 ? sum & MASK : sum);
    sum >>= 27;
  }
}

/** Brings a number below 2n, with carried limbs, below n. */
export function reduceScalar(a: usize): void {
  subtractOnce(a, N);
}

/** All ones if `a`, with carried limbs, is zero; else 0. */
export function zeroScalar(a: usize): i64 {
  let bits: i64 = 0;
  for (let i: usize = 0; i < 10; i++) bits |= limb(a, i);
  return (bits - 1) >> 63;
}

/** Reads 32 big-endian bytes. */
export function readScalar(out: usize, bytes: usize): void {
  unpack(out, bytes);
}

/** Writes 32 big-endian bytes of a number below 2^256. */
export function writeScalar(bytes: usize, a: usize): void {
  pack(bytes, a);
}

/** Forgets the last product. */
export function wipeScalars(): void {
  memory.fill(COLUMNS, 0, 8 * 21);
}
