/**
 * Why a packet was dropped. Nothing is dropped without one of these reasons, for logs, counters and qlog.
 *
 * @module
 */

/** Every reason with a sentence about it. */
export const DROP_REASONS = {
  "empty": "there are no bytes",
  "truncated": "the header ends early",
  "length": "the Length field says more bytes than the datagram has",
  "fixed-bit": "the fixed bit is 0 and was not greased",
  "connection-id-too-long": "a connection ID is longer than 20 bytes",
  "connection-id-too-short": "a client's first connection ID is shorter than 8 bytes",
  "unknown-connection-id": "the connection ID is none of ours",
  "coalesced-connection-id": "the connection ID is not that of the first packet in the datagram",
  "unknown-version": "the version is unknown",
  "unexpected-version": "the version is not the one in use",
  "unexpected-type": "this endpoint does not receive packets of this type now",
  "initial-token": "a server's Initial packet has a token",
  "retry-token": "a Retry packet has no token",
  "retry-integrity": "the Retry integrity tag is wrong",
  "retry-late": "a Retry packet after another packet was processed",
  "version-negotiation-late": "a Version Negotiation packet that comes late or lists our version",
  "no-common-version": "the server has no version of ours, which ends the connection",
  "small-datagram": "a datagram of less than 1,200 bytes begins no connection",
  "too-short": "the packet is too short for a header-protection sample",
  "packet-number": "the packet number is beyond 2^53 - 1",
  "keys-unavailable": "the keys do not exist yet",
  "keys-discarded": "the keys exist no more",
  "held": "the keys do not exist yet; the packet waits for them",
  "hold-queue-full": "the keys do not exist yet and the hold queue is full",
  "early-data-rejected": "0-RTT was not accepted",
  "authentication": "the packet does not authenticate",
  "handshake-incomplete": "a server opens 1-RTT packets when the handshake is complete",
  "protocol-error": "the packet authenticates and breaks a rule, which ends the connection",
  "closed": "the connection has failed",
} as const;

/** Why a packet was dropped: a key of {@link DROP_REASONS}. */
export type DropReason = keyof typeof DROP_REASONS;
