/**
 * The flags of a client as its configuration.
 *
 * @module
 */
import {
  type ClientConfig,
  type CommonConfig,
  type Credential,
  DEFAULT_GROUPS,
  findCredential,
} from "@sealane/handshake";
import { type NamedGroup, TlsError, toHex } from "@sealane/wire";
import { later } from "./credentials.ts";
import { authorities, orUndefined, splitProtocols } from "./flag_values.ts";
import type { ConnectionFlags } from "./flags.ts";
import { expect } from "./outcome.ts";

function clientKeyShares(flags: ConnectionFlags): readonly NamedGroup[] | undefined {
  // What the server is known to have is the better guess: one share, for the most preferred group of both lists.
  const hint = flags["server-supported-groups-hint"];
  const guess = (orUndefined(flags.curves) ?? DEFAULT_GROUPS).find((group) => hint.includes(group));
  if (guess !== undefined) return [guess];
  if (flags["no-key-shares"]) return [];
  return orUndefined(flags["key-shares"]);
}

/** What a client has besides what both roles have. */
export function clientConfig(
  flags: ConnectionFlags,
  common: CommonConfig,
  credentials: readonly Credential[],
): ClientConfig {
  return {
    ...common,
    alpn: splitProtocols(flags["advertise-alpn"]),
    allowUnknownAlpn: flags["allow-unknown-alpn-protos"],
    keyShares: clientKeyShares(flags),
    certificateTypes: orUndefined(flags["available-client-cert-types"]) ??
      [...new Set(credentials.map(({ type }) => type))],
    credentials: credentials.length > 0 || flags["fail-cert-callback"]
      ? clientSelector(flags, credentials)
      : undefined,
    requirePsk: flags.credentials.some(({ kind }) => kind === "psk") && !flags["verify-peer"],
    requestOcsp: flags["enable-ocsp-stapling"],
    requestSignedCertificateTimestamps: flags["enable-signed-cert-timestamps"],
    permuteExtensions: flags["permute-extensions"],
    earlyData: flags["enable-early-data"],
    ech: clientEch(flags),
  };
}

/**
 * RFC 9846 has a client without a fitting credential send an empty Certificate, which is what a list of credentials does. The
 * suite expects BoringSSL's choice, to end the handshake.
 */
function clientSelector(
  flags: ConnectionFlags,
  credentials: readonly Credential[],
): ClientConfig["credentials"] {
  return (request) => {
    const schemes = flags["expect-peer-verify-pref"];
    if (schemes.length > 0) {
      expect(
        String(request.signatureSchemes) === String(schemes),
        `the server's signature schemes are ${request.signatureSchemes}`,
      );
    }
    const names = authorities(flags["expect-client-ca-list"]);
    if (names !== undefined) {
      const received = request.certificateAuthorities.map(toHex).join();
      expect(received === names.map(toHex).join(), `the server named ${received}`);
    }
    if (flags["fail-cert-callback"]) {
      throw new TlsError("local/callback", "the certificate callback failed");
    }
    const credential = findCredential(credentials, request);
    if (credential === null) {
      throw new TlsError("peer/no-common-signature-scheme", "no credential fits the request");
    }
    return flags.async ? later(() => credential) : credential;
  };
}

function clientEch(flags: ConnectionFlags): ClientConfig["ech"] {
  const configList = flags["ech-config-list"];
  const refuse = flags["reject-unusable-ech-config"];
  const grease = flags["enable-ech-grease"];
  if (configList === undefined) {
    if (refuse) throw new TlsError("api/config", "ECH is wanted, and there is no configuration");
    return grease ? "grease" : undefined;
  }
  return { configList, ifUnusable: refuse ? "refuse" : grease ? "grease" : "omit" };
}
