/**
 * What a handshake tells its carrier, in order (DESIGN: the event contract).
 *
 * - Messages and secrets come in the order in which they take effect. The write secret of a level comes before its read
 *   secret; the one exception is a client over records that has early data open, whose handshake write secret comes when
 *   early data ends.
 * - A server has 1-RTT write before 0-RTT read.
 * - The early-data verdict comes before 1-RTT secrets.
 * - A read secret takes effect on a message boundary.
 * - After `alert` nothing comes.
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import type { AlertDescription, ExtensionType, NamedGroup, SignatureScheme } from "@sealane/wire";
import type { ExtensionContext } from "../extensions/table.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { Level } from "../messages/level.ts";
import type { Session } from "../session/session.ts";

/** Why a server accepted or declined early data, or why a client's was not sent or not taken. */
export type EarlyDataReason =
  | "accepted"
  | "disabled"
  | "no-session-offered"
  | "session-not-resumed"
  | "unsupported-for-session"
  | "hello-retry-request"
  | "cipher-suite-mismatch"
  | "alpn-mismatch"
  | "transport-context-mismatch"
  | "ticket-age-skew"
  | "replay"
  | "application-declined"
  | "peer-declined";

/** What was agreed. */
export interface HandshakeInfo {
  /** The cipher suite. */
  readonly suite: CipherSuite;
  /** The group of the key exchange; `null` with a PSK alone. */
  readonly group: NamedGroup | null;
  /**
   * With a suite of RFC 8998: whether group, signatures and the peer's certificate were those of its section 3.3; `null` with
   * other suites.
   */
  readonly shangmiProfile: boolean | null;
  /** The protocol of ALPN; `null` if none was agreed. */
  readonly alpn: string | null;
  /** The host name: on a server the one that the client asked for, on a client the one that it asked for. */
  readonly serverName: string | null;
  /** Whether a session was resumed. */
  readonly resumed: boolean;
  /** Whether the handshake was authenticated by an external PSK. */
  readonly externalPsk: boolean;
  /** The identity of the external PSK: who the other side is; `null` without one. */
  readonly pskIdentity: Uint8Array | null;
  /** Whether there was a HelloRetryRequest. */
  readonly helloRetryRequest: boolean;
  /**
   * Whether the connection was made with an encrypted ClientHello (RFC 9849): on a client whether the server confirmed it,
   * on a server whether it opened it itself.
   */
  readonly echAccepted: boolean;
  /** Whether early data was accepted. */
  readonly earlyDataAccepted: boolean;
  /** Why early data was or was not sent and accepted; `null` on a server whose client announced none. */
  readonly earlyDataReason: EarlyDataReason | null;
  /** On a server that resumed a session: the client's age of the ticket minus ours, milliseconds; else `null`. */
  readonly ticketAgeSkew: number | null;
  /** Who the peer is; `null` if it did not authenticate with a certificate or key. After a resumption, the session's. */
  readonly peer: PeerIdentity | null;
  /** The scheme of the peer's CertificateVerify; `null` without one. */
  readonly peerSignatureScheme: SignatureScheme | null;
  /** The scheme of our CertificateVerify; `null` without one. */
  readonly signatureScheme: SignatureScheme | null;
}

/** One event. */
export type HandshakeEvent =
  | MessageEvent
  | SecretEvent
  | EarlyDataEvent
  | PeerExtensionEvent
  | RecordSizeLimitEvent
  | TicketEvent
  | CompleteEvent
  | ClientAuthenticationEvent
  | AlertEvent;

/** A handshake message to send at `level`. */
export interface MessageEvent {
  /** Discriminator. */
  readonly type: "message";
  /** The level whose keys protect it. */
  readonly level: Level;
  /** Header and body. */
  readonly data: Uint8Array;
}

/** A traffic secret. A second one for `application` is a key update over records. */
export interface SecretEvent {
  /** Discriminator. */
  readonly type: "secret";
  /** Whether it protects what we receive or what we send. */
  readonly direction: "read" | "write";
  /** The level that it belongs to. */
  readonly level: Level;
  /** The suite that it is for. */
  readonly suite: CipherSuite;
  /** The secret: `suite.hash.outputLength` bytes. The carrier wipes it. */
  readonly secret: Uint8Array;
}

/** The verdict on early data. A client that offered none and a server that was offered none have no such event. */
export interface EarlyDataEvent {
  /** Discriminator. */
  readonly type: "earlyData";
  /** Whether it counts. */
  readonly accepted: boolean;
  /** Why. */
  readonly reason: EarlyDataReason;
  /** On a server that declined after a HelloRetryRequest: early data ends at the second ClientHello. */
  readonly afterHelloRetryRequest: boolean;
}

/** An extension of the peer that a `CustomExtension` of the configuration stands for. */
export interface PeerExtensionEvent {
  /** Discriminator. */
  readonly type: "peerExtension";
  /** The message that carried it. */
  readonly context: ExtensionContext;
  /** IANA code point. */
  readonly extension: ExtensionType;
  /** Its content. */
  readonly data: Uint8Array;
}

/** Both sides have agreed to heed record_size_limit (RFC 8449): for a carrier with records. */
export interface RecordSizeLimitEvent {
  /** Discriminator. */
  readonly type: "recordSizeLimit";
  /** Bytes of the largest inner plaintext that the peer takes. */
  readonly send: number;
  /** Bytes of the largest inner plaintext that we take. */
  readonly receive: number;
}

/** On a client: a session to resume later. */
export interface TicketEvent {
  /** Discriminator. */
  readonly type: "ticket";
  /** The session. */
  readonly session: Session;
}

/** The handshake is done: both Finished messages are through. */
export interface CompleteEvent {
  /** Discriminator. */
  readonly type: "complete";
  /** What was agreed. */
  readonly info: HandshakeInfo;
}

/**
 * On a server: the client answered a post-handshake request for authentication (RFC 9846 section 4.7.2). If it has not
 * declined, the `peer` of the info is this one from now on, and tickets say so.
 */
export interface ClientAuthenticationEvent {
  /** Discriminator. */
  readonly type: "clientAuthentication";
  /** The context of the request. */
  readonly context: Uint8Array;
  /** Who the client is; `null` if it declined. */
  readonly peer: PeerIdentity | null;
}

/** A fatal alert to send, under the current write keys. The last event. */
export interface AlertEvent {
  /** Discriminator. */
  readonly type: "alert";
  /** The alert. */
  readonly description: AlertDescription;
}
