/**
 * Handshake messages one behind the other, without records or packets around them.
 *
 * @module
 */
import { Reader } from "@sealane/wire";
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from "../messages/message.ts";

/**
 * All messages of `bytes`, of which the last one has to be whole; `what` names the bytes in errors.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function readMessages(bytes: Uint8Array, what: string): HandshakeMessage[] {
  const reader = new Reader(bytes, what);
  const messages: HandshakeMessage[] = [];
  let start = 0;
  while (reader.remaining > 0) {
    const type = reader.u8("msg_type");
    const body = reader.vector24("body");
    const end = start + HANDSHAKE_HEADER_LENGTH + body.length;
    messages.push({ type, body, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return messages;
}
