// ML-KEM (FIPS 203 sections 5 to 7) for k = 2, 3 and 4.
import { compress, decode12, decompress, encode12, messageToPoly, sampleNarrow2, sampleNarrow3, sampleUniform } from "./code";
import { absorb, permute, RATE_256, RATE_512, SHA3, SHAKE, STATE, wipeKeccak } from "./keccak";
import { CIPHERTEXT, ENCAPSULATION_KEY, REJECTION, SECRET_VECTOR, SEED, SHARED_SECRET } from "./memory";
import {
  addPoly, addProduct, canonical, inverseTransform, POLY, prepareFactor, settle, subPoly, toPlain, transform,
} from "./poly";

const FACTORS: usize = memory.data(4096, 16);
const VECTOR: usize = memory.data(2048, 16);
const SUMS: usize = memory.data(1024, 16);
const T: usize = memory.data(512, 16);
const ENTRY: usize = memory.data(512, 16);
const NOISE: usize = memory.data(512, 16);
/** What is hashed: rho and two indices, a seed and a counter, m and a hash. */
const INPUT: usize = memory.data(64, 16);
const RANDOM: usize = memory.data(192, 16);
const MESSAGE: usize = memory.data(32, 16);
const RECOMPUTED: usize = memory.data(1568, 16);

// @ts-ignore: decorator
@inline function ek(): usize { return ENCAPSULATION_KEY; }
// @ts-ignore: decorator
@inline function bytesOfU(k: i32): i32 { return k == 4 ? 1408 : 320 * k; }
// @ts-ignore: decorator
@inline function bitsOfU(k: i32): i32 { return k == 4 ? 11 : 10; }
// @ts-ignore: decorator
@inline function bitsOfV(k: i32): i32 { return k == 4 ? 5 : 4; }
// @ts-ignore: decorator
@inline function ciphertextLength(k: i32): i32 { return bytesOfU(k) + 32 * bitsOfV(k); }

/** PRF and SamplePolyCBD: a polynomial of the seed at INPUT and `counter`, with eta of 3 or else 2. */
function sampleNoise(f: usize, counter: i32, three: bool): void {
  store<u8>(INPUT + 32, <u8>counter);
  absorb(RATE_256, SHAKE, INPUT, 33);
  if (!three) return sampleNarrow2(f, STATE);
  memory.copy(RANDOM, STATE, 136);
  permute();
  memory.copy(RANDOM + 136, STATE, 56);
  sampleNarrow3(f, RANDOM);
}

/** The entry of row `i` and column `j` of the matrix of rho, which stands at the end of the encapsulation key. */
function sampleEntry(k: i32, i: i32, j: i32): void {
  memory.copy(INPUT, ek() + 384 * k, 32);
  store<u8>(INPUT + 32, <u8>j);
  store<u8>(INPUT + 33, <u8>i);
  sampleUniform(ENTRY, INPUT);
}

function wipeAll(): void {
  memory.fill(FACTORS, 0, 4096);
  memory.fill(VECTOR, 0, 2048);
  memory.fill(T, 0, 512);
  memory.fill(NOISE, 0, 512);
  memory.fill(INPUT, 0, 64);
  memory.fill(RANDOM, 0, 192);
  memory.fill(MESSAGE, 0, 32);
  wipeKeccak();
}

/** H, the 32 bytes of SHA3-256, of the encapsulation key, at `to`. */
function hashKey(k: i32, to: usize): void {
  absorb(RATE_256, SHA3, ek(), 384 * k + 32);
  memory.copy(to, STATE, 32);
}

const SEEDS: usize = memory.data(64, 16);

/**
 * Algorithm 13, K-PKE.KeyGen, of which algorithm 16 is made: from d at SEED, the encapsulation key and the secret vector. Time
 * and addresses depend on rho alone, which is public.
 */
export function generate(k: i32): void {
  memory.copy(INPUT, SEED, 32);
  store<u8>(INPUT + 32, <u8>k);
  absorb(RATE_512, SHA3, INPUT, 33);
  memory.copy(SEEDS, STATE, 64); // rho and sigma
  memory.copy(ek() + 384 * k, SEEDS, 32);
  memory.copy(INPUT, SEEDS + 32, 32);
  for (let i = 0; i < k; i++) {
    const s = VECTOR + POLY * i;
    sampleNoise(s, i, k == 2);
    transform(s);
    prepareFactor(FACTORS + 1024 * i, s);
    canonical(s);
    encode12(SECRET_VECTOR + 384 * i, s);
  }
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      sampleEntry(k, i, j);
      addProduct(SUMS, ENTRY, FACTORS + 1024 * j);
    }
    settle(T, SUMS);
    toPlain(T);
    memory.copy(INPUT, SEEDS + 32, 32);
    sampleNoise(NOISE, k + i, k == 2);
    transform(NOISE);
    addPoly(T, T, NOISE);
    canonical(T);
    encode12(ek() + 384 * i, T);
  }
  memory.fill(SEEDS, 0, 64);
  wipeAll();
}

