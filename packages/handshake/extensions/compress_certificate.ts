/**
 * compress_certificate (RFC 8879 section 3): which compressed certificates a peer can read.
 *
 * @module
 */
import { type CertificateCompressionAlgorithm, ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: algorithms in order of preference; at least one, none twice. */
export const compressCertificateInClientHello: ExtensionCodec<
  readonly CertificateCompressionAlgorithm[]
> = {
  type: ExtensionType.compress_certificate,
  encode(writer, algorithms) {
    writer.vector8((list) => algorithms.forEach((algorithm) => list.u16(algorithm)));
  },
  decode(reader) {
    const algorithms = reader.list(
      reader.vector8("algorithms", { min: 2 }),
      "algorithms",
      (list) => list.u16("algorithm"),
    );
    // RFC 8879 is silent on duplicates; BoringSSL takes them for an encoding error.
    if (new Set(algorithms).size < algorithms.length) {
      reader.fail("an algorithm stands there twice");
    }
    return algorithms;
  },
};

/** In CertificateRequest: the same, of the server. */
export const compressCertificateInCertificateRequest: ExtensionCodec<
  readonly CertificateCompressionAlgorithm[]
> = compressCertificateInClientHello;
