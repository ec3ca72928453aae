/**
 * How a server shows that it took the inner hello (RFC 9849 sections 7.2 and 7.2.1): eight bytes in ServerHello.random, and
 * in an extension of HelloRetryRequest.
 *
 * @module
 */
import { type Hash, hkdfExpandLabel, hkdfExtract } from "@sealane/providers";
import { encodeExtension, encryptedClientHelloInHelloRetryRequest } from "../extensions/mod.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { decodeServerHello, encodeServerHello } from "../messages/server_hello.ts";
import type { Transcript } from "../engine/transcript.ts";

/** Bytes of a confirmation. */
export const CONFIRMATION_LENGTH = 8;
/** Where it stands in an encoded ServerHello: the last bytes of `random`, behind header and version. */
const END_OF_RANDOM = HANDSHAKE_HEADER_LENGTH + 2 + 32;

/** The label of each message. */
const LABEL = {
  serverHello: "ech accept confirmation",
  helloRetryRequest: "hrr ech accept confirmation",
} as const;

/** The confirmation for a transcript that ends with the message, which has zeros in its place. */
export function echConfirmation(
  hash: Hash,
  kind: keyof typeof LABEL,
  innerRandom: Uint8Array,
  transcriptHash: Uint8Array,
): Uint8Array {
  const secret = hkdfExtract(hash, new Uint8Array(hash.outputLength), innerRandom);
  return hkdfExpandLabel(hash, secret, LABEL[kind], transcriptHash, CONFIRMATION_LENGTH);
}

/** Where the confirmation of a ServerHello stands: a view over the message. */
export function confirmationIn(serverHello: Uint8Array): Uint8Array {
  return serverHello.subarray(END_OF_RANDOM - CONFIRMATION_LENGTH, END_OF_RANDOM);
}

/** Writes the confirmation into a ServerHello of ours; the transcript ends before it. */
export function confirmServerHello(
  transcript: Transcript,
  hash: Hash,
  innerRandom: Uint8Array,
  message: Uint8Array,
): void {
  const place = confirmationIn(message).fill(0);
  const transcriptHash = transcript.digestWith(message);
  place.set(echConfirmation(hash, "serverHello", innerRandom, transcriptHash));
}

/** A HelloRetryRequest of ours with its confirmation, as the last extension; the transcript is ClientHello1 alone. */
export function confirmHelloRetryRequest(
  transcript: Transcript,
  hash: Hash,
  innerRandom: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const hello = decodeServerHello(message.subarray(HANDSHAKE_HEADER_LENGTH));
  const empty = encodeExtension(
    encryptedClientHelloInHelloRetryRequest,
    new Uint8Array(CONFIRMATION_LENGTH),
  );
  const bytes = encodeServerHello({ ...hello, extensions: [...hello.extensions, empty] });
  const transcriptHash = transcript.digestWith(bytes);
  const confirmation = echConfirmation(hash, "helloRetryRequest", innerRandom, transcriptHash);
  bytes.set(confirmation, bytes.length - CONFIRMATION_LENGTH);
  return bytes;
}
