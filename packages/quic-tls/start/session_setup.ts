/**
 * What a session starts from, in either role.
 *
 * @module
 */
import { type ClientTarget, DEFAULT_LIMITS, Handshake, PACKETS } from "@sealane/handshake";
import { TlsError } from "@sealane/wire";
import type { QuicClientConfig, QuicCommonConfig, QuicServerConfig } from "../config.ts";
import { quicClientConfig, quicServerConfig } from "./handshake_config.ts";
import type { ConnectionHooks } from "./connection_hooks.ts";
import { DEFAULT_CRYPTO_BUFFER } from "../crypto/crypto_stream.ts";
import type { DriverOptions } from "../crypto/handshake_driver.ts";
import type { StartSetup } from "./connection_start.ts";
import { clientResumption } from "./resumption.ts";
import { QUIC_V1, QUIC_VERSIONS } from "../packets/version.ts";

/** The state of a session before its first packet. */
export interface SessionSetup extends StartSetup {
  /** What both roles configure. */
  readonly config: QuicCommonConfig;
  /** How the handshake is driven. */
  readonly driver: DriverOptions;
  /** Makes the handshake. */
  readonly handshake: (hooks: ConnectionHooks) => Handshake;
}

/** A client's start. Throws `api/config`. */
export function clientSetup(config: QuicClientConfig, target: ClientTarget): SessionSetup {
  const { destinationConnectionId } = config;
  // RFC 9000 §7.2: the first Destination Connection ID has at least 8 bytes.
  if (destinationConnectionId.length < 8 || destinationConnectionId.length > 20) {
    throw new TlsError("api/config", "the first destination connection ID has 8 to 20 bytes");
  }
  const version = config.version ?? QUIC_V1;
  return {
    role: "client",
    config,
    provider: config.tls.provider,
    version,
    versions: config.versions ?? [version, ...QUIC_VERSIONS.filter((other) => other !== version)],
    destinationConnectionId,
    originalDestinationConnectionId: destinationConnectionId,
    retrySource: null,
    afterVersionNegotiation: config.afterVersionNegotiation ?? false,
    driver: { buffer: config.cryptoBuffer },
    handshake: (hooks) => {
      const offer = clientResumption(config.tls, target, version, hooks);
      const tls = quicClientConfig(offer.tls, hooks);
      return Handshake.client(tls, offer.target, { carrier: PACKETS });
    },
  };
}

/** A server's start. Throws `api/config`. */
export function serverSetup(config: QuicServerConfig): SessionSetup {
  const { destinationConnectionId, originalDestinationConnectionId } = config;
  return {
    role: "server",
    config,
    provider: config.tls.provider,
    version: config.version,
    versions: config.versions ?? QUIC_VERSIONS,
    destinationConnectionId,
    originalDestinationConnectionId: originalDestinationConnectionId ?? destinationConnectionId,
    retrySource: originalDestinationConnectionId === undefined ? null : destinationConnectionId,
    afterVersionNegotiation: false,
    driver: {
      buffer: config.cryptoBuffer,
      initialBuffer: initialBuffer(config),
      sendBeforeClientAuthentication: config.sendBeforeClientAuthentication,
    },
    handshake: (hooks) =>
      Handshake.server(quicServerConfig(config.tls, config, hooks), { carrier: PACKETS }),
  };
}

/** What anybody can fill before the address is validated: a ClientHello. RFC 9000 section 7.5 asks for 4,096 bytes at least. */
function initialBuffer({ cryptoBuffer = DEFAULT_CRYPTO_BUFFER, tls }: QuicServerConfig): number {
  const { clientHello = DEFAULT_LIMITS.clientHello } = tls.limits ?? {};
  return Math.min(cryptoBuffer, Math.max(clientHello, 4_096));
}
