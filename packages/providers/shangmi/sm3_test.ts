import { createHash, getHashes } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { fromHex, toHex } from "@sealane/wire";
import { hkdfExpand, hkdfExtract } from "../hkdf.ts";
import type { Hash } from "../provider.ts";
import { makeSm3 } from "./sm3.ts";
import { engines, pseudoRandom, testdata, wycheproof } from "./testdata/vectors.ts";

const vectors = testdata<{
  cases: { message: string; digest: string }[];
  hmac: { cases: { key: string; message: string; mac: string }[] };
  hkdf: { cases: { ikm: string; salt: string; info: string; size: number; okm: string }[] };
}>("sm3.json");
const hashes = engines.map((engine): [string, Hash] => [engine.name, makeSm3(engine)]);
const digest = (hash: Hash, data: Uint8Array) => toHex(hash.create().update(data).digest());

for (const [name, hash] of hashes) {
  Deno.test(`SM3 (${name}) gives the digests of GB/T 32905 and others`, () => {
    for (const { message, digest: expected } of vectors.cases) {
      assertEquals(digest(hash, fromHex(message)), expected);
    }
  });

  Deno.test(`SM3 (${name}) gives the HMACs of GM/T 0042 and the keys of HKDF-SM3`, () => {
    for (const { key, message, mac } of vectors.hmac.cases) {
      assertEquals(toHex(hash.hmac(fromHex(key), fromHex(message))), mac);
    }
    for (const { ikm, salt, info, size, okm } of vectors.hkdf.cases) {
      const pseudoRandomKey = hkdfExtract(hash, fromHex(salt), fromHex(ikm));
      assertEquals(toHex(hkdfExpand(hash, pseudoRandomKey, fromHex(info), size)), okm);
    }
  });
}

Deno.test("SM3 gives one digest however the message is cut", () => {
  const message = pseudoRandom(300);
  for (const [, hash] of hashes) {
    const whole = digest(hash, message);
    for (let cut = 0; cut <= message.length; cut++) {
      const state = hash.create().update(message.subarray(0, cut));
      assertEquals(toHex(state.update(message.subarray(cut)).digest()), whole);
    }
  }
});

Deno.test("SM3 goes on from a clone and leaves the original alone", () => {
  const message = pseudoRandom(200);
  for (const [, hash] of hashes) {
    for (const cut of [0, 1, 63, 64, 65, 128, 199]) {
      const state = hash.create().update(message.subarray(0, cut));
      const clone = state.clone();
      assertEquals(toHex(clone.digest()), digest(hash, message.subarray(0, cut)));
      assertEquals(toHex(state.update(message.subarray(cut)).digest()), digest(hash, message));
    }
  }
});

Deno.test("SM3 agrees between engines at every length up to 300 and beyond a kernel buffer", () => {
  const message = pseudoRandom(100_000);
  for (const length of [...Array(300).keys(), 32767, 32768, 32769, 65536 + 64, 100_000]) {
    const [first, ...others] = hashes;
    const expected = digest(first[1], message.subarray(0, length));
    for (const [name, hash] of others) {
      assertEquals(digest(hash, message.subarray(0, length)), expected, `${name} ${length}`);
    }
  }
});

Deno.test("HMAC-SM3 agrees between engines at the edges of key block and kernel buffer", () => {
  const data = pseudoRandom(70_000);
  const [[, first], ...others] = hashes;
  for (const keyLength of [0, 1, 32, 63, 64, 65, 200]) {
    const key = pseudoRandom(keyLength, 3);
    for (const length of [0, 55, 56, 64, 32768 - 193, 32768 - 192, 32768 - 191, 70_000]) {
      const parts = [data.subarray(0, length >> 1), data.subarray(length >> 1, length)];
      const expected = first.hmac(key, ...parts);
      for (const [, hash] of others) assertEquals(hash.hmac(key, ...parts), expected);
    }
  }
});

Deno.test({
  name: getHashes().includes("sm3")
    ? "SM3 agrees with node:crypto"
    : "SM3 agrees with node:crypto (needs sm3 there)",
  ignore: !getHashes().includes("sm3"),
  fn() {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 40_000]) {
      const message = pseudoRandom(length, length + 1);
      const expected = createHash("sm3").update(message).digest("hex");
      for (const [, hash] of hashes) assertEquals(digest(hash, message), expected);
    }
  },
});

const hmacGroups = wycheproof("hmac_sm3");
Deno.test({
  name: hmacGroups === null
    ? "Wycheproof hmac_sm3 (needs SEALANE_VECTORS)"
    : "Wycheproof hmac_sm3: 174 cases",
  ignore: hmacGroups === null,
  fn() {
    let count = 0;
    for (const { tagSize, tests } of hmacGroups ?? []) {
      for (const { tcId, key, msg, tag, result } of tests) {
        count++;
        for (const [name, hash] of hashes) {
          const mac = toHex(hash.hmac(fromHex(key), fromHex(msg)).subarray(0, tagSize / 8));
          assertEquals(mac === tag, result === "valid", `${name} case ${tcId}`);
        }
      }
    }
    assert(count === 174);
  },
});
