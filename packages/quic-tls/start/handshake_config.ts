/**
 * How the configuration of a QUIC-TLS session becomes that of its handshake (RFC 9001 sections 8.1 and 8.2).
 *
 * @module
 */
import { chain } from "@sealane/providers";
import type { ClientConfig, CommonConfig, CustomExtension, ServerConfig } from "@sealane/handshake";
import { CipherSuiteId, ExtensionType, TlsError } from "@sealane/wire";
import type { QuicServerConfig } from "../config.ts";
import { requireQuicSuite } from "../keys/protection.ts";
import type { ConnectionHooks } from "./connection_hooks.ts";
import { serverResumption } from "./resumption.ts";

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
      return chain(onClientHello(hello), adapt);
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
