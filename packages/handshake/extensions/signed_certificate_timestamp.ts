/**
 * signed_certificate_timestamp (RFC 6962 section 3.3, RFC 9846 section 4.5.1.1): proofs that a certificate was logged.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import { emptyCodec, type ExtensionCodec } from "./extension.ts";

const type = ExtensionType.signed_certificate_timestamp;

/** In ClientHello: the client wants them. */
export const signedCertificateTimestampInClientHello: ExtensionCodec<true> = emptyCodec(type);

/** In CertificateRequest: the server wants them. */
export const signedCertificateTimestampInCertificateRequest: ExtensionCodec<true> =
  signedCertificateTimestampInClientHello;

/** In a CertificateEntry: the SCTs; at least one, none empty. */
export const signedCertificateTimestampInCertificate: ExtensionCodec<readonly Uint8Array[]> = {
  type,
  encode(writer, timestamps) {
    writer.vector16((list) => timestamps.forEach((timestamp) => list.vector16(timestamp)));
  },
  decode: (reader) =>
    reader.list(
      reader.vector16("sct_list", { min: 1 }),
      "sct_list",
      (list) => list.vector16("serialized_sct", { min: 1 }),
    ),
};
