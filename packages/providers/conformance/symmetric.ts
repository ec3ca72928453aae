/**
 * The kit's tests of hashes, AEADs and header protection.
 *
 * @module
 */
import { fromHex } from "@sealane/wire";
import type { Aead, AeadKey, CipherSuite, CryptoProvider, Hash } from "../provider.ts";
import { check, checkBytes, checkThrows, type ConformanceTest, flipped } from "./check.ts";
import { AEAD_VECTORS, HASH_VECTORS, HMAC_VECTORS, MASK_VECTORS } from "./symmetric_vectors.ts";

/** The AEAD of each registered suite, by the name that the vectors use. */
const AEAD_NAMES: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: "AES-128-GCM",
  TLS_AES_256_GCM_SHA384: "AES-256-GCM",
  TLS_CHACHA20_POLY1305_SHA256: "ChaCha20-Poly1305",
  TLS_AES_128_CCM_SHA256: "AES-128-CCM",
  TLS_AES_128_CCM_8_SHA256: "AES-128-CCM-8",
};

/** Tests of every suite. */
export function symmetricTests(provider: CryptoProvider): ConformanceTest[] {
  const hashes = new Map(provider.cipherSuites.map(({ hash }) => [hash.name, hash]));
  return [
    ...[...hashes.values()].flatMap(hashTests),
    ...provider.cipherSuites.flatMap(aeadTests),
    ...provider.cipherSuites.flatMap(maskTests),
  ];
}

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + seed);
}

function hashTests(hash: Hash): ConformanceTest[] {
  return [
    {
      name: `${hash.name}: digests and HMACs of published values`,
      async run() {
        for (const { data, digest } of HASH_VECTORS.filter((v) => v.hash === hash.name)) {
          checkBytes(hash.create().update(fromHex(data)).digest(), fromHex(digest), "digest");
        }
        for (const { key, data, mac } of HMAC_VECTORS.filter((v) => v.hash === hash.name)) {
          checkBytes(hash.hmac(fromHex(key), fromHex(data)), fromHex(mac), "HMAC");
        }
        await Promise.resolve();
      },
    },
    {
      name: `${hash.name}: lengths are true, results are values of their own`,
      async run() {
        const digest = hash.create().digest();
        check(digest instanceof Uint8Array, "a digest is a Uint8Array, not a promise");
        check(digest.length === hash.outputLength, `a digest has ${digest.length} bytes`);
        // RFC 2104 §2: a key of a block stands as it is, a longer one is hashed.
        const long = pattern(hash.blockLength + 1);
        const short = hash.create().update(long).digest();
        checkBytes(hash.hmac(long, digest), hash.hmac(short, digest), "HMAC under a hashed key");
        const padded = new Uint8Array(hash.blockLength);
        padded.set(short);
        checkBytes(hash.hmac(padded), hash.hmac(short), "HMAC of nothing under a padded key");
        checkBytes(hash.create().digest(), digest, "a digest after others");
        await Promise.resolve();
      },
    },
    {
      name: `${hash.name}: data in pieces, and clones that go their own ways`,
      async run() {
        const data = pattern(3 * hash.blockLength + 5);
        const whole = hash.create().update(data).digest();
        for (const at of [0, 1, hash.blockLength - 1, hash.blockLength, hash.blockLength + 1]) {
          const state = hash.create().update(data.subarray(0, at));
          const early = state.clone();
          checkBytes(state.update(data.subarray(at)).digest(), whole, `digest split at ${at}`);
          const alone = hash.create().update(data.subarray(0, at)).digest();
          checkBytes(early.clone().digest(), alone, "digest of a clone");
          checkBytes(
            early.update(data.subarray(at)).digest(),
            whole,
            "digest of a clone that went on",
          );
        }
        const parts = [data.subarray(0, 10), data.subarray(10, 10), data.subarray(10)];
        checkBytes(hash.hmac(whole, ...parts), hash.hmac(whole, data), "HMAC of pieces");
        await Promise.resolve();
      },
    },
  ];
}

