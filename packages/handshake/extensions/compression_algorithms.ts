/**
 * The compression algorithms of RFC 8879 on what the platform has: `node:zlib` where there is one, `CompressionStream` for zlib in
 * browsers.
 *
 * What a peer sends decides how much memory a decoder takes, apart from the output: the window of brotli and zstd stands in the
 * first bytes. No window larger than the output has any meaning, so these bytes are rewritten before the decoder sees them, and
 * what the format does not allow it does not see at all. A stream ends with the message that it is in: decoders that go on
 * in silence when it ends before, or behind, are not asked about that.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import { CertificateCompressionAlgorithm as Algorithm } from "@sealane/wire";
import type * as nodeZlib from "node:zlib";
import { limitBrotliWindow } from "./brotli_stream.ts";
import { inflateZlib } from "./inflate.ts";
import { limitZstdWindow } from "./zstd_frame.ts";

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

/** What a decoder of `node:zlib` gives with the option `info`, which its types do not know. */
interface DecodeInfo {
  readonly buffer: Uint8Array;
  readonly engine: {
    /** How many bytes of the input were used. */
    readonly bytesWritten: number;
  };
}

/** What is used of `node:zlib`. Node has zstd from 22.15 only, and its types in the version for 20 have none. */
interface NodeZlib extends
  Pick<
    typeof nodeZlib,
    "brotliCompressSync" | "deflateSync"
  > {
  readonly constants: {
    readonly BROTLI_PARAM_SIZE_HINT: number;
    readonly ZSTD_c_compressionLevel?: number;
  };
  brotliDecompressSync(bytes: Uint8Array, options: DecodeOptions & { info: true }): DecodeInfo;
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
  return "CompressionStream" in globalThis ? [streamZlib()] : [];
}

/** Bytes that a decoder hands over at a time. */
const CHUNK = 16 * 1024;

/** Runs a decoder of `node:zlib`, which stops at `maxOutputLength`; what it throws means bad input. */
function orNull<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

/** The bytes, if they are as many as they have to be. */
function exactly(length: number, output: Uint8Array | null): Uint8Array | null {
  return output?.length === length ? plain(output) : null;
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
    decompress: (bytes, length) => decodeBrotli(zlib, bytes, length),
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
        return exactly(length, orNull(() => zstdDecompressSync(input, options)));
      },
    });
  }
  algorithms.push({
    id: Algorithm.zlib,
    name: "zlib",
    compress: (bytes) => plain(zlib.deflateSync(bytes, { level: 9 })),
    decompress: inflateZlib,
  });
  return algorithms;
}

/**
 * Behind the stream the decoder is given a byte more, which it uses only if the stream has not ended before: some give what
 * they have of a stream that is cut off, and none says of itself that bytes are left.
 */
function decodeBrotli(zlib: NodeZlib, bytes: Uint8Array, length: number): Uint8Array | null {
  const limited = limitBrotliWindow(bytes, length);
  if (limited === null) return null;
  const input = new Uint8Array(limited.length + 1);
  input.set(limited);
  const options = { maxOutputLength: length, chunkSize: CHUNK, info: true } as const;
  const decoded = orNull(() => zlib.brotliDecompressSync(input, options));
  if (decoded?.engine.bytesWritten !== bytes.length) return null;
  return exactly(length, decoded.buffer);
}

function zstdOptions(level: number, length: number) {
  // Without the size, tables for megabytes are set up: a thousand times the time. Node knows the option from 22.19.
  return { pledgedSrcSize: length, params: { [level]: 19 } };
}

/** zlib whose encoder is the platform's `CompressionStream`: its format `deflate` is the zlib format (RFC 1950). */
export function streamZlib(): CertificateCompression {
  return {
    id: Algorithm.zlib,
    name: "zlib",
    async compress(bytes) {
      const deflating = new Blob([bytes.slice()]).stream()
        .pipeThrough(new CompressionStream("deflate"));
      return new Uint8Array(await new Response(deflating).arrayBuffer());
    },
    decompress: inflateZlib,
  };
}
