/**
 * Certificate (RFC 9846 section 4.5.1).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** One certificate of a chain with its extensions. */
export interface CertificateEntry {
  /** DER of an X.509 certificate or, where raw public keys were negotiated, of a SubjectPublicKeyInfo; never empty. */
  readonly data: Uint8Array;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** A Certificate message. */
export interface Certificate {
  /** `certificate_request_context`: empty from a server, the request's from a client; at most 255 bytes. */
  readonly context: Uint8Array;
  /** The end entity's first; empty where a client has no certificate to show. */
  readonly entries: readonly CertificateEntry[];
}

/** Encodes a Certificate message with its header. */
export function encodeCertificate({ context, entries }: Certificate): Uint8Array {
  return encodeMessage(HandshakeType.certificate, (writer) => {
    writer.vector8(context).vector24((list) => {
      for (const { data, extensions } of entries) writeExtensions(list.vector24(data), extensions);
    });
  });
}

/**
 * Decodes the body of a Certificate message. Its size is bounded by the caller's limit on handshake messages.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`.
 */
export function decodeCertificate(body: Uint8Array): Certificate {
  return decodeBody(HandshakeType.certificate, body, (reader) => ({
    context: reader.vector8("certificate_request_context"),
    entries: reader.list(reader.vector24("certificate_list"), "certificate_list", (entry) => ({
      data: entry.vector24("cert_data", { min: 1 }),
      extensions: readExtensions(entry, "CertificateEntry"),
    })),
  }));
}