function aeadTests({ name, aead }: CipherSuite): ConformanceTest[] {
  const vectors = AEAD_VECTORS.filter((vector) => vector.aead === AEAD_NAMES[name]);
  return [
    {
      name: `${name}: seals and opens published values`,
      async run() {
        for (const vector of vectors) {
          const key = await aead.importKey(fromHex(vector.key));
          const [nonce, aad] = [fromHex(vector.nonce), fromHex(vector.aad)];
          const [plain, sealed] = [fromHex(vector.plaintext), fromHex(vector.ciphertext)];
          checkBytes(await key.seal(nonce, aad, plain), sealed, "ciphertext");
          checkBytes(await key.open(nonce, aad, sealed), plain, "plaintext");
        }
      },
    },
    {
      name: `${name}: every length, in place and into other memory`,
      run: () => placeTest(aead),
    },
    {
      name: `${name}: whatever was touched does not open`,
      run: () => forgeryTest(aead),
    },
    {
      name: `${name}: inputs are the caller's again at once, keys too`,
      run: () => ownershipTest(aead),
    },
    {
      name: `${name}: keys, nonces and places of a wrong length are refused`,
      async run() {
        const key = await aead.importKey(pattern(aead.keyLength));
        const nonce = pattern(aead.nonceLength);
        for (const wrong of [0, aead.keyLength - 1, aead.keyLength + 1]) {
          await checkThrows(() => aead.importKey(pattern(wrong)), `a key of ${wrong} bytes`);
        }
        for (const wrong of [0, aead.nonceLength - 1, aead.nonceLength + 1]) {
          const bad = pattern(wrong);
          await checkThrows(() => key.seal(bad, nonce, nonce), `a nonce of ${wrong} bytes`);
          await checkThrows(() => key.open(bad, nonce, pattern(40)), `a nonce of ${wrong} bytes`);
        }
        const small = new Uint8Array(10 + aead.tagLength - 1);
        await checkThrows(
          () => key.seal(nonce, nonce, pattern(10), small),
          "an out that is too small",
        );
      },
    },
    {
      name: `${name}: limits are those of RFC 9001 section 6.6 or lower`,
      async run() {
        check(aead.nonceLength === 12, "a nonce has 12 bytes");
        check(aead.confidentialityLimit > 0 && aead.integrityLimit > 0, "limits are positive");
        check(
          !name.includes("GCM") || aead.confidentialityLimit <= 2 ** 24.5,
          "GCM: 2^24.5 at most",
        );
        check(!name.includes("CCM") || aead.confidentialityLimit <= 2 ** 23, "CCM: 2^23 at most");
        check(aead.integrityLimit <= 2 ** 52, "integrity: 2^52 at most");
        await Promise.resolve();
      },
    },
  ];
}

async function placeTest(aead: Aead): Promise<void> {
  const key = await aead.importKey(pattern(aead.keyLength));
  const nonce = pattern(aead.nonceLength);
  for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1200, 16385]) {
    const aad = pattern(length % 40, 3);
    const plain = pattern(length, 7);
    const sealed = await key.seal(nonce, aad, plain);
    check(sealed.length === length + aead.tagLength, `${length} bytes seal to ${sealed.length}`);
    checkBytes(await key.open(nonce, aad, sealed), plain, `${length} bytes opened`);

    const room = new Uint8Array(length + aead.tagLength + 9).fill(0xee);
    const inRoom = await key.seal(nonce, aad, plain, room);
    check(inRoom.buffer === room.buffer && inRoom.byteOffset === room.byteOffset, "seal uses out");
    checkBytes(inRoom, sealed, "sealed into out");
    checkBytes(room.subarray(-9), new Uint8Array(9).fill(0xee), "what follows the result in out");

    // In place: the same start, with a buffer that goes on, as a record or packet has it.
    const buffer = new Uint8Array(5 + length + aead.tagLength);
    buffer.set(plain, 5);
    await key.seal(nonce, aad, buffer.subarray(5, 5 + length), buffer.subarray(5));
    checkBytes(buffer.subarray(5), sealed, "sealed in place");
    const opened = await key.open(nonce, aad, buffer.subarray(5), buffer.subarray(5));
    checkBytes(opened, plain, "opened in place");
    check(opened?.buffer === buffer.buffer && opened.byteOffset === 5, "open uses out");
  }
}

