/**
 * The compression algorithms of RFC 8879 on what the platform has: `node:zlib` where there is one, `CompressionStream` for zlib in
 * browsers.
 *
 * What a peer sends decides how much memory a decoder takes, apart from the output: the window of brotli and zstd stands in the
 * first bytes. No window larger than the output has any meaning, so these bytes are rewritten before the decoder sees them.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import { CertificateCompressionAlgorithm as Algorithm } from "@sealane/wire";
import type * as nodeZlib from "node:zlib";

/** An algorithm: one of {@link builtinCompression} or your own. */
export interface CertificateCompression {
  /** IANA code point. */
  readonly id: Algorithm;
  /** Registered name, for instance `brotli`. */
  readonly name: string;
  /** The compressed form. The result is kept as long as the credential is: it may take its time. */
  compress(bytes: Uint8Array): MaybePromise<Uint8Array>;
  /**
   * The `length` bytes that were compressed, or `null` if the input is malformed or its content has another length. It takes
   * memory in the order of `length`, whatever the input says.
   */
  decompress(bytes: Uint8Array, length: number): MaybePromise<Uint8Array | null>;
}

/** How `node:zlib` is told to decode. */
interface DecodeOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

/** What is used of `node:zlib`. Node has zstd from 22.15 only, and its types in the version for 20 have none. */
interface NodeZlib extends
  Pick<
    typeof nodeZlib,
    "brotliCompressSync" | "brotliDecompressSync" | "deflateSync" | "inflateSync"
  > {
  readonly constants: {
    readonly BROTLI_PARAM_SIZE_HINT: number;
    readonly ZSTD_c_compressionLevel?: number;
  };
  zstdCompressSync?(bytes: Uint8Array, options: object): Uint8Array;
  zstdDecompressSync?(bytes: Uint8Array, options: DecodeOptions): Uint8Array;
}

interface Process {
  getBuiltinModule?(id: "node:zlib"): NodeZlib | undefined;
}

function findNodeZlib(): NodeZlib | null {
  // `process` is a global of some platforms only; what it has is looked at before use.
  const { process } = globalThis as { process?: Process };
  return process?.getBuiltinModule?.("node:zlib") ?? null;
}

/**
 * The algorithms of this platform, the one that compresses certificates best first: brotli, zstd, zlib with Deno, Node from 22.15
 * and Bun; zlib alone in browsers.
 */
export function builtinCompression(): readonly CertificateCompression[] {
  const zlib = findNodeZlib();
  if (zlib !== null) return nodeCompression(zlib);
  return "DecompressionStream" in globalThis ? [streamZlib()] : [];
}

/** Bytes that a decoder hands over at a time. */
const CHUNK = 16 * 1024;

/** Runs a decoder of `node:zlib`, which stops at `maxOutputLength`; what it throws means bad input. */
function exactly(length: number, decode: () => Uint8Array): Uint8Array | null {
  try {
    const output = decode();
    return output.length === length ? plain(output) : null;
  } catch {
    return null;
  }
}

/** A plain view over the bytes of a Buffer, whose `slice` and `toString` are its own. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function nodeCompression(zlib: NodeZlib): readonly CertificateCompression[] {
  const algorithms: CertificateCompression[] = [{
    id: Algorithm.brotli,
    name: "brotli",
    compress: (bytes) =>
      plain(zlib.brotliCompressSync(bytes, {
        params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      })),
    decompress(bytes, length) {
      const input = limitBrotliWindow(bytes, length);
      const options = { maxOutputLength: length, chunkSize: CHUNK };
      return exactly(length, () => zlib.brotliDecompressSync(input, options));
    },
  }];
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib;
  const level = constants.ZSTD_c_compressionLevel;
  if (zstdCompressSync && zstdDecompressSync && level !== undefined) {
    algorithms.push({
      id: Algorithm.zstd,
      name: "zstd",
      compress: (bytes) => plain(zstdCompressSync(bytes, zstdOptions(level, bytes.length))),
      decompress(bytes, length) {
        const input = limitZstdWindow(bytes, length);
        if (input === null) return null;
        const options = { maxOutputLength: length, chunkSize: CHUNK };
        return exactly(length, () => zstdDecompressSync(input, options));
      },
    });
  }
  algorithms.push({
    id: Algorithm.zlib,
    name: "zlib",
    compress: (bytes) => plain(zlib.deflateSync(bytes, { level: 9 })),
    decompress: (bytes, length) =>
      exactly(length, () => zlib.inflateSync(bytes, { maxOutputLength: length, chunkSize: CHUNK })),
  });
  return algorithms;
}

function zstdOptions(level: number, length: number) {
  // Without the size, tables for megabytes are set up: a thousand times the time. Node knows the option from 22.19.
  return { pledgedSrcSize: length, params: { [level]: 19 } };
}

/**
 * A brotli stream with the smallest window that is large enough for `length` bytes, of those that take as many bits to write.
 * RFC 7932 §9.1 writes windows of 18 to 24 bits as a 1 and three bits of `WBITS - 17`. A window of `2^WBITS - 16` bytes that
 * is at least as long as the whole output allows the same distances as a larger one.
 */
