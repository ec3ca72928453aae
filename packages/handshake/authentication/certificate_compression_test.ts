import { assert, assertEquals, assertThrows } from "@std/assert";
import zlib from "node:zlib";
import {
  CertificateCompressionAlgorithm as Algorithm,
  concat,
  fromHex,
  TlsError,
  type TlsErrorCode,
  toHex,
  utf8,
} from "@sealane/wire";
import { largeWindowBomb, prefixCodeBomb } from "../testdata/brotli_bombs.ts";
import vectors from "../testdata/cert_compression.json" with { type: "json" };
import { type CompressedCertificate, decodeCompressedCertificate } from "../messages/mod.ts";
import {
  CompressionCache,
  compressionIds,
  decompressCertificate,
} from "./certificate_compression.ts";
import {
  builtinCompression,
  type CertificateCompression,
  streamZlib,
} from "../extensions/compression_algorithms.ts";

const builtin = builtinCompression();
const LIMIT = 131_072;

function algorithm(id: number): CertificateCompression {
  const found = builtin.find((each) => each.id === id);
  assert(found !== undefined);
  return found;
}

function decode(hex: string): CompressedCertificate {
  return decodeCompressedCertificate(fromHex(hex));
}

Deno.test("this platform has brotli, zstd and zlib", () => {
  assertEquals(compressionIds(builtin), [Algorithm.brotli, Algorithm.zstd, Algorithm.zlib]);
});

for (const test of [...vectors.published, ...vectors.generated]) {
  Deno.test(`${test.algorithm} is decompressed as in the vectors: ${test.origin}`, async () => {
    const message = decode(test.compressed_certificate);
    assertEquals(
      toHex(await decompressCertificate(message, builtin, LIMIT)),
      test.certificate_message,
    );
    if (test.algorithm === "zlib") {
      const body = await decompressCertificate(message, [streamZlib()], LIMIT);
      assertEquals(toHex(body), test.certificate_message);
    }
  });
}

function refuses(message: CompressedCertificate, code: TlsErrorCode, offered = builtin) {
  const error = assertThrows(() => decompressCertificate(message, offered, LIMIT), TlsError);
  assertEquals(error.code, code, error.message);
}

for (const test of vectors.oversized) {
  Deno.test(`${test.algorithm} of ${test.uncompressed_length} bytes is above the limit`, () => {
    refuses(decode(test.compressed_certificate), "peer/certificate-too-large");
  });
}

Deno.test("an algorithm that was not offered is refused", () => {
  const message = decode(vectors.published[1].compressed_certificate);
  refuses(message, "peer/certificate-compression-algorithm", [algorithm(Algorithm.zlib)]);
  refuses({ ...message, algorithm: 0xdead }, "peer/certificate-compression-algorithm");
});

for (const test of vectors.invalid_derived) {
  if (test.reason === "algorithm not offered") continue;
  Deno.test(`a compressed certificate is refused: ${test.reason}`, () => {
    const error = assertThrows(
      () => decompressCertificate(decode(test.compressed_certificate), builtin, LIMIT),
      TlsError,
    );
    // An empty body does not even decode.
    const code = test.reason.startsWith("empty")
      ? "peer/decode-error"
      : "peer/certificate-decompression";
    assertEquals(error.code, code, error.message);
  });
}

const noise = crypto.getRandomValues(new Uint8Array(700));
/** About as compressible as a certificate chain, and longer than a chunk of the decoders. */
const body = new Uint8Array(30_000).map((_, i) => noise[i % 700] ^ (i % 10_000 === 0 ? i : 0));

