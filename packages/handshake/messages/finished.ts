/**
 * Finished (RFC 9846 section 4.5.3).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
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

/** Decodes the body of Finished: all of it is `verify_data`, so that a wrong length fails as a wrong value does. */
export function decodeFinished(body: Uint8Array): Finished {
  return { verifyData: body };
}
