/**
 * The configuration of a QUIC-TLS session.
 *
 * @module
 */
import type { ClientConfig, ServerConfig } from "@sealane/handshake";
import type { QuicVersion } from "./packets/version.ts";
import type { ParameterConfig } from "./parameters/parameter_exchange.ts";

/** What both roles configure. */
export interface QuicCommonConfig extends ParameterConfig {
  /** The probe timeout of the moment, in milliseconds: it says how long old keys live. */
  readonly pto: () => number;
  /** A clock in milliseconds that does not go back; `performance.now` unless given. */
  readonly now?: () => number;
  /** How many bytes of CRYPTO data are held at each level beyond those in order; 65,536 unless given. */
  readonly cryptoBuffer?: number;
  /** How many packets are held that came before their keys; 0, none, unless given. */
  readonly heldPackets?: number;
}

/** A client's configuration. */
export interface QuicClientConfig extends QuicCommonConfig {
  /** The TLS side; see `@sealane/handshake`. ALPN has to be there. */
  readonly tls: ClientConfig;
  /** The Destination Connection ID of the first packet, at least 8 random bytes (RFC 9000 section 7.2). */
  readonly destinationConnectionId: Uint8Array;
  /** The version of the first packet; version 1 unless given. */
  readonly version?: QuicVersion;
  /** Whether this attempt follows a Version Negotiation packet. */
  readonly afterVersionNegotiation?: boolean;
}

/** A server's configuration. */
export interface QuicServerConfig extends QuicCommonConfig {
  /** The TLS side; see `@sealane/handshake`. ALPN has to be there. */
  readonly tls: ServerConfig;
  /** The version of the client's first packet. */
  readonly version: QuicVersion;
  /** The Destination Connection ID of the client's Initial packet that made this connection. */
  readonly destinationConnectionId: Uint8Array;
  /** After a Retry packet: the Destination Connection ID before it, from the token. */
  readonly originalDestinationConnectionId?: Uint8Array;
  /**
   * Whether 1-RTT packets may be sent before the client's Finished (0.5-RTT data: RFC 9001 section 5.7) where the TLS
   * configuration that counts (that of `onClientHello`, if it gave one) asks the client for a certificate. Whoever has sent the
   * ClientHello can read them: nobody has shown a certificate yet, nor, with a session, that the ClientHello is no replay.
   * False unless given: {@link QuicTls.canSend} says so, the event `keys` for writing at the level `application` comes with
   * the client's Finished, and 0-RTT packets are acknowledged from then on. Without client authentication a server sends as
   * soon as its own Finished is out.
   */
  readonly sendBeforeClientAuthentication?: boolean;
}
