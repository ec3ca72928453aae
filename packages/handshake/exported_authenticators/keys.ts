/**
 * What ties an authenticator to its connection: two values of the exporter (RFC 9261 section 5.1).
 *
 * @module
 */
import type { PostHandshake } from "../engine/post_handshake.ts";

const EMPTY = new Uint8Array();

/** The exporter labels, by who sends the authenticator. */
const LABELS = {
  client: {
    handshakeContext: "EXPORTER-client authenticator handshake context",
    finishedKey: "EXPORTER-client authenticator finished key",
  },
  server: {
    handshakeContext: "EXPORTER-server authenticator handshake context",
    finishedKey: "EXPORTER-server authenticator finished key",
  },
} as const;

/** The values of one sender; both are as long as the hash. */
export interface AuthenticatorKeys {
  /** What the transcript of its authenticators begins with. */
  readonly handshakeContext: Uint8Array;
  /** The key of the HMAC that is Finished. To be wiped. */
  readonly finishedKey: Uint8Array;
}

/** Derives the values for authenticators of `sender`; throws as the exporter does. */
export function authenticatorKeys(
  post: PostHandshake,
  sender: "client" | "server",
  length: number,
): AuthenticatorKeys {
  const { handshakeContext, finishedKey } = LABELS[sender];
  return {
    handshakeContext: post.exportKeyingMaterial(handshakeContext, EMPTY, length),
    finishedKey: post.exportKeyingMaterial(finishedKey, EMPTY, length),
  };
}