async function forgeryTest(aead: Aead): Promise<void> {
  const key = await aead.importKey(pattern(aead.keyLength));
  const nonce = pattern(aead.nonceLength);
  const aad = pattern(13);
  const sealed = await key.seal(nonce, aad, pattern(50));
  const isRefused = async (
    key: AeadKey,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    what: string,
  ) => check(await key.open(nonce, aad, text) === null, `${what} opened`);
  for (let at = 0; at < sealed.length; at++) {
    await isRefused(key, nonce, aad, flipped(sealed, at, 1 << (at & 7)), `a changed byte ${at}`);
  }
  await isRefused(key, flipped(nonce, 0), aad, sealed, "under another nonce, it");
  await isRefused(key, flipped(nonce, -1), aad, sealed, "under another nonce, it");
  await isRefused(key, nonce, flipped(aad, 5), sealed, "with other additional data, it");
  await isRefused(key, nonce, aad.subarray(1), sealed, "with less additional data, it");
  await isRefused(key, nonce, new Uint8Array(0), sealed, "without additional data, it");
  const other = await aead.importKey(flipped(pattern(aead.keyLength), 0));
  await isRefused(other, nonce, aad, sealed, "under another key, it");
  for (let length = 0; length <= aead.tagLength; length++) {
    await isRefused(key, nonce, aad, sealed.subarray(0, length), `${length} bytes of it`);
  }
  await isRefused(key, nonce, aad, sealed.subarray(0, -1), "cut off by a byte, it");
  await isRefused(key, nonce, aad, sealed.subarray(1), "without its first byte, it");
  const room = new Uint8Array(sealed.length);
  check(
    await key.open(nonce, aad, flipped(sealed, -1), room) === null,
    "a forgery opened into out",
  );
  checkBytes(await key.open(nonce, aad, sealed), pattern(50), "the true one after forgeries");
}

async function ownershipTest(aead: Aead): Promise<void> {
  const bytes = pattern(aead.keyLength);
  const importing = aead.importKey(bytes);
  bytes.fill(0);
  const key = await importing;
  const same = await aead.importKey(pattern(aead.keyLength));
  const [nonce, aad, plain] = [pattern(aead.nonceLength), pattern(5), pattern(100)];
  const expected = await same.seal(nonce, aad, plain);
  const sealing = key.seal(nonce, aad, plain);
  for (const input of [nonce, aad, plain]) input.fill(0);
  const sealed = await sealing;
  checkBytes(sealed, expected, "sealed from inputs that changed afterwards");
  const [nonceAgain, aadAgain, text] = [pattern(aead.nonceLength), pattern(5), sealed.slice()];
  const opening = key.open(nonceAgain, aadAgain, text);
  for (const input of [nonceAgain, aadAgain, text]) input.fill(0);
  checkBytes(await opening, pattern(100), "opened from inputs that changed afterwards");
}

function maskTests({ name, headerProtection }: CipherSuite): ConformanceTest[] {
  if (headerProtection === undefined) return [];
  return [{
    name: `${name}: header-protection masks of published values`,
    async run() {
      for (const vector of MASK_VECTORS.filter(({ suite }) => suite === name)) {
        const bytes = fromHex(vector.key);
        const key = headerProtection.importKey(bytes);
        bytes.fill(0);
        const mask = key.mask(fromHex(vector.sample));
        check(mask instanceof Uint8Array, "a mask is a Uint8Array, not a promise");
        checkBytes(mask.subarray(0, 5), fromHex(vector.mask), "mask");
        const again = key.mask(fromHex(vector.sample)).subarray(0, 5);
        checkBytes(again, fromHex(vector.mask), "the same mask again");
      }
      const { keyLength } = headerProtection;
      await checkThrows(() => headerProtection.importKey(pattern(keyLength - 1)), "a short key");
      const key = headerProtection.importKey(pattern(keyLength));
      await checkThrows(() => key.mask(pattern(15)), "a short sample");
    },
  }];
}
