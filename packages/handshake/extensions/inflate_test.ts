import { concat, toHex } from "@sealane/wire";
import { SeededRandom } from "@sealane/wire/testing";
import { assert, assertEquals } from "@std/assert";
import zlib from "node:zlib";
import { inflateZlib } from "./inflate.ts";

/** Content of all kinds: noise, repeats near and far, long runs. */
function content(random: SeededRandom, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const alphabet = 1 + random.below(256);
  for (let i = 0; i < length;) {
    const run = 1 + random.below(300);
    const back = i > 0 && random.below(3) > 0 ? 1 + random.below(i) : 0;
    for (const end = Math.min(length, i + run); i < end; i++) {
      bytes[i] = back > 0 ? bytes[i - back] : random.below(alphabet);
    }
  }
  return bytes;
}

function deflate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = zlib.constants;
  const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];
  return zlib.deflateSync(bytes, {
    level: random.below(10),
    strategy: strategies[random.below(strategies.length)],
    memLevel: 1 + random.below(9),
    windowBits: 9 + random.below(7),
  });
}

Deno.test("zlib streams of every level and strategy are inflated as by zlib", () => {
  const random = new SeededRandom(1950);
  for (let i = 0; i < 300; i++) {
    const bytes = content(random, random.below(2) === 0 ? random.below(200) : random.below(5000));
    const stream = deflate(bytes, random);
    const inflated = inflateZlib(stream, bytes.length);
    assert(inflated !== null, `stream ${i}`);
    assertEquals(toHex(inflated), toHex(bytes));
    assertEquals(inflateZlib(stream, bytes.length + 1), null);
    if (bytes.length > 0) assertEquals(inflateZlib(stream, bytes.length - 1), null);
  }
});

Deno.test("a stream of several megabytes is inflated in time", () => {
  const bytes = content(new SeededRandom(3), 2 ** 20);
  assertEquals(inflateZlib(zlib.deflateSync(bytes), bytes.length), bytes);
});

/** What zlib makes of the stream if it uses all of it; `null` if it does not, or minds. */
function reference(stream: Uint8Array): Uint8Array | null {
  try {
    const options = { info: true, maxOutputLength: 20_000 };
    // The types do not know the option `info`.
    const decoded = zlib.inflateSync(stream, options) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    return decoded.engine.bytesWritten === stream.length ? decoded.buffer : null;
  } catch {
    return null;
  }
}

Deno.test("zlib streams with changed bits are judged as by zlib", () => {
  const random = new SeededRandom(1951);
  let good = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = content(random, random.below(400));
    const stream = deflate(bytes, random).slice();
    const changes = random.below(3);
    for (let j = 0; j < changes; j++) {
      stream[random.below(stream.length)] ^= 1 << random.below(8);
    }
    const expected = reference(stream);
    if (expected !== null) good++;
    const actual = inflateZlib(stream, expected?.length ?? bytes.length);
    assertEquals(
      actual && toHex(actual),
      expected && toHex(expected),
      `${toHex(stream)} of ${bytes.length} bytes`,
    );
  }
  assert(good > 900, `${good} were good`);
});

Deno.test("a zlib stream ends where its message ends", () => {
  const bytes = content(new SeededRandom(5), 300);
  const stream = zlib.deflateSync(bytes);
  for (let at = 0; at < stream.length; at++) {
    assertEquals(inflateZlib(stream.subarray(0, at), 300), null, `cut at ${at}`);
  }
  const tails = [Uint8Array.of(0), stream.subarray(-4), stream, stream.subarray(-1)];
  for (const tail of tails) assertEquals(inflateZlib(concat([stream, tail]), 300), null);
});

Deno.test("headers that RFC 1950 does not allow, and preset dictionaries, are refused", () => {
  const stream = zlib.deflateSync(new Uint8Array(10));
  const withHeader = (cmf: number, flg: number): Uint8Array => {
    const check = (cmf << 8 | flg & 0xe0) % 31;
    return concat([Uint8Array.of(cmf, flg & 0xe0 | (31 - check) % 31), stream.subarray(2)]);
  };
  assert(inflateZlib(withHeader(0x78, 0), 10) !== null);
  assert(inflateZlib(withHeader(0x08, 0xc0), 10) !== null);
  assertEquals(inflateZlib(withHeader(0x88, 0), 10), null, "a window of 64 KiB");
  assertEquals(inflateZlib(withHeader(0x79, 0), 10), null, "another method");
  assertEquals(inflateZlib(withHeader(0x78, 0x20), 10), null, "a preset dictionary");
  assertEquals(inflateZlib(concat([Uint8Array.of(0x78, 0x02), stream.subarray(2)]), 10), null);
});
