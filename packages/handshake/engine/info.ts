/**
 * What was agreed, as the program is told it: made here for both roles.
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import type { NamedGroup, SignatureScheme } from "@sealane/wire";
import { keepsProfile } from "../config/suite_profile.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { EarlyDataReason, HandshakeInfo } from "./events.ts";
import type { Psk } from "./psk.ts";

/** What the steps of a flow found out. */
export interface Outcome {
  /** The cipher suite. */
  readonly suite: CipherSuite;
  /** The group of the key exchange; `null` with a PSK alone (psk_ke). */
  readonly group: NamedGroup | null;
  /** The PSK; `null` without one. */
  readonly psk: Psk | null;
  /** The client's age of the ticket minus ours, milliseconds; `null` on a client. */
  readonly ageSkew: number | null;
  /** ALPN; `null` if no protocol was agreed. */
  readonly alpn: Uint8Array | null;
  /** The host name. */
  readonly serverName: string | null;
  /** Whether there was a HelloRetryRequest. */
  readonly retried: boolean;
  /** Whether the connection was made with the inner ClientHello. */
  readonly echAccepted: boolean;
  /** The verdict on early data; `null` if none was announced. */
  readonly earlyDataReason: EarlyDataReason | null;
  /** Who the peer is, as far as it is known. */
  readonly peer: PeerIdentity | null;
  /** The scheme of the peer's CertificateVerify; `null` without one. */
  readonly peerSignatureScheme: SignatureScheme | null;
  /** The scheme of our CertificateVerify; `null` without one. */
  readonly signatureScheme: SignatureScheme | null;
}

/** The outcome of a handshake, in either role. */
export function handshakeInfo(outcome: Outcome): HandshakeInfo {
  const { psk, alpn, ageSkew, earlyDataReason } = outcome;
  const resumed = psk !== null && psk.session !== null;
  const externalPsk = psk !== null && psk.session === null;
  return {
    suite: outcome.suite,
    group: outcome.group,
    shangmiProfile: keepsProfile({
      ...outcome,
      schemes: [outcome.peerSignatureScheme, outcome.signatureScheme],
    }),
    alpn: alpn === null ? null : new TextDecoder().decode(alpn),
    serverName: outcome.serverName,
    resumed,
    externalPsk,
    pskIdentity: externalPsk ? psk.identity : null,
    helloRetryRequest: outcome.retried,
    echAccepted: outcome.echAccepted,
    earlyDataAccepted: earlyDataReason === "accepted",
    earlyDataReason,
    ticketAgeSkew: resumed ? ageSkew : null,
    peer: outcome.peer,
    peerSignatureScheme: outcome.peerSignatureScheme,
    signatureScheme: outcome.signatureScheme,
  };
}
