import { assertEquals } from "@std/assert";
import { limitBrotliWindow } from "./brotli_stream.ts";

const limited = (first: number, length: number) =>
  limitBrotliWindow(Uint8Array.of(first, 9), length)?.[0];

Deno.test("the window of a brotli stream is cut to the length, and only where it stands in the first byte", () => {
  // RFC 7932 §9.1: 22 bits are 1011, 18 bits 0011, 19 bits 0101 (read from the right).
  assertEquals(limited(0xfb, 1000), 0xf3);
  assertEquals(limited(0xfb, 262_128), 0xf3);
  assertEquals(limited(0xfb, 262_129), 0xf5);
  assertEquals(limited(0xfb, 2 ** 24), 0xfb);
  assertEquals(limited(0xf3, 10), 0xf3);
  assertEquals(limited(0xf0, 10), 0xf0); // 16 bits
  assertEquals(limited(0xe1, 10), 0xe1); // 12 to 17 bits: seven bits long
});

Deno.test("a brotli stream without a window of RFC 7932 is refused", () => {
  assertEquals(limitBrotliWindow(new Uint8Array(), 10), null);
  for (const first of [0x11, 0x91]) assertEquals(limited(first, 10), undefined, "a large window");
});
