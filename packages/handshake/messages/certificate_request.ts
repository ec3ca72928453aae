/**
 * CertificateRequest (RFC 9846 section 4.4.2).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** A CertificateRequest. */
export interface CertificateRequest {
  /** `certificate_request_context`: empty in the handshake, unique to the request after it; at most 255 bytes. */
  readonly context: Uint8Array;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** Encodes a CertificateRequest with its header. */
export function encodeCertificateRequest({ context, extensions }: CertificateRequest): Uint8Array {
  return encodeMessage(HandshakeType.certificate_request, (writer) => {
    writeExtensions(writer.vector8(context), extensions);
  });
}

/**
 * Decodes the body of a CertificateRequest.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`.
 */
export function decodeCertificateRequest(body: Uint8Array): CertificateRequest {
  return decodeBody(HandshakeType.certificate_request, body, (reader) => ({
    context: reader.vector8("certificate_request_context"),
    extensions: readExtensions(reader, "CertificateRequest"),
  }));
}
