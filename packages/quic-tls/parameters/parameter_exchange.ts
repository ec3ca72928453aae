/**
 * The transport parameters of both ends of a connection: what ours say about connection IDs and versions, and the checks
 * of what the peer's say about them (RFC 9000 section 7.3, RFC 9368 section 4).
 *
 * @module
 */
import { type CryptoProvider, randomFrom } from "@sealane/providers";
import type { Role } from "../packets/role.ts";
import { checkConnectionIds } from "./connection_id_check.ts";
import { checkNotReduced, type RememberedParameters } from "./remembered_parameters.ts";
import {
  decodeTransportParameters,
  encodeTransportParameters,
  greaseParameter,
} from "./transport_parameter_codec.ts";
import type { LocalTransportParameters, TransportParameters } from "./transport_parameters.ts";
import type { QuicVersion } from "../packets/version.ts";
import {
  checkServerVersions,
  clientVersionInformation,
  type ClientVersions,
  negotiateVersion,
  serverVersionInformation,
} from "./version_negotiation.ts";

/** What a configuration says of the exchange. */
export interface ParameterConfig {
  /** What we tell the peer. Connection IDs and version information are added. */
  readonly transportParameters: LocalTransportParameters;
  /** The Source Connection ID of our first packet, 0 to 20 bytes. */
  readonly sourceConnectionId: Uint8Array;
  /**
   * The versions to negotiate, most preferred first. Unless given, a client offers both, that of its first packet before
   * the other, and a server goes on with the client's.
   */
  readonly versions?: readonly QuicVersion[];
  /** Whether to send a reserved transport parameter (RFC 9000 section 18.1); true unless given. */
  readonly grease?: boolean;
}

/** What the exchange knows from the start. */
export interface ParameterSetup {
  readonly role: Role;
  readonly config: ParameterConfig;
  readonly provider: CryptoProvider;
  /** The version of the first packet. */
  readonly version: QuicVersion;
  /** The versions to negotiate. */
  readonly versions: readonly QuicVersion[];
  /** The Destination Connection ID of the client's very first packet. */
  readonly originalDestinationConnectionId: Uint8Array;
  /** Whether a client's attempt follows a Version Negotiation packet. */
  readonly afterVersionNegotiation: boolean;
}

/** What is known when the peer's parameters come. */
export interface ParameterContext {
  /** The version in use. */
  readonly version: QuicVersion;
  /** The Source Connection ID of the peer's first packet. */
  readonly initialSource: Uint8Array;
  /** The Source Connection ID of a Retry packet, or `null`. */
  readonly retrySource: Uint8Array | null;
}

/** The exchange of transport parameters. */
export class ParameterExchange {
  readonly #setup: ParameterSetup;
  readonly #client: ClientVersions;
  #peer: TransportParameters | null = null;
  #remembered: RememberedParameters | null = null;

  /** Nothing is exchanged yet. */
  constructor(setup: ParameterSetup) {
    this.#setup = setup;
    this.#client = {
      supported: setup.versions,
      original: setup.version,
      afterVersionNegotiation: setup.afterVersionNegotiation,
    };
  }

  /** The peer's parameters, or `null` before they came. */
  get peer(): TransportParameters | null {
    return this.#peer;
  }

  /** Our parameters for the wire. */
  encode(version: QuicVersion, retrySource: Uint8Array | null): Uint8Array {
    const { role, config, provider, versions, originalDestinationConnectionId } = this.#setup;
    const common = {
      ...config.transportParameters,
      initialSourceConnectionId: config.sourceConnectionId,
      unknown: this.#unknown(config, provider),
    };
    if (role === "client") {
      const versionInformation = clientVersionInformation(this.#client);
      return encodeTransportParameters({ ...common, versionInformation }, role);
    }
    return encodeTransportParameters({
      ...common,
      originalDestinationConnectionId,
      retrySourceConnectionId: retrySource ?? undefined,
      versionInformation: serverVersionInformation(version, versions),
    }, role);
  }

  #unknown(config: ParameterConfig, provider: CryptoProvider): Map<bigint, Uint8Array> {
    const unknown = new Map(config.transportParameters.unknown ?? []);
    if (config.grease !== false) {
      unknown.set(...greaseParameter((length) => randomFrom(provider, length)));
    }
    return unknown;
  }

  /** Reads and checks the peer's parameters. Throws the {@link QuicError} of what is wrong with them. */
  receive(data: Uint8Array, context: ParameterContext): TransportParameters {
    const { role, originalDestinationConnectionId } = this.#setup;
    const sender = role === "client" ? "server" : "client";
    const parameters = decodeTransportParameters(data, sender);
    checkConnectionIds(parameters, sender, {
      initialSource: context.initialSource,
      originalDestination: originalDestinationConnectionId,
      retrySource: context.retrySource,
    });
    if (role === "client") checkServerVersions(parameters, context.version, this.#client);
    this.#peer = parameters;
    return parameters;
  }

  /** On a client that offers a session: the server's parameters of that time, or `null`. */
  remember(remembered: RememberedParameters | null): void {
    this.#remembered = remembered;
  }

  /** What {@link ParameterExchange.remember} was told last. */
  get remembered(): RememberedParameters | null {
    return this.#remembered;
  }

  /** The server has accepted early data: refuses parameters that are less than those that were remembered. */
  checkRemembered(): void {
    if (this.#remembered !== null && this.#peer !== null) {
      checkNotReduced(this.#remembered, this.#peer);
    }
  }

  /**
   * On a server, after {@link ParameterExchange.receive}: the version to go on with. Without configured versions it is the
   * one that the client began with.
   */
  negotiate(inUse: QuicVersion): QuicVersion {
    const supported = this.#setup.config.versions ?? [inUse];
    return this.#peer === null ? inUse : negotiateVersion(this.#peer, inUse, supported);
  }
}
