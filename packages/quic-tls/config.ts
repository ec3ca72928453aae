/**
 * The configuration of a QUIC-TLS session, and how it becomes the configuration of a handshake.
 *
 * @module
 */
import type { ClientConfig, CommonConfig, CustomExtension, ServerConfig } from "@sealane/handshake";
import type { MaybePromise } from "@sealane/providers";
import { CipherSuiteId, ExtensionType, TlsError } from "@sealane/wire";
import { requireQuicSuite } from "./keys/protection.ts";
import type { RememberedParameters } from "./parameters/remembered_parameters.ts";
import { serverResumption } from "./start/resumption.ts";
import type { TransportParameters } from "./parameters/transport_parameters.ts";
import type { QuicVersion } from "./packets/version.ts";

/** The transport parameters that a transport configures: those that {@link QuicTls} does not set itself. */
export type LocalTransportParameters = Omit<
  TransportParameters,
  | "originalDestinationConnectionId"
  | "initialSourceConnectionId"
  | "retrySourceConnectionId"
  | "versionInformation"
>;

/** What both roles configure. */
export interface QuicCommonConfig {
  /** What we tell the peer. Connection IDs and version information are added. */
  readonly transportParameters: LocalTransportParameters;
  /** The Source Connection ID of our first packet, 0 to 20 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /**
   * The versions to negotiate, most preferred first. Unless given, a client offers both, that of its first packet before
   * the other, and a server goes on with the client's.
   */
  readonly versions?: readonly QuicVersion[];
  /** The probe timeout of the moment, in milliseconds: it says how long old keys live. */
  readonly pto: () => number;
  /** A clock in milliseconds that does not go back; `performance.now` unless given. */
  readonly now?: () => number;
  /** How many bytes of CRYPTO data are held at each level beyond those in order; 65,536 unless given. */
  readonly cryptoBuffer?: number;
  /** How many packets are held that came before their keys; 0, none, unless given. */
  readonly heldPackets?: number;
  /** Whether to send a reserved transport parameter (RFC 9000 section 18.1); true unless given. */
  readonly grease?: boolean;
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
}

/** The connection, as its handshake asks for it. */
export interface ConnectionHooks {
  /** Our encoded transport parameters. */
  send(): Uint8Array;
  /** Takes those of the peer. */
  receive(data: Uint8Array): MaybePromise<void>;
  /** The version in use now. */
  version(): QuicVersion;
  /** On a client: a session of this connection's version is offered. */
  onSession(remembered: RememberedParameters): void;
}

/** A TLS configuration for QUIC. */
export function quicClientConfig(tls: ClientConfig, hooks: ConnectionHooks): ClientConfig {
  return { ...tls, ...commonParts(tls, hooks, "CH", "EE") };
}

/** A TLS configuration for QUIC. */
export function quicServerConfig(
  tls: ServerConfig,
  quic: QuicServerConfig,
  hooks: ConnectionHooks,
): ServerConfig {
  return adaptServer(tls, (answer) => ({
    ...commonParts(answer, hooks, "EE", "CH"),
    ...serverResumption(answer, {
      originalVersion: quic.version,
      parameters: quic.transportParameters,
      version: () => hooks.version(),
    }),
  }));
}

/** A server's configuration with `parts`; what its `onClientHello` answers gets them, too. */
export function adaptServer(
  tls: ServerConfig,
  parts: (tls: ServerConfig) => Partial<ServerConfig>,
): ServerConfig {
  const { onClientHello } = tls;
  const config = { ...tls, ...parts(tls) };
  if (onClientHello === undefined) return config;
  return {
    ...config,
    onClientHello: (hello) => {
      const adapt = (answer: ServerConfig | void): ServerConfig | void =>
        answer === undefined ? undefined : adaptServer(answer, parts);
      const answer = onClientHello(hello);
      return answer instanceof Promise ? answer.then(adapt) : adapt(answer);
    },
  };
}

/** What every TLS configuration for QUIC has: the suites that are for QUIC, and the transport parameters extension. */
export function commonParts(
  tls: CommonConfig,
  hooks: Pick<ConnectionHooks, "send" | "receive">,
  ours: "CH" | "EE",
  theirs: "CH" | "EE",
): Pick<CommonConfig, "cipherSuites" | "customExtensions"> {
  // RFC 9001 §8.1: an application protocol is always agreed.
  if (tls.alpn === undefined && !("selectAlpn" in tls)) {
    throw new TlsError("api/config", "QUIC needs an application protocol: configure alpn");
  }
  const transportParameters: CustomExtension = {
    type: ExtensionType.quic_transport_parameters,
    allowedIn: [theirs],
    // RFC 9001 §8.2: without the extension the handshake ends with missing_extension.
    requiredIn: [theirs],
    remembered: true,
    send: (context) => context === ours ? hooks.send() : null,
    receive: (_context, data) => hooks.receive(data),
  };
  return {
    cipherSuites: quicSuites(tls),
    customExtensions: [...tls.customExtensions ?? [], transportParameters],
  };
}

/** The suites to offer: those asked for, which all have to be for QUIC, or those of the provider that are. */
function quicSuites({ provider, cipherSuites }: CommonConfig): readonly CipherSuiteId[] {
  if (cipherSuites === undefined) {
    const usable = provider.cipherSuites.filter((suite) =>
      suite.headerProtection !== undefined && suite.id !== CipherSuiteId.TLS_AES_128_CCM_8_SHA256
    );
    if (usable.length === 0) {
      throw new TlsError("api/config", `no suite of the provider ${provider.name} is for QUIC`);
    }
    return usable.map((suite) => suite.id);
  }
  for (const suite of provider.cipherSuites) {
    if (cipherSuites.includes(suite.id)) requireQuicSuite(suite);
  }
  return cipherSuites;
}
