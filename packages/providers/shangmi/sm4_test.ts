import { isPromise } from "../maybe_promise.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, TlsError, toHex } from "@sealane/wire";
import type { Engine } from "./engine.ts";
import { sm4Gcm, sm4HeaderProtection } from "./suites.ts";
import { engines, pseudoRandom, testdata, wycheproof } from "./testdata/vectors.ts";

const { modes, ecb_1000000_iterations: million } = testdata<{
  modes:
    & {
      ecb: { key: string; plaintext: string; ciphertext: string }[];
    }
    & Record<
      "gcm" | "ccm",
      { key: string; iv: string; aad: string; plaintext: string; ciphertext: string; tag: string }[]
    >;
  ecb_1000000_iterations: { key: string; plaintext: string; ciphertext: string };
}>("sm4.json");
const MODES = [
  { name: "gcm", of: (engine: Engine, key: Uint8Array) => engine.sm4Gcm(key) },
  { name: "ccm", of: (engine: Engine, key: Uint8Array) => engine.sm4Ccm(key) },
] as const;

/** The value of a synchronous operation. */
function now<T>(value: T | Promise<T>): T {
  assert(!isPromise(value));
  return value;
}
for (const engine of engines) {
  Deno.test(`SM4 (${engine.name}) encrypts the blocks of GB/T 32907 and others`, () => {
    for (const { key, plaintext, ciphertext } of modes.ecb) {
      const encrypt = engine.sm4Block(fromHex(key));
      const input = fromHex(plaintext);
      const output: Uint8Array[] = [];
      for (let at = 0; at < input.length; at += 16) {
        output.push(encrypt(input.subarray(at, at + 16)).slice());
      }
      assertEquals(toHex(concat(output)), ciphertext);
    }
  });

  for (const { name, of } of MODES) {
    Deno.test(`SM4-${name.toUpperCase()} (${engine.name}) has the values of RFC 8998 appendix A`, () => {
      for (const { key, iv, aad, plaintext, ciphertext, tag } of modes[name]) {
        const sealed = fromHex(ciphertext + tag);
        const aead = of(engine, fromHex(key));
        assertEquals(now(aead.seal(fromHex(iv), fromHex(aad), fromHex(plaintext))), sealed);
        assertEquals(now(aead.open(fromHex(iv), fromHex(aad), sealed)), fromHex(plaintext));
      }
    });
  }
}

Deno.test(`SM4 (${engines[0].name}) encrypts a block a million times over as GB/T 32907 says`, () => {
  const encrypt = engines[0].sm4Block(fromHex(million.key));
  let block: Uint8Array = fromHex(million.plaintext);
  for (let i = 0; i < 1_000_000; i++) block = encrypt(block);
  assertEquals(toHex(block), million.ciphertext);
});

Deno.test("SM4 blocks are the same in both engines for 200 keys", () => {
  for (let i = 0; i < 200; i++) {
    const [key, block] = [pseudoRandom(16, i + 1), pseudoRandom(16, i + 1000)];
    const [first, ...others] = engines.map((engine) => engine.sm4Block(key)(block).slice());
    for (const other of others) assertEquals(other, first);
  }
});