/** Algorithm 14, K-PKE.Encrypt, of the message at MESSAGE with the randomness at SEEDS + 32, to `out`. */
function encrypt(k: i32, out: usize): void {
  for (let i = 0; i < k; i++) {
    const y = VECTOR + POLY * i;
    memory.copy(INPUT, SEEDS + 32, 32);
    sampleNoise(y, i, k == 2);
    transform(y);
    prepareFactor(FACTORS + 1024 * i, y);
  }
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      sampleEntry(k, j, i); // the transpose
      addProduct(SUMS, ENTRY, FACTORS + 1024 * j);
    }
    settle(T, SUMS);
    inverseTransform(T);
    memory.copy(INPUT, SEEDS + 32, 32);
    sampleNoise(NOISE, k + i, false);
    addPoly(T, T, NOISE);
    canonical(T);
    compress(out + 32 * bitsOfU(k) * i, T, bitsOfU(k));
  }
  for (let i = 0; i < k; i++) {
    decode12(ENTRY, ek() + 384 * i);
    addProduct(SUMS, ENTRY, FACTORS + 1024 * i);
  }
  settle(T, SUMS);
  inverseTransform(T);
  memory.copy(INPUT, SEEDS + 32, 32);
  sampleNoise(NOISE, 2 * k, false);
  addPoly(T, T, NOISE);
  messageToPoly(NOISE, MESSAGE);
  addPoly(T, T, NOISE);
  canonical(T);
  compress(out + bytesOfU(k), T, bitsOfV(k));
}

/** G of the message and the hash of the encapsulation key: the shared secret and the randomness at SEEDS. */
function expandMessage(k: i32): void {
  hashKey(k, INPUT + 32);
  memory.copy(INPUT, MESSAGE, 32);
  absorb(RATE_512, SHA3, INPUT, 64);
  memory.copy(SEEDS, STATE, 64);
}

/**
 * Algorithm 17, Encaps: from the encapsulation key and m at SEED, the ciphertext and the shared secret. `false` if the key has
 * a coefficient that is not below q (section 7.2).
 */
export function encapsulate(k: i32): bool {
  let ok = true;
  for (let i = 0; i < k; i++) ok = decode12(T, ek() + 384 * i) && ok;
  if (!ok) return false;
  memory.copy(MESSAGE, SEED, 32);
  expandMessage(k);
  memory.copy(SHARED_SECRET, SEEDS, 32);
  encrypt(k, CIPHERTEXT);
  memory.fill(SEEDS, 0, 64);
  wipeAll();
  return true;
}

/** Algorithm 15, K-PKE.Decrypt: the message at MESSAGE. */
function decrypt(k: i32): void {
  for (let i = 0; i < k; i++) {
    decompress(T, CIPHERTEXT + 32 * bitsOfU(k) * i, bitsOfU(k));
    transform(T);
    decode12(ENTRY, SECRET_VECTOR + 384 * i);
    prepareFactor(FACTORS, ENTRY);
    addProduct(SUMS, T, FACTORS);
  }
  settle(T, SUMS);
  inverseTransform(T);
  decompress(NOISE, CIPHERTEXT + bytesOfU(k), bitsOfV(k));
  subPoly(T, NOISE, T);
  canonical(T);
  compress(MESSAGE, T, 1);
}

/**
 * Algorithm 18, Decaps: from the secret vector, the encapsulation key, z and the ciphertext, the shared secret; a ciphertext
 * that is not the one of its message gives the secret of z instead, in the same time.
 */
export function decapsulate(k: i32): void {
  const length = ciphertextLength(k);
  decrypt(k);
  expandMessage(k);
  absorb(RATE_256, SHAKE, REJECTION, 32 + length);
  memory.copy(SHARED_SECRET, STATE, 32);
  encrypt(k, RECOMPUTED);
  let difference: u64 = 0;
  for (let i: usize = 0; i < <usize>length; i += 8) difference |= load<u64>(CIPHERTEXT + i) ^ load<u64>(RECOMPUTED + i);
  // All ones if they are the same.
  const same = <u64>(((<i64>(difference | (0 - difference))) >> 63) + 1) * ~(<u64>0);
  for (let i: usize = 0; i < 32; i += 8) {
    const rejected = load<u64>(SHARED_SECRET + i);
    store<u64>(SHARED_SECRET + i, rejected ^ ((rejected ^ load<u64>(SEEDS + i)) & same));
  }
  memory.fill(RECOMPUTED, 0, 1568);
  memory.fill(SEEDS, 0, 64);
  wipeAll();
}
