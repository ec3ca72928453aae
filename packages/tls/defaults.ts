/**
 * What a configuration means where it says nothing.
 *
 * @module
 */
import type { ClientConfig, ServerConfig } from "@sealane/handshake";
import { systemTrust } from "@sealane/pki";
import { type CryptoProvider, defaultProvider } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { credentialFromPem, type PemCredential } from "./pem_credential.ts";

/** A configuration in which the provider may be left out: `defaultProvider()` then. */
export type WithDefaults<Config extends { readonly provider: CryptoProvider }> =
  & Omit<Config, "provider">
  & { readonly provider?: CryptoProvider };

/** A client configuration with the default provider, and the trust anchors of the system where it names no other judge. */
export function withClientDefaults(config: WithDefaults<ClientConfig>): ClientConfig {
  const { provider = defaultProvider(), trust, verifyPeer } = config;
  const judged = trust ?? verifyPeer ?? config.dangerouslyDisableCertificateVerification;
  return { ...config, provider, trust: judged ? trust : systemTrust() };
}

/**
 * A server configuration with the default provider, and the credential of `cert` and `key` where it has no others.
 *
 * @throws {TlsError} `api/config`.
 */
export async function withServerDefaults(
  config: WithDefaults<ServerConfig> & Partial<PemCredential>,
): Promise<ServerConfig> {
  const { provider = defaultProvider(), cert, key } = config;
  let { credentials } = config;
  if (credentials === undefined && cert !== undefined && key !== undefined) {
    credentials = [await credentialFromPem(provider, { cert, key })];
  }
  const sources = [credentials, config.onClientHello, config.externalPsks, config.findPsk];
  if (sources.every((source) => source === undefined)) {
    throw new TlsError("api/config", "a server needs credentials, or cert and key");
  }
  return { ...config, provider, credentials };
}
