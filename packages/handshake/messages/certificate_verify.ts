/**
 * CertificateVerify (RFC 9846 section 4.5.2).
 *
 * @module
 */
import { HandshakeType, type SignatureScheme } from "@sealane/wire";
import { decodeBody, encodeMessage } from "./message.ts";

/** A CertificateVerify message. */
export interface CertificateVerify {
  /** How the signature was made. */
  readonly scheme: SignatureScheme;
  /** The signature, at most 65,535 bytes. */
  readonly signature: Uint8Array;
}

/** Encodes CertificateVerify with its header. */
export function encodeCertificateVerify({ scheme, signature }: CertificateVerify): Uint8Array {
  return encodeMessage(
    HandshakeType.certificate_verify,
    (writer) => void writer.u16(scheme).vector16(signature),
  );
}

/**
 * Decodes the body of CertificateVerify.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function decodeCertificateVerify(body: Uint8Array): CertificateVerify {
  return decodeBody(HandshakeType.certificate_verify, body, (reader) => ({
    scheme: reader.u16("algorithm"),
    signature: reader.vector16("signature"),
  }));
}