for (const each of [...builtin, streamZlib()]) {
  Deno.test(`${each.name} gives back what it took, and nothing of another length`, async () => {
    for (const length of [1, 2, 4, 256, 511, 512, 65_535 % 30_000, 30_000]) {
      const bytes = body.subarray(0, length);
      const compressed = await each.compress(bytes);
      assertEquals(toHex(await each.decompress(compressed, length) ?? noise), toHex(bytes));
      assertEquals(await each.decompress(compressed, length + 1), null);
      if (length > 1) assertEquals(await each.decompress(compressed, length - 1), null);
    }
  });

  Deno.test(`${each.name} that is cut gives nothing, wherever it is cut`, async () => {
    // Noise leaves the end of the stream in bytes of their own; some decoders give what they have by then.
    for (const bytes of [body.subarray(0, 700), new Uint8Array(1000), noise.subarray(0, 3)]) {
      const compressed = await each.compress(bytes);
      assert(await each.decompress(compressed, bytes.length) !== null);
      for (let at = 0; at < compressed.length; at++) {
        const output = await each.decompress(compressed.subarray(0, at), bytes.length);
        assertEquals(output, null, `cut at ${at} of ${compressed.length}`);
      }
    }
  });

  Deno.test(`row 288: ${each.name} that goes on behind its end gives nothing`, async () => {
    for (const bytes of [body.subarray(0, 2000), body.subarray(0, 30_000), new Uint8Array(5)]) {
      const compressed = await each.compress(bytes);
      const empty = await each.compress(new Uint8Array());
      const tails = [
        Uint8Array.of(0),
        Uint8Array.of(3),
        Uint8Array.of(0xff),
        compressed.subarray(-1),
        compressed.subarray(-4),
        compressed,
        empty,
        new Uint8Array(5000),
      ];
      for (const tail of tails) {
        const output = await each.decompress(concat([compressed, tail]), bytes.length);
        assertEquals(output, null, `${tail.length} bytes behind the end`);
      }
      for (const head of [empty, Uint8Array.of(0)]) {
        assertEquals(await each.decompress(concat([head, compressed]), bytes.length), null);
      }
    }
  });

  Deno.test(`${each.name} that is changed gives nothing, or something of the right length`, async () => {
    const compressed = await each.compress(body.subarray(0, 2000));
    for (let at = 0; at < compressed.length; at += 7) {
      const changed = compressed.slice();
      changed[at] ^= 0x55;
      const output = await each.decompress(changed, 2000);
      assert(output === null || output.length === 2000);
    }
  });
}

const zeros = new Uint8Array(16 * 1024 * 1024);

/** Streams of 16 MiB, as different encoders write them. */
const BOMBS: [name: string, what: string, compress: (bytes: Uint8Array) => Uint8Array][] = [
  ["zlib", "level 9", (bytes) => zlib.deflateSync(bytes, { level: 9 })],
  ["stream", "level 9", (bytes) => zlib.deflateSync(bytes, { level: 9 })],
  ["brotli", "window of 16 MiB", (bytes) => brotli(bytes, 5, 24)],
  ["brotli", "window of 4 MiB", (bytes) => brotli(bytes, 5, 22)],
  ["brotli", "many blocks, window of 16 MiB", (bytes) => brotli(bytes, 0, 24)],
  ["zstd", "one segment", (bytes) => zlib.zstdCompressSync(bytes)],
  ["zstd", "window of 8 MiB", (bytes) => zstdWithWindow(zlib.zstdCompressSync(bytes))],
];

function brotli(bytes: Uint8Array, quality: number, window: number): Uint8Array {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN } = zlib.constants;
  return zlib.brotliCompressSync(bytes, {
    params: { [BROTLI_PARAM_QUALITY]: quality, [BROTLI_PARAM_LGWIN]: window },
  });
}

/** The frame without its content size, and with a window of 8 MiB instead. */
function zstdWithWindow(frame: Uint8Array): Uint8Array {
  const size = [1, 2, 4, 8][frame[4] >> 6];
  return concat([frame.subarray(0, 4), Uint8Array.of(0x00, 13 << 3), frame.subarray(5 + size)]);
}

