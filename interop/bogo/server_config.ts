/**
 * The flags of a server as its configuration.
 *
 * @module
 */
import {
  type ClientHelloInfo,
  type CommonConfig,
  type Credential,
  type EchKey,
  sealedTickets,
  type ServerConfig,
  type Tickets,
  TlsFlag,
} from "@sealane/handshake";
import { TlsError, utf8 } from "@sealane/wire";
import { later } from "./credentials.ts";
import type { EngineContext } from "./engine_context.ts";
import { authorities, orUndefined, splitProtocols } from "./flag_values.ts";
import type { ConnectionFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";
import { expect } from "./outcome.ts";
import type { Policy } from "./policies.ts";

function serverEchKeys(flags: ConnectionFlags): EchKey[] {
  return flags["ech-server-config"].map((config, index) => ({
    config,
    privateKey: flags["ech-server-key"][index],
    retry: flags["ech-is-retry-config"][index] === 1,
  }));
}

/** What a server has besides what both roles have. */
export function serverConfig(
  flags: ConnectionFlags,
  context: EngineContext,
  policy: Policy,
  common: CommonConfig,
  credentials: readonly Credential[],
): ServerConfig {
  const config: ServerConfig = {
    ...common,
    credentials: orUndefined(credentials),
    clientAuthentication: clientAuthentication(flags),
    certificateAuthorities: authorities(flags["use-client-ca-list"]),
    // BoringSSL selects its preferred group whether the client predicted it or not.
    preferServerGroups: true,
    preferServerCipherSuites: flags["server-preference"] || policy.serverOrder,
    // BoringSSL's server always does.
    grease: true,
    acknowledgeServerName: !flags["no-server-name-ack"],
    selectAlpn: (offered) => selectAlpn(flags, offered),
    ocspResponse: (credential) => serverOcsp(flags, credential),
    tickets: serverTickets(flags, context),
    echKeys: serverEchKeys(flags),
    acceptEch: () => {
      const accept = !flags["fail-early-callback-ech-rewind"];
      return flags.async ? later(() => accept) : accept;
    },
    ticketFlags: flags["resumption-across-names-enabled"] ? [TlsFlag.resumption_across_names] : [],
    earlyData: flags["enable-early-data"] ? { replayGuard: context.replayGuard } : undefined,
    earlyDataContext: utf8(flags["quic-early-data-context"] ?? ""),
  };
  return {
    ...config,
    onClientHello: (hello) => {
      checkClientHello(flags, context.observed, hello);
      if (certificateFirst(flags) && hello.signatureSchemes.length > 0) {
        return { ...config, externalPsks: [] };
      }
      // With -use-early-callback the credentials come in this callback, in async tests later.
      if (flags["use-early-callback"] && flags.async) return later(() => config);
    },
  };
}

/** BoringSSL takes the first credential that fits, be it a certificate or a PSK; Sealane prefers PSKs unless told otherwise. */
function certificateFirst({ credentials }: ConnectionFlags): boolean {
  return credentials.length > 0 && credentials[0].kind !== "psk";
}

/** BoringSSL's order: -verify-peer replaces the demand of -require-any-client-certificate by a request. */
function clientAuthentication(flags: ConnectionFlags): "none" | "requested" | "required" {
  if (flags["verify-peer"]) return "requested";
  return flags["require-any-client-certificate"] ? "required" : "none";
}

function checkClientHello(
  flags: ConnectionFlags,
  observed: Observed,
  hello: ClientHelloInfo,
): void {
  observed.sawClientHello = true;
  observed.helloExtensions = hello.extensions;
  const expectedName = flags["expect-server-name"];
  if (flags["expect-no-server-name"]) {
    expect(hello.serverName === null, `the client named ${hello.serverName}`);
  }
  if (expectedName !== undefined) {
    expect(hello.serverName === expectedName, `the client named ${hello.serverName}`);
  }
  const expectedSchemes = flags["expect-peer-verify-pref"];
  if (expectedSchemes.length > 0) {
    expect(
      String(hello.signatureSchemes) === String(expectedSchemes),
      `the client's signature schemes are ${hello.signatureSchemes}`,
    );
  }
  if (flags["fail-early-callback"]) {
    throw new TlsError("local/handshake-refused", "the early callback refused the client");
  }
  if (flags["fail-ddos-callback"]) {
    throw new TlsError("local/callback", "the DDoS callback refused the client");
  }
  if (flags["fail-cert-callback"]) {
    throw new TlsError("local/callback", "the certificate callback failed");
  }
}

function selectAlpn(flags: ConnectionFlags, offered: readonly Uint8Array[]): Uint8Array | null {
  if (flags["reject-alpn"]) {
    throw new TlsError("peer/no-application-protocol", "the ALPN callback refused all protocols");
  }
  const expected = flags["expect-advertised-alpn"];
  if (expected !== undefined) {
    const names = (list: readonly Uint8Array[]): string =>
      JSON.stringify(list.map((name) => [...name]));
    expect(
      names(offered) === names(splitProtocols(expected)),
      "the client offered other protocols",
    );
  }
  if (flags["select-empty-alpn"]) return new Uint8Array();
  const selected = flags["select-alpn"];
  return flags["decline-alpn"] || selected === undefined ? null : utf8(selected);
}

/** Tickets that hold the session; with one of the callbacks of BoringSSL, what the callback would do to them. */
function serverTickets(
  flags: ConnectionFlags,
  { provider, ticketKeys }: EngineContext,
): Tickets | undefined {
  if (flags["no-ticket"]) return undefined;
  const tickets = sealedTickets({ provider, keys: ticketKeys });
  return {
    issue: (session) => flags["skip-ticket"] ? null : tickets.issue(session),
    open: (ticket) => flags.async ? later(() => tickets.open(ticket)) : tickets.open(ticket),
    consume: (ticket, session) => tickets.consume(ticket, session),
  };
}

function serverOcsp(flags: ConnectionFlags, credential: Credential): Uint8Array | null {
  const response = credential.ocspResponse ?? null;
  if (!flags["use-ocsp-callback"]) return response;
  if (flags["fail-ocsp-callback"]) {
    throw new TlsError("local/callback", "the OCSP callback failed");
  }
  return flags["decline-ocsp-callback"] ? null : response;
}
