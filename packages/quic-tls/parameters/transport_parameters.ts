/**
 * Transport parameters (RFC 9000 sections 7.4 and 18): the content of the TLS extension 0x39, as values.
 *
 * @module
 */
/** Identifiers of transport parameters (RFC 9000 section 18.2, RFC 9221, RFC 9287, RFC 9368). */
export const TransportParameterId = {
  original_destination_connection_id: 0x00,
  max_idle_timeout: 0x01,
  stateless_reset_token: 0x02,
  max_udp_payload_size: 0x03,
  initial_max_data: 0x04,
  initial_max_stream_data_bidi_local: 0x05,
  initial_max_stream_data_bidi_remote: 0x06,
  initial_max_stream_data_uni: 0x07,
  initial_max_streams_bidi: 0x08,
  initial_max_streams_uni: 0x09,
  ack_delay_exponent: 0x0a,
  max_ack_delay: 0x0b,
  disable_active_migration: 0x0c,
  preferred_address: 0x0d,
  active_connection_id_limit: 0x0e,
  initial_source_connection_id: 0x0f,
  retry_source_connection_id: 0x10,
  version_information: 0x11,
  max_datagram_frame_size: 0x20,
  grease_quic_bit: 0x2ab2,
} as const;
/** An identifier of a transport parameter: any number below 2^62. */
export type TransportParameterId = number;

/** A server's other address (RFC 9000 section 18.2). An address of zeros means none of that family. */
export interface PreferredAddress {
  /** IPv4 address, 4 bytes. */
  readonly ipv4Address: Uint8Array;
  /** IPv4 port. */
  readonly ipv4Port: number;
  /** IPv6 address, 16 bytes. */
  readonly ipv6Address: Uint8Array;
  /** IPv6 port. */
  readonly ipv6Port: number;
  /** The connection ID to use there, 1 to 20 bytes. */
  readonly connectionId: Uint8Array;
  /** Its stateless reset token, 16 bytes. */
  readonly statelessResetToken: Uint8Array;
}

/** The versions that an endpoint chose and could have chosen (RFC 9368 section 3). */
export interface VersionInformation {
  /** The version in use. */
  readonly chosenVersion: number;
  /** A client's compatible versions, most preferred first; a server's deployed ones. */
  readonly availableVersions: readonly number[];
}

/**
 * Transport parameters. What is left out is not sent, and has the default of RFC 9000 section 18.2 (see
 * {@link DEFAULT_TRANSPORT_PARAMETERS}); numbers from the peer above 2^53 - 1 read as 2^53 - 1.
 */
export interface TransportParameters {
  /** Server only: the Destination Connection ID of the client's first Initial packet. */
  readonly originalDestinationConnectionId?: Uint8Array;
  /** Milliseconds; 0 is none. */
  readonly maxIdleTimeout?: number;
  /** Server only: 16 bytes. */
  readonly statelessResetToken?: Uint8Array;
  /** Bytes, at least 1,200. */
  readonly maxUdpPayloadSize?: number;
  /** Bytes of the whole connection. */
  readonly initialMaxData?: number;
  /** Bytes of a bidirectional stream that the sender of the parameter opens. */
  readonly initialMaxStreamDataBidiLocal?: number;
  /** Bytes of a bidirectional stream that its receiver opens. */
  readonly initialMaxStreamDataBidiRemote?: number;
  /** Bytes of a unidirectional stream. */
  readonly initialMaxStreamDataUni?: number;
  /** Bidirectional streams that the receiver may open, at most 2^60. */
  readonly initialMaxStreamsBidi?: number;
  /** Unidirectional streams that the receiver may open, at most 2^60. */
  readonly initialMaxStreamsUni?: number;
  /** 0 to 20. */
  readonly ackDelayExponent?: number;
  /** Milliseconds, below 2^14. */
  readonly maxAckDelay?: number;
  /** Whether the sender does not want its peer to migrate. */
  readonly disableActiveMigration?: boolean;
  /** Server only. */
  readonly preferredAddress?: PreferredAddress;
  /** At least 2. */
  readonly activeConnectionIdLimit?: number;
  /** The Source Connection ID of the sender's first Initial packet. */
  readonly initialSourceConnectionId?: Uint8Array;
  /** Server only: the Source Connection ID of the Retry packet. */
  readonly retrySourceConnectionId?: Uint8Array;
  /** RFC 9368. */
  readonly versionInformation?: VersionInformation;
  /** Bytes of the largest DATAGRAM frame (RFC 9221); 0: none. */
  readonly maxDatagramFrameSize?: number;
  /** Whether the fixed bit may be 0 towards the sender (RFC 9287). */
  readonly greaseQuicBit?: boolean;
  /** Parameters that are not in the table, by identifier. */
  readonly unknown?: ReadonlyMap<bigint, Uint8Array>;
}

/** What holds for a parameter that was not sent (RFC 9000 section 18.2, RFC 9221 section 3). */
export const DEFAULT_TRANSPORT_PARAMETERS: Required<
  Omit<
    TransportParameters,
    | "originalDestinationConnectionId"
    | "statelessResetToken"
    | "preferredAddress"
    | "initialSourceConnectionId"
    | "retrySourceConnectionId"
    | "versionInformation"
    | "unknown"
  >
> = Object.freeze(
  {
    maxIdleTimeout: 0,
    maxUdpPayloadSize: 65527,
    initialMaxData: 0,
    initialMaxStreamDataBidiLocal: 0,
    initialMaxStreamDataBidiRemote: 0,
    initialMaxStreamDataUni: 0,
    initialMaxStreamsBidi: 0,
    initialMaxStreamsUni: 0,
    ackDelayExponent: 3,
    maxAckDelay: 25,
    disableActiveMigration: false,
    activeConnectionIdLimit: 2,
    maxDatagramFrameSize: 0,
    greaseQuicBit: false,
  } as const satisfies TransportParameters,
);

/** The transport parameters that a transport configures: those that `QuicTls` does not set itself. */
export type LocalTransportParameters = Omit<
  TransportParameters,
  | "originalDestinationConnectionId"
  | "initialSourceConnectionId"
  | "retrySourceConnectionId"
  | "versionInformation"
>;
