/**
 * record_size_limit (RFC 8449): the largest record that a peer is willing to take.
 *
 * @module
 */
import { ExtensionType, type Reader, TlsError } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.record_size_limit;

/** The least limit that may be sent (RFC 8449 section 4). */
export const MIN_RECORD_SIZE_LIMIT = 64;

/** The largest limit that means something in TLS 1.3: 2^14 bytes and the content type (RFC 8449 section 4). */
export const MAX_RECORD_SIZE_LIMIT = 16385;

function read(reader: Reader, message: string, max: number): number {
  const limit = reader.u16("record_size_limit");
  if (limit < MIN_RECORD_SIZE_LIMIT || limit > max) {
    throw new TlsError("peer/record-size-limit", `${message} has record_size_limit ${limit}`);
  }
  return limit;
}

/**
 * In ClientHello: bytes of the inner plaintext of a record (content, content type and padding), 64 to 65,535. RFC 8449 §4: a
 * server does not refuse a limit above what the protocol allows, since the client may know of an extension that it does not.
 */
export const recordSizeLimitInClientHello: ExtensionCodec<number> = {
  type,
  encode: (writer, limit) => void writer.u16(limit),
  decode: (reader) => read(reader, "ClientHello", 0xffff),
};

/** In EncryptedExtensions: the same, of the server, 64 to 16,385. */
export const recordSizeLimitInEncryptedExtensions: ExtensionCodec<number> = {
  type,
  encode: (writer, limit) => void writer.u16(limit),
  decode: (reader) => read(reader, "EncryptedExtensions", MAX_RECORD_SIZE_LIMIT),
};
