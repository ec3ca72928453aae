/**
 * KeyUpdate (RFC 9846 section 4.7.3).
 *
 * @module
 */
import { HandshakeType, TlsError } from "@sealane/wire";
import { decodeBody, encodeMessage } from "./message.ts";

/** A KeyUpdate message. */
export interface KeyUpdate {
  /** Whether the receiver is to update its own sending keys too. */
  readonly requestUpdate: boolean;
}

/** Encodes KeyUpdate with its header. */
export function encodeKeyUpdate({ requestUpdate }: KeyUpdate): Uint8Array {
  return encodeMessage(HandshakeType.key_update, (writer) => void writer.u8(requestUpdate ? 1 : 0));
}

/**
 * Decodes the body of KeyUpdate.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/key-update-request`.
 */
export function decodeKeyUpdate(body: Uint8Array): KeyUpdate {
  return decodeBody(HandshakeType.key_update, body, (reader) => {
    const request = reader.u8("request_update");
    // RFC 9846 §4.7.3: any other value is illegal_parameter.
    if (request > 1) {
      throw new TlsError(
        "peer/key-update-request",
        `key_update has request_update ${request}, neither 0 nor 1`,
      );
    }
    return { requestUpdate: request === 1 };
  });
}
