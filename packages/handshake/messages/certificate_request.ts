/**
 * CertificateRequest (RFC 9846 section 4.4.2), and ClientCertificateRequest, which looks the same (RFC 9261 section 4).
 *
 * @module
 */
import { HandshakeType, handshakeTypeName } from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** A CertificateRequest. */
export interface CertificateRequest {
  /** `certificate_request_context`: empty in the handshake, unique to the request after it; at most 255 bytes. */
  readonly context: Uint8Array;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** Its handshake type: a client that asks by exported authenticators (RFC 9261 section 4) has one of its own. */
export type CertificateRequestType =
  | typeof HandshakeType.certificate_request
  | typeof HandshakeType.client_certificate_request;

/** Encodes a CertificateRequest, or a ClientCertificateRequest, with its header. */
export function encodeCertificateRequest(
  { context, extensions }: CertificateRequest,
  type: CertificateRequestType = HandshakeType.certificate_request,
): Uint8Array {
  return encodeMessage(type, (writer) => {
    writeExtensions(writer.vector8(context), extensions);
  });
}

/**
 * Decodes the body of a CertificateRequest or ClientCertificateRequest.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`.
 */
export function decodeCertificateRequest(
  body: Uint8Array,
  type: CertificateRequestType = HandshakeType.certificate_request,
): CertificateRequest {
  return decodeBody(type, body, (reader) => ({
    context: reader.vector8("certificate_request_context"),
    extensions: readExtensions(reader, handshakeTypeName(type)),
  }));
}
