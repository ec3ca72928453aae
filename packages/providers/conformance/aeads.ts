/**
 * The kit's tests of AEADs and header protection.
 *
 * @module
 */
import { fromHex } from "@sealane/wire";
import { nobleProvider } from "../noble/mod.ts";
import type { Aead, AeadKey, CipherSuite } from "../provider.ts";
import {
  check,
  checkBytes,
  checkIsBytes,
  checkThrows,
  type ConformanceTest,
  flipped,
  pattern,
  withCopies,
} from "./check.ts";
import { AEAD_VECTORS, MASK_VECTORS } from "./symmetric_vectors.ts";

/** The AEAD of each registered suite, by the name that the vectors use. */
const AEAD_NAMES: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: "AES-128-GCM",
  TLS_AES_256_GCM_SHA384: "AES-256-GCM",
  TLS_CHACHA20_POLY1305_SHA256: "ChaCha20-Poly1305",
  TLS_AES_128_CCM_SHA256: "AES-128-CCM",
  TLS_AES_128_CCM_8_SHA256: "AES-128-CCM-8",
};

/** The suite of the reference with the same code point. */
function referenceOf({ id }: CipherSuite): CipherSuite | undefined {
  return nobleProvider.cipherSuites.find((suite) => suite.id === id);
}

/** Tests of a suite's AEAD. */
export function aeadTests(suite: CipherSuite): ConformanceTest[] {
  const { name, aead } = suite;
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
      name: `${name}: every length as the reference, in place and into other memory`,
      run: () => placeTest(suite),
    },
    { name: `${name}: whatever was touched does not open`, run: () => forgeryTest(aead) },
    {
      name: `${name}: all of the additional data counts`,
      run: () => additionalDataTest(suite),
    },
    {
      name: `${name}: inputs are the caller's again at once, keys too`,
      run: () => ownershipTest(aead),
    },
    {
      name: `${name}: results are memory of their own, also of calls at the same time`,
      run: () => overlapTest(aead),
    },
    {
      name: `${name}: keys, nonces and places of a wrong length are refused`,
      run: () => lengthTest(aead),
    },
    {
      name: `${name}: limits are those of RFC 9001 section 6.6 or lower`,
      run: () => limitTest(suite),
    },
  ];
}

async function lengthTest(aead: Aead): Promise<void> {
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
  await checkThrows(() => key.seal(nonce, nonce, pattern(10), small), "an out that is too small");
}

async function limitTest({ name, aead }: CipherSuite): Promise<void> {
  check(aead.nonceLength === 12, "a nonce has 12 bytes");
  check(aead.confidentialityLimit > 0 && aead.integrityLimit > 0, "limits are positive");
  check(!name.includes("GCM") || aead.confidentialityLimit <= 2 ** 24.5, "GCM: 2^24.5 at most");
  check(!name.includes("CCM") || aead.confidentialityLimit <= 2 ** 23, "CCM: 2^23 at most");
  check(aead.integrityLimit <= 2 ** 52, "integrity: 2^52 at most");
  await Promise.resolve();
}

/** Around blocks, a packet, a record, and above what anybody sends. */
const LENGTHS = [
  0,
  1,
  15,
  16,
  17,
  31,
  33,
  63,
  64,
  65,
  1200,
  16_384,
  16_640,
  20_001,
  65_537,
  100_000,
];

async function placeTest(suite: CipherSuite): Promise<void> {
  const { aead } = suite;
  const bytes = pattern(aead.keyLength);
  const key = await aead.importKey(bytes);
  const reference = await referenceOf(suite)?.aead.importKey(bytes.slice());
  const nonce = pattern(aead.nonceLength);
  for (const length of LENGTHS) {
    const aad = pattern(length % 40, 3);
    const plain = pattern(length, 7);
    const sealed = await key.seal(nonce, aad, plain);
    checkIsBytes(sealed, "what was sealed");
    check(sealed.length === length + aead.tagLength, `${length} bytes seal to ${sealed.length}`);
    if (reference) {
      checkBytes(sealed, await reference.seal(nonce, aad, plain), `${length} bytes sealed`);
    }
    checkBytes(await key.open(nonce, aad, sealed), plain, `${length} bytes opened`);
    await inOtherMemory(key, nonce, aad, plain, sealed);
  }
}