export function limitBrotliWindow(bytes: Uint8Array, length: number): Uint8Array {
  const first = bytes[0] ?? 0;
  const code = first >> 1 & 7;
  // A window of 16 bits has a first bit of 0; one of 17 bits or fewer has a code of 0.
  if ((first & 1) === 0 || code === 0) return bytes;
  let wanted = 1;
  while (wanted < code && 2 ** (17 + wanted) - 16 < length) wanted++;
  if (wanted === code) return bytes;
  const limited = bytes.slice();
  limited[0] = first & 0xf0 | wanted << 1 | 1;
  return limited;
}

const ZSTD_MAGIC = 0xfd2fb528;
/** RFC 8878 §3.1.1.2.4: a block has at most 128 KiB, and less only where the window is smaller. */
const ZSTD_BLOCK_LOG = 17;

/**
 * A zstd frame (RFC 8878 section 3.1.1.1) whose window is not larger than `length` bytes need, or `null` if it says itself that its
 * content has another length.
 */
export function limitZstdWindow(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length < 6) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return null;
  const descriptor = bytes[4];
  const singleSegment = (descriptor & 0x20) !== 0;
  const content = zstdContentSize(view, descriptor, singleSegment);
  if (content !== null && content !== length) return null;
  // With a single segment the content size is the window.
  if (singleSegment) return content === null ? null : bytes;
  const needed = Math.max(ZSTD_BLOCK_LOG, Math.ceil(Math.log2(length)));
  if (10 + (bytes[5] >> 3) <= needed) return bytes;
  const limited = bytes.slice();
  limited[5] = (needed - 10) << 3;
  return limited;
}

/** Frame_Content_Size, or `null` if the frame does not have it or is cut off before it. */
function zstdContentSize(
  view: DataView,
  descriptor: number,
  singleSegment: boolean,
): number | null {
  const dictionaryIdLength = [0, 1, 2, 4][descriptor & 3];
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryIdLength;
  const size = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
  if (size === 0 || at + size > view.byteLength) return null;
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, true) + 256;
  if (size === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** zlib over `CompressionStream`, whose format `deflate` is the zlib format (RFC 1950). */
export function streamZlib(): CertificateCompression {
  return {
    id: Algorithm.zlib,
    name: "zlib",
    compress: (bytes) =>
      new Response(pieces(bytes).pipeThrough(new CompressionStream("deflate")))
        .arrayBuffer().then((buffer) => new Uint8Array(buffer)),
    decompress: inflate,
  };
}

/** deflate makes at most 1,032 bytes of one: a piece of this many bytes becomes 65 KiB at most. */
const PIECE = 64;

function pieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset += PIECE));
    },
  }, { highWaterMark: 0 });
}

async function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array | null> {
  const reader = pieces(bytes).pipeThrough(new DecompressionStream("deflate")).getReader();
  const output = new Uint8Array(length);
  let offset = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // Not every platform minds a stream that is cut off in its checksum.
      if (done) return offset === length && endsWithAdler32(bytes, output) ? output : null;
      if (value.length > length - offset) {
        await reader.cancel();
        return null;
      }
      output.set(value, offset);
      offset += value.length;
    }
  } catch {
    return null;
  }
}

/** RFC 1950 §2.2: a zlib stream ends with the Adler-32 of its content. */
function endsWithAdler32(stream: Uint8Array, content: Uint8Array): boolean {
  let [a, b] = [1, 0];
  for (const byte of content) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  return stream.length >= 4 && view.getUint32(stream.length - 4) === b * 0x10000 + a;
}
