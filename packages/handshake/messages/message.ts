/**
 * The frame of every handshake message (RFC 9846 section 4): type, 24-bit length, body.
 *
 * @module
 */
import { encode, type HandshakeType, handshakeTypeName, Reader, type Writer } from "@sealane/wire";

/** A handshake message that has arrived whole. */
export interface HandshakeMessage {
  /** What it is. */
  readonly type: HandshakeType;
  /** The body, without the header. */
  readonly body: Uint8Array;
  /** Header and body, as the transcript hashes them. */
  readonly bytes: Uint8Array;
}

/** Bytes of type and length. */
export const HANDSHAKE_HEADER_LENGTH = 4;

/** A handshake message with its header. */
export function encodeMessage(type: HandshakeType, body: (writer: Writer) => void): Uint8Array {
  return encode((writer) => writer.u8(type).vector24(body));
}

/**
 * Decodes a body with `decode` and refuses trailing bytes.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function decodeBody<T>(
  type: HandshakeType,
  body: Uint8Array,
  decode: (reader: Reader) => T,
): T {
  const reader = new Reader(body, handshakeTypeName(type));
  const value = decode(reader);
  reader.end();
  return value;
}
