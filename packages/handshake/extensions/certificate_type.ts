/**
 * client_certificate_type and server_certificate_type (RFC 7250): X.509 or a raw public key, for each side.
 *
 * @module
 */
import { CertificateType, ExtensionType, extensionTypeName, TlsError } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

function offer(type: ExtensionType): ExtensionCodec<readonly CertificateType[]> {
  return {
    type,
    encode: (writer, types) => void writer.vector8(Uint8Array.from(types)),
    decode(reader) {
      const types = reader.u8List("certificate_types");
      // RFC 7250 §4.1: a client with nothing but the default to offer MUST omit the extension.
      if (types.every((certificateType) => certificateType === CertificateType.X509)) {
        throw new TlsError(
          "peer/certificate-type-list",
          `ClientHello offers nothing but the default in ${extensionTypeName(type)}`,
        );
      }
      return types;
    },
  };
}

function answer(type: ExtensionType): ExtensionCodec<CertificateType> {
  return {
    type,
    encode: (writer, certificateType) => void writer.u8(certificateType),
    decode: (reader) => reader.u8("certificate_type"),
  };
}

/** In ClientHello: what the client can send, its order of preference. */
export const clientCertificateTypeInClientHello: ExtensionCodec<readonly CertificateType[]> = offer(
  ExtensionType.client_certificate_type,
);

/** In EncryptedExtensions: what the server wants the client to send. */
export const clientCertificateTypeInEncryptedExtensions: ExtensionCodec<CertificateType> = answer(
  ExtensionType.client_certificate_type,
);

/** In ClientHello: what the client takes from the server, its order of preference. */
export const serverCertificateTypeInClientHello: ExtensionCodec<readonly CertificateType[]> = offer(
  ExtensionType.server_certificate_type,
);

/** In EncryptedExtensions: what the server sends. */
export const serverCertificateTypeInEncryptedExtensions: ExtensionCodec<CertificateType> = answer(
  ExtensionType.server_certificate_type,
);
