import { assertEquals } from "@std/assert";
import { toHex } from "@sealane/wire";
import { createHmac } from "node:crypto";
import { hmacSha256 } from "./sha256.ts";

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 37 + seed * 101);
}

function check(key: Uint8Array, parts: readonly Uint8Array[]) {
  const oracle = createHmac("sha256", key);
  for (const part of parts) oracle.update(part);
  assertEquals(toHex(hmacSha256(key, parts)), oracle.digest("hex"));
}

Deno.test("HMAC-SHA-256 is that of node:crypto for keys of every length up to a block", () => {
  for (let length = 0; length <= 64; length++) check(pattern(length, 1), [pattern(50, length)]);
});

Deno.test("HMAC-SHA-256 is that of node:crypto for data of every length up to five blocks", () => {
  for (let length = 0; length <= 320; length++) check(pattern(32, length), [pattern(length, 2)]);
});

Deno.test("HMAC-SHA-256 is that of node:crypto for data in parts", () => {
  const data = pattern(200, 3);
  for (const [a, b] of [[0, 0], [1, 2], [63, 64], [64, 65], [64, 128], [120, 200]]) {
    check(pattern(32, a), [data.subarray(0, a), data.subarray(a, b), data.subarray(b)]);
  }
  check(pattern(32, 4), []);
});
