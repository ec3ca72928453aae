/**
 * What the two carriers want of a handshake, as data: the handshake itself knows neither records nor packets.
 *
 * @module
 */
import { type ExtensionType, ExtensionType as E } from "@sealane/wire";

/** The traits of a carrier. */
export interface Carrier {
  /** Whether a client sends a `legacy_session_id` (RFC 9846 appendix E.4); a server refuses one where it must not. */
  readonly legacySessionId: boolean;
  /** Whether early data ends with EndOfEarlyData, and the client's handshake write keys wait for it. */
  readonly endOfEarlyData: boolean;
  /** Whether keys are updated with KeyUpdate messages. */
  readonly keyUpdateMessages: boolean;
  /** Whether a server may ask for a certificate after the handshake. */
  readonly postHandshakeAuthentication: boolean;
  /** Whether an application protocol must be agreed (RFC 9001 section 8.1). */
  readonly alpnRequired: boolean;
  /** The only `max_early_data_size` that a ticket may have other than 0; `null` where any may stand (RFC 9001 section 4.6.1). */
  readonly ticketEarlyDataSize: number | null;
  /** Whether there is early data under external PSKs, which remember nothing of the carrier. */
  readonly externalEarlyData: boolean;
  /** Extensions that a ClientHello may not have here, though another carrier has them. */
  readonly refusedExtensions: readonly ExtensionType[];
}

/** TLS records over a byte stream (RFC 9846 section 5). */
export const RECORDS: Carrier = {
  legacySessionId: true,
  endOfEarlyData: true,
  keyUpdateMessages: true,
  postHandshakeAuthentication: true,
  alpnRequired: false,
  ticketEarlyDataSize: null,
  externalEarlyData: true,
  // RFC 9001 §8.2: quic_transport_parameters over another transport is unsupported_extension.
  refusedExtensions: [E.quic_transport_parameters],
};

/** CRYPTO frames in QUIC packets (RFC 9001). */
export const PACKETS: Carrier = {
  // RFC 9001 §8.4: a client MUST NOT request the use of the TLS 1.3 compatibility mode.
  legacySessionId: false,
  // RFC 9001 §8.3: EndOfEarlyData is not sent.
  endOfEarlyData: false,
  // RFC 9001 §6: KeyUpdate messages are an error.
  keyUpdateMessages: false,
  // RFC 9001 §4.4: a server MUST NOT use post-handshake client authentication.
  postHandshakeAuthentication: false,
  alpnRequired: true,
  ticketEarlyDataSize: 0xffffffff,
  // RFC 9000 §7.4.1: early data needs the transport parameters of the server, which only sessions remember.
  externalEarlyData: false,
  refusedExtensions: [],
};
