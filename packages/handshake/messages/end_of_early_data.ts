/**
 * EndOfEarlyData (RFC 9846 section 4.6): nothing but its header.
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import { decodeBody, encodeMessage } from "./message.ts";

/** Encodes EndOfEarlyData with its header. */
export function encodeEndOfEarlyData(): Uint8Array {
  return encodeMessage(HandshakeType.end_of_early_data, () => {});
}

/**
 * Checks that the body of EndOfEarlyData is empty.
 *
 * @throws {TlsError} `peer/decode-error`.
 */
export function decodeEndOfEarlyData(body: Uint8Array): void {
  decodeBody(HandshakeType.end_of_early_data, body, () => {});
}
