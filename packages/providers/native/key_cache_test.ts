import { assert, assertEquals, assertThrows } from "@std/assert";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { KeyCache } from "./key_cache.ts";

const key = generateKeyPairSync("ed25519").publicKey;

Deno.test("a key is read once, and each key under its own bytes", () => {
  const cache = new KeyCache();
  const other = createPublicKey(generateKeyPairSync("ed25519").privateKey);
  const never = (): KeyObject => {
    throw new Error("the key was read before");
  };
  assert(cache.get(Uint8Array.of(1, 2), () => key) === key);
  assert(cache.get(Uint8Array.of(1, 2), never) === key);
  assert(cache.get(Uint8Array.of(1, 3), () => other) === other);
  assert(cache.get(Uint8Array.of(1, 2), never) === key);
});

Deno.test("at most 64 keys are kept, the latest used", () => {
  const cache = new KeyCache();
  let reads = 0;
  const read = () => {
    reads++;
    return key;
  };
  for (let i = 0; i < 1000; i++) {
    cache.get(Uint8Array.of(i >> 8, i), read);
    cache.get(Uint8Array.of(9, 9, 9), read);
  }
  assertEquals(reads, 1001);
  assertEquals(cache.size, 64);
});

Deno.test("what cannot be read is not kept", () => {
  const cache = new KeyCache();
  assertThrows(() =>
    cache.get(Uint8Array.of(1), () => {
      throw new Error("no key");
    })
  );
  assertEquals(cache.size, 0);
});
