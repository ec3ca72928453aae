// ECDSA (FIPS 186-5 section 6.4) over a digest of 32 bytes. Numbers are 32 big-endian bytes; r, s, d and k are of 1..n-1, which
// the caller has checked.
import { IO } from "./memory";
import { base, multiplyAdd } from "./point";
import {
  addScalar, invertScalar, mulScalar, readScalar, reduceScalar, toMontgomery, wipeScalars, writeScalar, zeroScalar,
} from "./scalar";

const A: usize = memory.data(80, 16);
const E: usize = memory.data(80, 16);
const R: usize = memory.data(80, 16);
const S: usize = memory.data(80, 16);

function wipeAll(): void {
  memory.fill(A, 0, 80);
  memory.fill(E, 0, 80);
  memory.fill(R, 0, 80);
  memory.fill(S, 0, 80);
  wipeScalars();
}

/**
 * Signs the digest at IO + 64 with the private key d at IO and the nonce k at IO + 32: r at IO + 96 and s at IO + 128. `false`
 * if one of them is zero: a new k is needed. Constant time in d and k.
 */
export function sign(): bool {
  base(IO + 32, IO + 96);
  readScalar(R, IO + 96);
  reduceScalar(R); // x is below p, which is below 2n
  writeScalar(IO + 96, R);
  readScalar(A, IO);
  toMontgomery(A, A);
  mulScalar(A, A, R); // r d, below 2n
  readScalar(E, IO + 64);
  addScalar(A, A, E); // below 4n, since 2^256 is below 2n
  readScalar(S, IO + 32);
  invertScalar(S, S);
  toMontgomery(S, S);
  mulScalar(S, S, A); // below 2n
  reduceScalar(S);
  const zero = zeroScalar(R) | zeroScalar(S);
  writeScalar(IO + 128, S);
  wipeAll();
  return zero == 0;
}

/**
 * Whether the r at IO + 32 and the s at IO + 128 sign the digest at IO under the public key at IO + 64, whose coordinates are
 * below p. For public values only.
 */
export function verify(): bool {
  readScalar(S, IO + 128);
  invertScalar(S, S);
  toMontgomery(S, S);
  readScalar(E, IO);
  readScalar(R, IO + 32);
  mulScalar(A, S, E);
  reduceScalar(A);
  writeScalar(IO, A); // u1 = e / s
  mulScalar(A, S, R);
  reduceScalar(A);
  writeScalar(IO + 32, A); // u2 = r / s
  if (!multiplyAdd(IO, IO + 32, IO + 64)) return false;
  readScalar(A, IO + 64);
  reduceScalar(A);
  for (let i: usize = 0; i < 80; i += 8) if (load<i64>(A + i) != load<i64>(R + i)) return false;
  return true;
}
