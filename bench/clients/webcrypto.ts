/**
 * The smallest program that is a TLS client with WebCrypto: what `bench/bundle.ts` measures.
 *
 * @module
 */
import { TrustStore } from "@sealane/pki";
import { webCryptoProvider as provider } from "@sealane/providers/webcrypto";
import { Connection } from "@sealane/tls";

/** A client's connection to a server whose certificate is from one of these authorities. */
export function connect(serverName: string, authorities: string): Connection {
  return Connection.client({ provider, trust: TrustStore.fromPem(authorities) }, { serverName });
}
