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
  limitBrotliWindow,
  limitZstdWindow,
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

  Deno.test(`${each.name} that is cut or changed gives nothing, or something of the right length`, async () => {
    const bytes = body.subarray(0, 2000);
    const compressed = await each.compress(bytes);
    for (let at = 0; at < compressed.length; at += 7) {
      assertEquals(await each.decompress(compressed.subarray(0, at), 2000), null, `cut at ${at}`);
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

Deno.test("the window of a brotli stream is cut to the length, and only where it stands in the first byte", () => {
  const limited = (first: number, length: number) =>
    limitBrotliWindow(Uint8Array.of(first, 9), length)[0];
  // RFC 7932 §9.1: 22 bits are 1011, 18 bits 0011, 19 bits 0101 (read from the right).
  assertEquals(limited(0xfb, 1000), 0xf3);
  assertEquals(limited(0xfb, 262_128), 0xf3);
  assertEquals(limited(0xfb, 262_129), 0xf5);
  assertEquals(limited(0xfb, 2 ** 24), 0xfb);
  assertEquals(limited(0xf3, 10), 0xf3);
  assertEquals(limited(0xf0, 10), 0xf0); // 16 bits
  assertEquals(limited(0xe1, 10), 0xe1); // 12 to 17 bits: seven bits long
  assertEquals(limitBrotliWindow(new Uint8Array(), 10).length, 0);
});

Deno.test("the window of a zstd frame is cut to the length, and a false content size is refused", () => {
  const frame = (...bytes: number[]) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes);
  assertEquals(limitZstdWindow(frame(0x00, 0x88, 1), 1000), frame(0x00, 0x38, 1));
  assertEquals(limitZstdWindow(frame(0x00, 0x88, 1), 2 ** 18 + 1), frame(0x00, 0x48, 1));
  assertEquals(limitZstdWindow(frame(0x00, 0x38, 1), 1000), frame(0x00, 0x38, 1));
  assertEquals(limitZstdWindow(frame(0x20, 0xe8), 0xe8), frame(0x20, 0xe8));
  assertEquals(limitZstdWindow(frame(0x20, 0xe8), 0xe7), null);
  assertEquals(limitZstdWindow(frame(0x60, 0x00, 0x01), 0x200), frame(0x60, 0x00, 0x01));
  assertEquals(limitZstdWindow(frame(0x60, 0x00), 0x200), null);
  assertEquals(limitZstdWindow(frame(0xa0, 1, 2, 3, 4), 0x04030201), frame(0xa0, 1, 2, 3, 4));
  assertEquals(limitZstdWindow(Uint8Array.of(1, 2, 3, 4, 0x20, 1), 1), null);
});

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