/** Decompresses in a process of its own, since memory that was used once is there for the next. */
async function decompressElsewhere(input: string): Promise<{ refused: boolean; grown: number }> {
  const script = new URL("../testdata/decompress_bomb.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(utf8(input));
  await writer.close();
  const { stdout } = await child.output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const LINUX = Deno.build.os === "linux";

for (const [name, what, compress] of BOMBS) {
  for (const length of [1000, 131_072]) {
    Deno.test({
      name:
        `16 MiB of ${name} (${what}) that claim to be ${length} bytes are refused within 1 MiB` +
        (LINUX ? "" : " (needs /proc)"),
      ignore: !LINUX,
      async fn() {
        const warmUp = compress(zeros.subarray(0, 65_536));
        const input = [name, length, toHex(warmUp), toHex(compress(zeros))].join("\n");
        // The runtime itself takes memory now and then: of three processes the best one counts.
        const grown: number[] = [];
        while (grown.length < 3 && !grown.some((kib) => kib < 1024)) {
          const result = await decompressElsewhere(input);
          assertEquals(result.refused, true);
          grown.push(result.grown);
        }
        assert(Math.min(...grown) < 1024, `${grown} KiB`);
      },
    });
  }
}

/** What the format does not allow is not decoded at all; what it allows costs a decoder no more than this, in KiB. */
const HANDMADE: readonly [name: string, what: string, stream: Uint8Array, most: number][] = [
  ["brotli", `a "large window" of 1 GiB`, largeWindowBomb(), 1024],
  ["brotli", "768 prefix codes", prefixCodeBomb(), 6144],
  ["brotli", "a byte, and 1 MiB behind it", behind(builtin[0], 2 ** 20), 4096],
  ["zstd", "a byte, and 1 MiB behind it", behind(builtin[1], 2 ** 20), 4096],
  ["zlib", "a byte, and 1 MiB behind it", behind(builtin[2], 2 ** 20), 4096],
  ["zstd", "a window of 2 GiB and nothing else", fromHex("28b52ffd00a8"), 1024],
  ["zstd", "a window of 2 GiB and zeros", fromHex("28b52ffd00a8fdff0300"), 1024],
];

/** One compressed byte, and `length` bytes that do not belong to it. */
function behind({ name }: CertificateCompression, length: number): Uint8Array {
  const byte = Uint8Array.of(7);
  const stream = name === "brotli"
    ? zlib.brotliCompressSync(byte)
    : name === "zstd"
    ? zlib.zstdCompressSync(byte)
    : zlib.deflateSync(byte);
  return concat([stream, new Uint8Array(length)]);
}

for (const [name, what, stream, most] of HANDMADE) {
  Deno.test({
    name: `row 288: ${name} of ${what} is refused within ${most} KiB` +
      (LINUX ? "" : " (needs /proc)"),
    ignore: !LINUX,
    async fn() {
      const warmUp = await algorithm(idOf(name)).compress(zeros.subarray(0, 65_536));
      const input = [name, 131_072, toHex(warmUp), toHex(stream)].join("\n");
      const grown: number[] = [];
      while (grown.length < 3 && !grown.some((kib) => kib < most)) {
        const result = await decompressElsewhere(input);
        assertEquals(result.refused, true);
        grown.push(result.grown);
      }
      assert(Math.min(...grown) < most, `${grown} KiB`);
    },
  });
}

function idOf(name: string): number {
  return builtin.find((each) => each.name === name)?.id ?? 0;
}

Deno.test("a Certificate message is compressed once per credential", async () => {
  for (const each of [...builtin, streamZlib()]) {
    let calls = 0;
    const counted: CertificateCompression = {
      ...each,
      compress(bytes) {
        calls++;
        return each.compress(bytes);
      },
    };
    const cache = new CompressionCache();
    const [one, two] = [{}, {}];
    const compress = (credential: object, bytes: Uint8Array) =>
      cache.compress(credential, bytes, [counted], [each.id]);
    const first = await compress(one, body);
    assert(first !== null && first.length < body.length);
    const message = decodeCompressedCertificate(first.subarray(4));
    assertEquals(toHex(await decompressCertificate(message, [each], LIMIT)), toHex(body));
    assertEquals(compress(one, body.slice()), first, "without a promise");
    assertEquals(calls, 1);
    await compress(one, body.subarray(1));
    await compress(two, body);
    assertEquals(calls, 3);
    for (let i = 0; i < 20; i++) await compress(one, body.subarray(i));
    const before = calls;
    await compress(one, body.subarray(19));
    assertEquals(calls, before);
  }
});

Deno.test("nothing is compressed without a common algorithm", () => {
  const cache = new CompressionCache();
  const ids = compressionIds(builtin);
  assertEquals(cache.compress({}, body, builtin, [0xdead]), null);
  assertEquals(cache.compress({}, body, [], ids), null);
});

Deno.test("our order decides which algorithm is used", async () => {
  const ours = [algorithm(Algorithm.zlib), algorithm(Algorithm.brotli)];
  const theirs = [Algorithm.brotli, Algorithm.zlib];
  const message = await new CompressionCache().compress({}, body, ours, theirs);
  assert(message !== null);
  assertEquals(decodeCompressedCertificate(message.subarray(4)).algorithm, Algorithm.zlib);
});

Deno.test("a compression that fails is tried again", async () => {
  let fail = true;
  const flaky: CertificateCompression = {
    ...streamZlib(),
    compress: (bytes) => fail ? Promise.reject(new Error("no")) : streamZlib().compress(bytes),
  };
  const cache = new CompressionCache();
  const credential = {};
  const compress = async () => await cache.compress(credential, body, [flaky], [flaky.id]);
  assertEquals(await compress().catch(() => "failed"), "failed");
  fail = false;
  assert(await compress() instanceof Uint8Array);
});
