/**
 * CompressedCertificate (RFC 8879 section 4), which stands in the place of Certificate.
 *
 * @module
 */
import { type CertificateCompressionAlgorithm, HandshakeType } from "@sealane/wire";
import { decodeBody, encodeMessage } from "./message.ts";

/** A CompressedCertificate message. */
export interface CompressedCertificate {
  /** How it was compressed. */
  readonly algorithm: CertificateCompressionAlgorithm;
  /** Bytes of the body of the Certificate message, as the sender claims. */
  readonly uncompressedLength: number;
  /** The compressed body of the Certificate message; never empty. */
  readonly compressed: Uint8Array;
}

/** Encodes CompressedCertificate with its header. */
export function encodeCompressedCertificate(message: CompressedCertificate): Uint8Array {
  return encodeMessage(HandshakeType.compressed_certificate, (writer) => {
    writer.u16(message.algorithm).u24(message.uncompressedLength).vector24(message.compressed);
  });
}

/**
 * Decodes the body of CompressedCertificate; nothing is decompressed here.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function decodeCompressedCertificate(body: Uint8Array): CompressedCertificate {
  return decodeBody(HandshakeType.compressed_certificate, body, (reader) => ({
    algorithm: reader.u16("algorithm"),
    uncompressedLength: reader.u24("uncompressed_length"),
    compressed: reader.vector24("compressed_certificate_message", { min: 1 }),
  }));
}
