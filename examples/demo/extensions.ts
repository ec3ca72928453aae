/**
 * The extensions of the messages that have them, for the handshake page.
 *
 * @module
 */
import { extensionTypeName, HandshakeType, Reader } from "@sealane/wire";

/** An extension as it stands in a message. */
export interface ShownExtension {
  /** Its registered name. */
  readonly name: string;
  /** Its content. */
  readonly data: Uint8Array;
}

/** The extensions of a handshake message; none of a message that has no list of them. */
export function extensionsOf(message: Uint8Array): ShownExtension[] {
  const reader = new Reader(message.subarray(4), handshakeName(message[0]));
  switch (message[0]) {
    case HandshakeType.client_hello:
      reader.u16("legacy_version");
      reader.bytes(32, "random");
      reader.vector8("legacy_session_id");
      reader.vector16("cipher_suites");
      reader.vector8("legacy_compression_methods");
      break;
    case HandshakeType.server_hello:
      reader.u16("legacy_version");
      reader.bytes(32, "random");
      reader.vector8("legacy_session_id_echo");
      reader.u16("cipher_suite");
      reader.u8("legacy_compression_method");
      break;
    case HandshakeType.encrypted_extensions:
      break;
    default:
      return [];
  }
  return reader.list(reader.vector16("extensions"), "extensions", (list) => ({
    name: extensionTypeName(list.u16("extension_type")),
    data: list.vector16("extension_data"),
  }));
}

function handshakeName(type: number): string {
  return `message ${type}`;
}
