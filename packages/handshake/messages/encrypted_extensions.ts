/**
 * EncryptedExtensions (RFC 9846 section 4.4.1).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** An EncryptedExtensions message. */
export interface EncryptedExtensions {
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** Encodes EncryptedExtensions with its header. */
export function encodeEncryptedExtensions({ extensions }: EncryptedExtensions): Uint8Array {
  return encodeMessage(
    HandshakeType.encrypted_extensions,
    (writer) => writeExtensions(writer, extensions),
  );
}

/**
 * Decodes the body of EncryptedExtensions.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-hello-extension`.
 */
export function decodeEncryptedExtensions(body: Uint8Array): EncryptedExtensions {
  return decodeBody(HandshakeType.encrypted_extensions, body, (reader) => ({
    extensions: readExtensions(reader, "EncryptedExtensions", "peer/duplicate-hello-extension"),
  }));
}
