import { concat } from "@sealane/wire";
import { assertEquals } from "@std/assert";
import { limitZstdWindow } from "./zstd_frame.ts";

const frame = (...bytes: number[]) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes);
/** The last block, empty. */
const LAST = [0x01, 0, 0];

Deno.test("the window of a zstd frame is cut to the length", () => {
  assertEquals(limitZstdWindow(frame(0x00, 0x88, ...LAST), 1000), frame(0x00, 0x38, ...LAST));
  assertEquals(limitZstdWindow(frame(0x00, 0x88, ...LAST), 2 ** 18 + 1), frame(0, 0x48, ...LAST));
  assertEquals(limitZstdWindow(frame(0x00, 0x38, ...LAST), 1000), frame(0x00, 0x38, ...LAST));
});

Deno.test("a false content size is refused, whatever its length", () => {
  assertEquals(limitZstdWindow(frame(0x20, 0xe8, ...LAST), 0xe8), frame(0x20, 0xe8, ...LAST));
  assertEquals(limitZstdWindow(frame(0x20, 0xe8, ...LAST), 0xe7), null);
  const twoBytes = frame(0x60, 0x00, 0x01, ...LAST);
  assertEquals(limitZstdWindow(twoBytes, 0x200), twoBytes);
  assertEquals(limitZstdWindow(frame(0x60, 0x00), 0x200), null);
  const fourBytes = frame(0xa0, 1, 2, 3, 4, ...LAST);
  assertEquals(limitZstdWindow(fourBytes, 0x04030201), fourBytes);
  const eightBytes = frame(0xe0, 9, 0, 0, 0, 0, 0, 0, 0, ...LAST);
  assertEquals(limitZstdWindow(eightBytes, 9), eightBytes);
  assertEquals(limitZstdWindow(frame(0xe0, 9, 0, 0, 0, 0, 0, 0, 1, ...LAST), 9), null);
});

Deno.test("a zstd frame is all of the message, and the only one", () => {
  const good = frame(0x20, 3, 0x19, 0, 0, 7, 8, 9);
  assertEquals(limitZstdWindow(good, 3), good);
  for (let at = 0; at < good.length; at++) {
    assertEquals(limitZstdWindow(good.subarray(0, at), 3), null, `cut at ${at}`);
  }
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 5);
  assertEquals(limitZstdWindow(concat([good, Uint8Array.of(0)]), 3), null);
  assertEquals(limitZstdWindow(concat([good, good]), 3), null);
  assertEquals(limitZstdWindow(concat([good, skippable]), 3), null);
  assertEquals(limitZstdWindow(concat([skippable, good]), 3), null);
  const checked = frame(0x24, 3, 0x19, 0, 0, 7, 8, 9, 1, 2, 3, 4);
  assertEquals(limitZstdWindow(checked, 3), checked);
  assertEquals(limitZstdWindow(checked.subarray(0, -1), 3), null);
  const blocks = frame(0x20, 3, 0x08, 0, 0, 7, 0x13, 0, 0, 8);
  assertEquals(limitZstdWindow(blocks, 3), blocks, "a raw block and a repeated byte");
});

Deno.test("what a zstd frame may not have is refused", () => {
  const bad = {
    "the reserved bit": frame(0x28, 3, 0x19, 0, 0, 7, 8, 9),
    "a reserved block": frame(0x20, 3, 0x1f, 0, 0, 7, 8, 9),
    "a dictionary": frame(0x21, 5, 3, 0x19, 0, 0, 7, 8, 9),
    "a block above 128 KiB": concat([frame(0x20, 3, 0x0d, 0, 0x10), new Uint8Array(0x20001)]),
    "more repeated bytes than it says": frame(0x20, 3, 0x23, 0, 0, 8),
    "an older magic number": Uint8Array.of(0x27, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 7, 8, 9),
    "another magic number": Uint8Array.of(1, 2, 3, 4, 0x20, 1, ...LAST),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    assertEquals(limitZstdWindow(bytes, 3), null, what);
  }
  const none = frame(0x21, 0, 3, 0x19, 0, 0, 7, 8, 9);
  assertEquals(limitZstdWindow(none, 3), none, "a dictionary identifier of zero is none");
});