async function inOtherMemory(
  key: AeadKey,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
  sealed: Uint8Array,
): Promise<void> {
  const room = new Uint8Array(sealed.length + 9).fill(0xee);
  const inRoom = await key.seal(nonce, aad, plain, room);
  check(inRoom.buffer === room.buffer && inRoom.byteOffset === room.byteOffset, "seal uses out");
  checkBytes(inRoom, sealed, "sealed into out");
  checkBytes(room.subarray(-9), new Uint8Array(9).fill(0xee), "what follows the result in out");
  // In place: the same start, with a buffer that goes on, as a record or packet has it.
  const buffer = new Uint8Array(5 + sealed.length);
  buffer.set(plain, 5);
  await key.seal(nonce, aad, buffer.subarray(5, 5 + plain.length), buffer.subarray(5));
  checkBytes(buffer.subarray(5), sealed, "sealed in place");
  checkBytes(buffer.subarray(0, 5), new Uint8Array(5), "what stands before the result in memory");
  const opened = await key.open(nonce, aad, buffer.subarray(5), buffer.subarray(5));
  checkBytes(opened, plain, "opened in place");
  check(opened?.buffer === buffer.buffer && opened.byteOffset === 5, "open uses out");
}

async function isRefused(
  key: AeadKey,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  what: string,
): Promise<void> {
  check(await key.open(nonce, aad, text) === null, `${what} opened`);
}

async function forgeryTest(aead: Aead): Promise<void> {
  const key = await aead.importKey(pattern(aead.keyLength));
  const nonce = pattern(aead.nonceLength);
  const aad = pattern(13);
  const sealed = await key.seal(nonce, aad, pattern(50));
  for (let at = 0; at < sealed.length; at++) {
    const text = flipped(sealed, at, 1 << (at & 7));
    await isRefused(key, nonce, aad, text, `a changed byte ${at}`);
  }
  for (let at = 0; at < nonce.length; at++) {
    await isRefused(key, flipped(nonce, at, 0x80), aad, sealed, "under another nonce, it");
  }
  for (let at = 0; at < aead.keyLength; at++) {
    const other = await aead.importKey(flipped(pattern(aead.keyLength), at, 1 << (at & 7)));
    await isRefused(other, nonce, aad, sealed, `under a key with another byte ${at}, it`);
  }
  for (let length = 0; length <= aead.tagLength; length++) {
    await isRefused(key, nonce, aad, sealed.subarray(0, length), `${length} bytes of it`);
  }
  await isRefused(key, nonce, aad, sealed.subarray(0, -1), "cut off by a byte, it");
  await isRefused(key, nonce, aad, sealed.subarray(1), "without its first byte, it");
  const room = new Uint8Array(sealed.length);
  const forged = flipped(sealed, -1);
  check(await key.open(nonce, aad, forged, room) === null, "a forgery opened into out");
  // RFC 9846 §5.2: empty content is a record, too, and its tag counts.
  const empty = await key.seal(nonce, aad, new Uint8Array(0));
  await isRefused(key, nonce, aad, flipped(empty, 0), "a changed tag of nothing");
  checkBytes(await key.open(nonce, aad, sealed), pattern(50), "the true one after forgeries");
}

async function additionalDataTest(suite: CipherSuite): Promise<void> {
  const { aead } = suite;
  const bytes = pattern(aead.keyLength, 2);
  const key = await aead.importKey(bytes);
  const reference = await referenceOf(suite)?.aead.importKey(bytes.slice());
  const [nonce, plain] = [pattern(aead.nonceLength), pattern(20)];
  for (const length of [0, 1, 5, 15, 16, 17, 64, 255, 256, 257, 300, 1024, 4096, 65_280, 70_000]) {
    const aad = pattern(length, 11);
    const sealed = await key.seal(nonce, aad, plain);
    if (reference) {
      const what = `sealed with ${length} bytes of additional data`;
      checkBytes(sealed, await reference.seal(nonce, aad, plain), what);
    }
    checkBytes(await key.open(nonce, aad, sealed), plain, "opened with additional data");
    const places = [0, 5, 16, 255, 256, 4095, length >> 1, length - 1];
    for (const at of places.filter((at) => at >= 0 && at < length)) {
      const what = `with another byte ${at} of ${length} of its additional data, it`;
      await isRefused(key, nonce, flipped(aad, at), sealed, what);
    }
    if (length > 0) await isRefused(key, nonce, aad.subarray(1), sealed, "with less of it, it");
    const longer = new Uint8Array(length + 1);
    longer.set(aad);
    await isRefused(key, nonce, longer, sealed, "with a zero more of it, it");
  }
}

