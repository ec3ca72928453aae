/**
 * Finished (RFC 9846 section 4.5.3).
 *
 * @module
 */
import { HandshakeType, TlsError } from "@sealane/wire";
import { encodeMessage } from "./message.ts";

/** A Finished message. */
export interface Finished {
  /** The HMAC over the transcript, as long as the hash. */
  readonly verifyData: Uint8Array;
}

/** Encodes Finished with its header. */
export function encodeFinished({ verifyData }: Finished): Uint8Array {
  return encodeMessage(HandshakeType.finished, (writer) => void writer.bytes(verifyData));
}

/**
 * Decodes the body of Finished: all of it is `verify_data`, as long as the hash. What is longer fails as a wrong value does,
 * which BoringSSL's suite asserts.
 *
 * @throws {TlsError} `peer/decode-error` if it is shorter (RFC 9846 section 6.2).
 */
export function decodeFinished(body: Uint8Array, hashLength: number): Finished {
  if (body.length < hashLength) {
    throw new TlsError(
      "peer/decode-error",
      `Finished has a verify_data of ${body.length} bytes, not ${hashLength}`,
    );
  }
  return { verifyData: body };
}
