/**
 * What a configuration means where it says nothing. Groups and signature schemes have their defaults in
 * `config/defaults.ts` of `@sealane/handshake`, and those of `tls.connect` and the like are Node's.
 *
 * @module
 */
import {
  CLIENT_OPTIONS,
  type ClientConfig,
  pickOptions,
  SERVER_OPTIONS,
  type ServerConfig,
} from "@sealane/handshake";
import { systemTrust, TrustStore } from "@sealane/pki";
import { type CryptoProvider, defaultProvider } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { defaultSessionCache, defaultTickets } from "./default_sessions.ts";
import { credentialFromPem, type PemCredential } from "./pem_credential.ts";

/** How long a handshake may take, milliseconds. */
export const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;

/** A configuration in which the provider may be left out: `defaultProvider()` then. */
export type WithDefaults<Config extends { readonly provider: CryptoProvider }> =
  & Omit<Config, "provider">
  & { readonly provider?: CryptoProvider };

/** What both roles may say about sessions. */
export interface ResumeOption {
  /**
   * Whether sessions are resumed where the configuration does not say how: a client keeps them in a cache that it shares with
   * all others of this process that have the same `trust`, a server gives tickets that only it can open. True unless given.
   */
  readonly resume?: boolean;
}

/**
 * A client configuration with the default provider and session cache, and the trust anchors of the system where it names no
 * other judge.
 */
export function withClientDefaults(
  config: WithDefaults<ClientConfig> & ResumeOption,
): ClientConfig {
  const { provider = defaultProvider(), trust, verifyPeer, resume = true } = config;
  const judged = trust ?? verifyPeer ?? config.dangerouslyDisableCertificateVerification;
  const anchors = trust === undefined ? undefined : TrustStore.of(trust);
  const filled = { ...config, provider, trust: judged ? anchors : systemTrust() };
  const complete = pickOptions(filled, CLIENT_OPTIONS);
  const kept = config.sessionCache ?? (resume ? defaultSessionCache(complete) : undefined);
  return { ...complete, sessionCache: kept };
}

/**
 * A server configuration with the default provider and tickets, and the credential of `cert` and `key` where it has no others.
 *
 * @throws {TlsError} `api/config`.
 */
export async function withServerDefaults(
  config: WithDefaults<ServerConfig> & Partial<PemCredential> & ResumeOption,
): Promise<ServerConfig> {
  const { provider = defaultProvider(), cert, key, passphrase, resume = true } = config;
  let { credentials } = config;
  if (credentials === undefined && cert !== undefined && key !== undefined) {
    credentials = [await credentialFromPem(provider, { cert, key, passphrase })];
  }
  const sources = [credentials, config.onClientHello, config.externalPsks, config.findPsk];
  if (sources.every((source) => source === undefined)) {
    throw new TlsError("api/config", "a server needs credentials, or cert and key");
  }
  const tickets = config.tickets ?? (resume ? defaultTickets(provider) : undefined);
  return pickOptions({ ...config, provider, credentials, tickets }, SERVER_OPTIONS);
}