for (const { name, of } of MODES) {
  Deno.test(`SM4-${name.toUpperCase()} is the same in both engines at all lengths`, () => {
    const [key, data] = [pseudoRandom(16, 5), pseudoRandom(70_000, 6)];
    for (const length of [...Array(150).keys(), 191, 255, 256, 257, 1200, 16401]) {
      const nonce = pseudoRandom(12, length + 1);
      const [aad, plaintext] = [data.subarray(0, length % 37), data.subarray(0, length)];
      const [first, ...others] = engines.map((engine) => {
        const aead = of(engine, key);
        const sealed = now(aead.seal(nonce, aad, plaintext));
        assertEquals(now(aead.open(nonce, aad, sealed)), plaintext, `${engine.name} ${length}`);
        return sealed;
      });
      for (const other of others) assertEquals(other, first, String(length));
    }
  });

  Deno.test(`SM4-${name.toUpperCase()} works in pieces larger than the kernel's buffer`, () => {
    const [key, nonce] = [pseudoRandom(16, 8), pseudoRandom(12, 9)];
    const data = pseudoRandom(70_001, 10);
    for (const aad of [data, data.subarray(0, 0xfeff), data.subarray(0, 0xff00)]) {
      const [first, ...others] = engines.map((engine) =>
        now(of(engine, key).seal(nonce, aad, data))
      );
      for (const other of others) assert(toHex(first) === toHex(other));
      const opened = now(of(engines[0], key).open(nonce, aad, first));
      assert(opened !== null && toHex(opened) === toHex(data));
      first[5] ^= 1;
      assertEquals(now(of(engines[0], key).open(nonce, aad, first)), null);
    }
  });

  Deno.test(`SM4-${name.toUpperCase()} refuses what was changed, cut or put under another nonce`, () => {
    const [nonce, aad, plaintext] = [pseudoRandom(12), pseudoRandom(5), pseudoRandom(40)];
    for (const engine of engines) {
      const aead = of(engine, pseudoRandom(16, 2));
      const sealed = now(aead.seal(nonce, aad, plaintext));
      for (let i = 0; i < sealed.length; i++) {
        const forged = sealed.slice();
        forged[i] ^= 1 << i % 8;
        assertEquals(now(aead.open(nonce, aad, forged)), null);
        assertEquals(now(aead.open(nonce, aad, sealed.subarray(0, i))), null);
      }
      assertEquals(now(aead.open(pseudoRandom(12, 3), aad, sealed)), null);
      assertEquals(now(aead.open(nonce, aad.subarray(1), sealed)), null);
      assertEquals(now(aead.open(nonce, aad, sealed)), plaintext);
      for (const bad of [new Uint8Array(11), new Uint8Array(13)]) {
        assertThrows(() => aead.seal(bad, aad, plaintext), TlsError);
        assertThrows(() => aead.open(bad, aad, sealed), TlsError);
      }
    }
  });

  Deno.test(`SM4-${name.toUpperCase()} writes over its input and into a larger buffer`, () => {
    const [nonce, aad, plaintext] = [pseudoRandom(12), pseudoRandom(5), pseudoRandom(333)];
    for (const engine of engines) {
      const aead = of(engine, pseudoRandom(16, 2));
      const sealed = now(aead.seal(nonce, aad, plaintext));
      const buffer = new Uint8Array(400).fill(0xee);
      buffer.set(plaintext);
      const place = now(aead.seal(nonce, aad, buffer.subarray(0, 333), buffer));
      assertEquals(place, sealed);
      assert(place.buffer === buffer.buffer && place.length === 349);
      assert(buffer.subarray(349).every((byte) => byte === 0xee));
      assertEquals(now(aead.open(nonce, aad, place, buffer)), plaintext);
      assertThrows(() => aead.seal(nonce, aad, plaintext, new Uint8Array(348)), TlsError);
      assertThrows(() => aead.open(nonce, aad, sealed, new Uint8Array(332)), TlsError);
    }
  });

  const groups = wycheproof(`sm4_${name}`);
  const count = name === "gcm" ? 104 : 184;
  Deno.test({
    name: groups === null
      ? `Wycheproof sm4_${name} (needs SEALANE_VECTORS)`
      : `Wycheproof sm4_${name}: ${count} cases, those of other sizes refused`,
    ignore: groups === null,
    fn() {
      let [seen, run] = [0, 0];
      for (const { ivSize, tagSize, tests } of groups ?? []) {
        seen += tests.length;
        if (tagSize !== 128) continue;
        for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
          for (const engine of engines) {
            const aead = of(engine, fromHex(key));
            const sealed = fromHex(ct + tag);
            const open = () => now(aead.open(fromHex(iv), fromHex(aad), sealed));
            if (ivSize !== 96) {
              assertThrows(open, TlsError);
              continue;
            }
            const what = `${engine.name} case ${tcId}`;
            assertEquals(open(), result === "valid" ? fromHex(msg) : null, what);
            if (result !== "valid") continue;
            assertEquals(now(aead.seal(fromHex(iv), fromHex(aad), fromHex(msg))), sealed, what);
            run++;
          }
        }
      }
      assertEquals(seen, count);
      assert(run > 20 * engines.length);
    },
  });
}

Deno.test("the header protection mask is SM4 of the sample (RFC 9001 section 5.4.3)", () => {
  const [{ key, plaintext, ciphertext }] = modes.ecb;
  const protection = sm4HeaderProtection.importKey(fromHex(key));
  assertEquals(toHex(protection.mask(fromHex(plaintext))), ciphertext);
  assertThrows(() => protection.mask(new Uint8Array(15)), TlsError);
  assertThrows(() => sm4HeaderProtection.importKey(new Uint8Array(15)), TlsError);
});

Deno.test("the suites refuse a key of the wrong length", () => {
  for (const length of [0, 15, 17, 32]) {
    assertThrows(() => sm4Gcm.importKey(new Uint8Array(length)), TlsError);
  }
});
