/**
 * The keys of a connection for somebody else to go on with: the kernel (kTLS), a network card, another process.
 *
 * @module
 */
import { type CipherSuite, hkdfExpandLabel } from "@sealane/providers";

/** What protects the records of one direction from now on. */
export interface TrafficState {
  /** The application traffic secret: `suite.hash.outputLength` bytes. The keys after a KeyUpdate come from it. */
  readonly secret: Uint8Array;
  /** The key of the AEAD. */
  readonly key: Uint8Array;
  /** The IV, which the sequence number is XORed into (RFC 9846 section 5.3). Of AES-GCM in kTLS, its first 4 bytes are the salt. */
  readonly iv: Uint8Array;
  /** The number of the next record. */
  readonly sequenceNumber: number;
}

/** What protects both directions. */
export interface TrafficSecrets {
  /** The suite. */
  readonly suite: CipherSuite;
  /** What the peer sends. */
  readonly read: TrafficState;
  /** What we send. */
  readonly write: TrafficState;
}

const EMPTY = new Uint8Array();

/** The state of a direction; `secret` is copied. */
export function trafficState(
  { hash, aead }: CipherSuite,
  secret: Uint8Array,
  sequenceNumber: number,
): TrafficState {
  return {
    secret: secret.slice(),
    key: hkdfExpandLabel(hash, secret, "key", EMPTY, aead.keyLength),
    iv: hkdfExpandLabel(hash, secret, "iv", EMPTY, aead.nonceLength),
    sequenceNumber,
  };
}
