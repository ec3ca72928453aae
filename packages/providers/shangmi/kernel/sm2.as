// Signatures with SM2 (GB/T 32918.2): what of them is modulo n. Constant time.
import { IO } from "./memory";
import {
  addScalar, invertScalar, mulScalar, readScalar, reduceScalar, subScalar, toMontgomery, wipeScalars, writeScalar, zeroScalar,
} from "./scalar";

const A: usize = memory.data(80, 16);
const W: usize = memory.data(80, 16);
const R: usize = memory.data(80, 16);

function wipeAll(): void {
  memory.fill(A, 0, 80);
  memory.fill(W, 0, 80);
  memory.fill(R, 0, 80);
  wipeScalars();
}

/**
 * Prepares a private key d, 32 bytes at IO: (1 + d)^-1 mod n, 32 bytes at IO + 32. d is of 1..n-2, so that the inverse
 * exists (GB/T 32918.2 section 6.1).
 */
export function sm2PrepareKey(): void {
  readScalar(A, IO);
  store<i64>(W, 1);
  addScalar(A, A, W);
  invertScalar(W, A);
  writeScalar(IO + 32, W);
  wipeAll();
}

/**
 * s = (1 + d)^-1 (k + r) - r mod n, with (1 + d)^-1, k and r in 32 bytes each from IO on; s is left at IO + 96. That is the
 * (1 + d)^-1 (k - r d) of the standard with one product. `false` if r + k = n or s = 0: a new k is needed.
 */
export function sm2Sign(): bool {
  readScalar(A, IO);
  toMontgomery(A, A);
  readScalar(W, IO + 32);
  readScalar(R, IO + 64);
  addScalar(W, W, R);
  reduceScalar(W);
  const zeroSum = zeroScalar(W);
  mulScalar(A, A, W); // below 2n
  subScalar(A, A, R); // below 3n
  reduceScalar(A);
  reduceScalar(A);
  const zero = zeroSum | zeroScalar(A);
  writeScalar(IO + 96, A);
  wipeAll();
  return zero == 0;
}
