/**
 * The kit's tests of hashes and HMAC: against published values, against the reference, and against their own definitions.
 *
 * @module
 */
import { concat, fromHex } from "@sealane/wire";
import { nobleHashFunctions } from "../noble/hash.ts";
import type { Hash } from "../provider.ts";
import { check, checkBytes, checkIsBytes, type ConformanceTest, pattern } from "./check.ts";
import { HASH_VECTORS, HMAC_VECTORS } from "./symmetric_vectors.ts";

/** Lengths around blocks, pages and 16-bit counters. */
const LENGTHS = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 511, 513, 4095, 4097, 70_001];

/** Tests of one hash. */
export function hashTests(hash: Hash): ConformanceTest[] {
  const name = (what: string) => `${hash.name}: ${what}`;
  return [
    { name: name("digests and HMACs of published values"), run: () => vectorTest(hash) },
    { name: name("digests of the reference, of every length"), run: () => referenceTest(hash) },
    {
      name: name("lengths are true, results are values of their own"),
      run: () => resultTest(hash),
    },
    { name: name("data in pieces, and clones that go their own ways"), run: () => cloneTest(hash) },
    { name: name("HMAC by its definition, of every length of key"), run: () => hmacTest(hash) },
    { name: name("data is read at once"), run: () => ownershipTest(hash) },
  ];
}

function digest(hash: Hash, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = hash.create();
  for (const part of parts) state.update(part);
  return state.digest();
}

async function vectorTest(hash: Hash): Promise<void> {
  for (const vector of HASH_VECTORS.filter((v) => v.hash === hash.name)) {
    checkBytes(digest(hash, fromHex(vector.data)), fromHex(vector.digest), "digest");
  }
  for (const { key, data, mac } of HMAC_VECTORS.filter((v) => v.hash === hash.name)) {
    checkBytes(hash.hmac(fromHex(key), fromHex(data)), fromHex(mac), "HMAC");
  }
  await Promise.resolve();
}

async function referenceTest(hash: Hash): Promise<void> {
  for (const length of LENGTHS) {
    const data = pattern(length, length + 1);
    checkBytes(digest(hash, data), reference(hash, data), `a digest of ${length} bytes`);
  }
  await Promise.resolve();
}

/** The digest by the reference, where it has the hash; else by the hash itself, a byte at a time. */
function reference(hash: Hash, data: Uint8Array): Uint8Array {
  for (const [name, compute] of Object.entries(nobleHashFunctions)) {
    if (name === hash.name) return compute(data);
  }
  const state = hash.create();
  for (let i = 0; i < data.length; i++) state.update(data.subarray(i, i + 1));
  return state.digest();
}

async function resultTest(hash: Hash): Promise<void> {
  const empty = digest(hash);
  checkIsBytes(empty, "a digest");
  check(empty.length === hash.outputLength, `a digest has ${empty.length} bytes`);
  const mac = hash.hmac(empty, empty);
  checkIsBytes(mac, "an HMAC");
  check(mac.length === hash.outputLength, `an HMAC has ${mac.length} bytes`);
  const [kept, keptMac] = [empty.slice(), mac.slice()];
  digest(hash, pattern(100));
  hash.hmac(pattern(32), pattern(100));
  checkBytes(empty, kept, "a digest after another");
  checkBytes(mac, keptMac, "an HMAC after another");
  empty.fill(0);
  mac.fill(0);
  checkBytes(digest(hash), kept, "a digest after the last one was wiped");
  checkBytes(hash.hmac(kept, kept), keptMac, "an HMAC after the last one was wiped");
  await Promise.resolve();
}

async function cloneTest(hash: Hash): Promise<void> {
  const { blockLength } = hash;
  const lengths = [0, 1, blockLength - 1, blockLength, blockLength + 1, 4095, 4096, 4097, 20_000];
  const data = pattern(70_000);
  const [left, right] = [pattern(300, 5), pattern(9000, 6)];
  for (const at of lengths) {
    const head = data.subarray(0, at);
    const state = hash.create();
    check(state.update(head) === state, "update gives the state");
    const early = state.clone();
    const other = early.clone();
    // Each goes on with other data, in turns.
    state.update(left.subarray(0, 100));
    early.update(right.subarray(0, 4500));
    state.update(left.subarray(100));
    early.update(right.subarray(4500));
    const what = `that went on after ${at} bytes`;
    checkBytes(state.digest(), digest(hash, head, left), `the digest of a state ${what}`);
    checkBytes(early.digest(), digest(hash, head, right), `the digest of a clone ${what}`);
    checkBytes(other.digest(), digest(hash, head), `the digest of a clone's clone ${what}`);
  }
  const pieces = [0, 1, 2, 60, 64, 65, 200, 4096, 4096, 20_000].map((length) => pattern(length, 9));
  checkBytes(digest(hash, ...pieces), digest(hash, concat(pieces)), "the digest of pieces");
  await Promise.resolve();
}

/** RFC 2104 section 2. */
function hmacByHand(hash: Hash, key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = new Uint8Array(hash.blockLength);
  block.set(key.length > hash.blockLength ? reference(hash, key) : key);
  const inner = reference(hash, concat([block.map((byte) => byte ^ 0x36), data]));
  return reference(hash, concat([block.map((byte) => byte ^ 0x5c), inner]));
}

async function hmacTest(hash: Hash): Promise<void> {
  const block = hash.blockLength;
  const keys = [0, 1, 16, 20, block - 1, block, block + 1, 199, 200, 201, 256, 257, 1000, 5001];
  for (const length of keys) {
    const [key, data] = [pattern(length, 3), pattern(77, 4)];
    const expected = hmacByHand(hash, key, data);
    checkBytes(hash.hmac(key, data), expected, `an HMAC under ${length} bytes`);
  }
  for (const length of [0, 1, 63, 64, 500, 513, 4097, 70_001]) {
    const [key, data] = [pattern(32, 5), pattern(length, 6)];
    checkBytes(hash.hmac(key, data), hmacByHand(hash, key, data), `an HMAC of ${length} bytes`);
  }
  const parts = Array.from({ length: 20 }, (_, i) => pattern(i * i, i));
  const key = pattern(48, 7);
  checkBytes(hash.hmac(key, ...parts), hash.hmac(key, concat(parts)), "an HMAC of 20 parts");
  checkBytes(hash.hmac(key), hmacByHand(hash, key, new Uint8Array(0)), "an HMAC of nothing");
  await Promise.resolve();
}

async function ownershipTest(hash: Hash): Promise<void> {
  for (const length of [10, 64, 200, 5000]) {
    const data = pattern(length);
    const state = hash.create().update(data);
    const clone = state.clone();
    data.fill(0);
    checkBytes(state.digest(), digest(hash, pattern(length)), "the digest of data wiped since");
    checkBytes(
      clone.digest(),
      digest(hash, pattern(length)),
      "a clone's digest of data wiped since",
    );
  }
  await Promise.resolve();
}
