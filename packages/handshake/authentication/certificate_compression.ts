/**
 * What is done with compress_certificate (RFC 8879): a Certificate message is compressed once per credential and not once per
 * handshake, and decompressed within bounds.
 *
 * @module
 */
import { chain, isPromise, type MaybePromise } from "@sealane/providers";
import {
  type CertificateCompressionAlgorithm,
  certificateCompressionAlgorithmName,
  equalBytes,
  TlsError,
} from "@sealane/wire";
import {
  type CompressedCertificate,
  encodeCompressedCertificate,
} from "../messages/compressed_certificate.ts";
import type { CertificateCompression } from "../extensions/compression_algorithms.ts";

/** Algorithms in order of preference: what a hello offers in compress_certificate. */
export function compressionIds(
  algorithms: readonly CertificateCompression[],
): CertificateCompressionAlgorithm[] {
  return algorithms.map(({ id }) => id);
}

/**
 * The body of the Certificate message in a CompressedCertificate.
 *
 * `offered` are the algorithms that the hello or the request named, and `limit` the largest body in bytes that is taken: both are
 * checked before anything is decompressed.
 *
 * @throws {TlsError} `peer/certificate-compression-algorithm`, `peer/certificate-too-large`, `peer/certificate-decompression`.
 */
export function decompressCertificate(
  message: CompressedCertificate,
  offered: readonly CertificateCompression[],
  limit: number,
): MaybePromise<Uint8Array> {
  const name = certificateCompressionAlgorithmName(message.algorithm);
  const algorithm = offered.find(({ id }) => id === message.algorithm);
  // RFC 8879 §4: an algorithm that was not offered is illegal_parameter.
  if (algorithm === undefined) {
    throw new TlsError(
      "peer/certificate-compression-algorithm",
      `CompressedCertificate has the algorithm ${name}, which was not offered`,
    );
  }
  const { uncompressedLength, compressed } = message;
  if (uncompressedLength > limit) {
    throw new TlsError(
      "peer/certificate-too-large",
      `CompressedCertificate has uncompressed_length ${uncompressedLength}, more than ${limit}`,
    );
  }
  const output = uncompressedLength === 0
    ? null
    : algorithm.decompress(compressed, uncompressedLength);
  return chain(output, (body) => {
    // RFC 8879 §4: the length has to match exactly.
    if (body === null || body.length !== uncompressedLength) {
      throw new TlsError(
        "peer/certificate-decompression",
        `CompressedCertificate is not ${uncompressedLength} bytes that ${name} compressed`,
      );
    }
    return body;
  });
}

/** A Certificate body and what became of it. */
interface Kept {
  readonly algorithm: CertificateCompressionAlgorithm;
  readonly body: Uint8Array;
  /** The message; a promise while it is under way. */
  message: MaybePromise<Uint8Array>;
}

/**
 * Most Certificate messages that are kept of one credential: it has one for each set of extensions that peers ask for (a
 * staple, timestamps, a delegated credential) and each algorithm.
 */
const MAX_KEPT = 16;

/** Remembers compressed Certificate messages, for as long as their credentials live. One serves any number of connections. */
export class CompressionCache {
  readonly #kept = new WeakMap<object, Kept[]>();

  /**
   * The CompressedCertificate message, with its header, in place of a Certificate with this body; or `null` to send the Certificate
   * itself, because the peer and we have no algorithm in common.
   *
   * `ours` is in our order of preference, `theirs` is what the peer offered. `credential` is the object to which the
   * result belongs: with it the result goes.
   */
  compress(
    credential: object,
    body: Uint8Array,
    ours: readonly CertificateCompression[],
    theirs: readonly CertificateCompressionAlgorithm[],
  ): MaybePromise<Uint8Array | null> {
    const algorithm = ours.find(({ id }) => theirs.includes(id));
    if (algorithm === undefined) return null;
    let kept = this.#kept.get(credential);
    if (kept === undefined) this.#kept.set(credential, kept = []);
    const found = kept.find((each) =>
      each.algorithm === algorithm.id && equalBytes(each.body, body)
    );
    if (found !== undefined) return found.message;
    const message = compressBody(algorithm, body);
    const entry: Kept = { algorithm: algorithm.id, body: body.slice(), message };
    kept.push(entry);
    if (kept.length > MAX_KEPT) kept.shift();
    if (isPromise(message)) settleInto(entry, message, kept);
    return message;
  }
}

/** Puts the result in the place of its promise, so that later handshakes do not wait; a failure is not kept. */
function settleInto(entry: Kept, message: Promise<Uint8Array>, kept: Kept[]): void {
  message.then((value) => entry.message = value, () => {
    const at = kept.indexOf(entry);
    if (at >= 0) kept.splice(at, 1);
  });
}

function compressBody(
  algorithm: CertificateCompression,
  body: Uint8Array,
): MaybePromise<Uint8Array> {
  return chain(algorithm.compress(body), (compressed) =>
    encodeCompressedCertificate({
      algorithm: algorithm.id,
      uncompressedLength: body.length,
      compressed,
    }));
}