async function ownershipTest(aead: Aead): Promise<void> {
  const key = await withCopies([pattern(aead.keyLength)], (bytes) => aead.importKey(bytes));
  const same = await aead.importKey(pattern(aead.keyLength));
  const inputs = [pattern(aead.nonceLength), pattern(5), pattern(100)] as const;
  const expected = await same.seal(...inputs);
  const sealed = await withCopies(inputs, (nonce, aad, plain) => key.seal(nonce, aad, plain));
  checkBytes(sealed, expected, "sealed from inputs that changed afterwards");
  const opened = await withCopies(
    [inputs[0], inputs[1], sealed],
    (nonce, aad, text) => key.open(nonce, aad, text),
  );
  checkBytes(opened, inputs[2], "opened from inputs that changed afterwards");
}

async function overlapTest(aead: Aead): Promise<void> {
  const key = await aead.importKey(pattern(aead.keyLength));
  const other = await aead.importKey(pattern(aead.keyLength, 2));
  const aad = pattern(5);
  const numbers = Array.from({ length: 8 }, (_, i) => i);
  const seal = (key: AeadKey, i: number) =>
    key.seal(pattern(aead.nonceLength, i), aad, pattern(300, i));
  const apart: Uint8Array[] = [];
  for (const i of numbers) {
    apart.push((await seal(key, i)).slice(), (await seal(other, i)).slice());
  }
  const together = await Promise.all(numbers.flatMap((i) => [seal(key, i), seal(other, i)]));
  for (const [i, sealed] of together.entries()) {
    checkBytes(sealed, apart[i], "one of many sealed at the same time");
  }
  const opened = await Promise.all(
    numbers.map((i) => key.open(pattern(aead.nonceLength, i), aad, apart[2 * i])),
  );
  for (const [i, plain] of opened.entries()) {
    checkBytes(plain, pattern(300, i), "one of many opened at the same time");
  }
}

/** Tests of a suite's header protection, if it has any. */
export function maskTests(suite: CipherSuite): ConformanceTest[] {
  const { name, headerProtection } = suite;
  if (headerProtection === undefined) return [];
  const { keyLength } = headerProtection;
  return [{
    name: `${name}: header-protection masks of published values and of the reference`,
    async run() {
      for (const vector of MASK_VECTORS.filter(({ suite }) => suite === name)) {
        const bytes = fromHex(vector.key);
        const key = headerProtection.importKey(bytes);
        bytes.fill(0);
        const mask = key.mask(fromHex(vector.sample));
        checkIsBytes(mask, "a mask");
        checkBytes(mask.subarray(0, 5), fromHex(vector.mask), "mask");
        const again = key.mask(fromHex(vector.sample)).subarray(0, 5);
        checkBytes(again, fromHex(vector.mask), "the same mask again");
      }
      const reference = referenceOf(suite)?.headerProtection?.importKey(pattern(keyLength, 3));
      const key = headerProtection.importKey(pattern(keyLength, 3));
      const masks = new Set<string>();
      for (let at = 0; at < 16; at++) {
        // Each byte of the sample counts.
        const sample = flipped(pattern(16, 4), at, 1 << (at & 7));
        const mask = key.mask(sample).slice(0, 5);
        if (reference) checkBytes(mask, reference.mask(sample).slice(0, 5), "a mask");
        masks.add(mask.join());
      }
      check(masks.size === 16, "different samples have the same mask");
      await Promise.resolve();
    },
  }, {
    name: `${name}: keys and samples of header protection of a wrong length are refused`,
    async run() {
      for (const wrong of [0, keyLength - 1, keyLength + 1]) {
        await checkThrows(
          () => headerProtection.importKey(pattern(wrong)),
          `${wrong} bytes of key`,
        );
      }
      const key = headerProtection.importKey(pattern(keyLength));
      await checkThrows(() => key.mask(pattern(15)), "a short sample");
    },
  }];
}
