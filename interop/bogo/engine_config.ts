/**
 * The flags of a connection as a configuration of the handshake engine.
 *
 * @module
 */
import {
  type ClientConfig,
  type ClientHelloInfo,
  type ClientTarget,
  type CommonConfig,
  type Credential,
  type CustomExtension,
  DEFAULT_GROUPS,
  type EchKey,
  findCredential,
  type PeerIdentity,
  type ReplayGuard,
  sealedTickets,
  type ServerConfig,
  type Session,
  type TicketKeyRing,
  type Tickets,
  TlsFlag,
  type VerifyRequest,
} from "@sealane/handshake";
import { type CryptoProvider, isClientOnlyScheme } from "@sealane/providers";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  equalBytes,
  ExtensionType,
  fromHex,
  type NamedGroup,
  ProtocolVersion,
  type SignatureScheme,
  TlsError,
  toHex,
  utf8,
} from "@sealane/wire";
import { compressionAlgorithms } from "./compression.ts";
import { importedPsks, later, loadCredential } from "./credentials.ts";
import { type ConnectionFlags, UnimplementedError } from "./flags.ts";
import type { Observed } from "./observed.ts";
import { expect } from "./outcome.ts";
import { type Policy, policyOf } from "./policies.ts";

/** A role with its configuration. */
export type EngineConfig =
  | { readonly role: "client"; readonly config: ClientConfig; readonly target: ClientTarget }
  | { readonly role: "server"; readonly config: ServerConfig };

/** What a configuration is made of besides the flags. */
export interface EngineContext {
  /** The primitives. */
  readonly provider: CryptoProvider;
  /** Where callbacks write what they see. */
  readonly observed: Observed;
  /** The shim's clock, milliseconds. */
  readonly now: () => number;
  /** The flags that count now: those of the retry once early data was declined. */
  readonly currentFlags: () => ConnectionFlags;
  /** On a client: the session to resume. */
  readonly session: Session | null;
  /** What tickets are sealed with. */
  readonly ticketKeys: TicketKeyRing;
  /** Where early data that was seen before is recognized. */
  readonly replayGuard: ReplayGuard;
}

const LEGACY_TRANSPORT_PARAMETERS = 0xffa5;

/** The configuration that the flags ask for. */
export async function engineConfig(
  flags: ConnectionFlags,
  context: EngineContext,
): Promise<EngineConfig> {
  checkVersions(flags);
  const policy = policyOf(flags);
  const credentials = await loadCredentials(flags, context, policy);
  const common = commonConfig(flags, context, policy);
  if (flags.server) {
    return { role: "server", config: serverConfig(flags, context, policy, common, credentials) };
  }
  return {
    role: "client",
    config: clientConfig(flags, common, credentials),
    target: { serverName: flags["host-name"], session: context.session ?? undefined },
  };
}

/** Sealane speaks TLS 1.3 only: what needs another version is not implemented. */
function checkVersions(flags: ConnectionFlags): void {
  const most = flags["max-version"];
  if (most !== undefined && most < ProtocolVersion.tls13) {
    throw new UnimplementedError(`-max-version ${most}: TLS 1.3 only`);
  }
}

async function loadCredentials(
  flags: ConnectionFlags,
  { provider, observed, now }: EngineContext,
  policy: Policy,
): Promise<Credential[]> {
  const context = { provider, observed, now, async: flags.async, allowedSchemes: policy.schemes };
  const numbered = [...flags.credentials.entries(), [-1, flags.defaultCredential] as const];
  const loaded = await Promise.all(
    numbered.map(([index, credential]) => loadCredential(credential, index, context)),
  );
  return loaded.filter((credential) => credential !== null);
}

function orUndefined<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function commonConfig(
  flags: ConnectionFlags,
  context: EngineContext,
  policy: Policy,
): CommonConfig {
  return {
    provider: context.provider,
    cipherSuites: policy.suites,
    groups: policy.groups ?? orUndefined(flags.curves),
    signatureSchemes: verifyPreferences(flags, context, policy),
    customExtensions: transportParameters(flags),
    verifyPeer: (peer, request) => judge(peer, request, context),
    peerCertificateTypes: orUndefined(flags["accepted-peer-cert-types"]),
    certificateCompression: compressionAlgorithms(flags),
    externalPsks: importedPsks(flags.credentials, context.provider),
    grease: flags["enable-grease"],
    verifyOnResumption: flags["reverify-on-resume"],
    now: context.now,
    observer: context.observed.observer,
    limits: flags["max-cert-list"] === undefined
      ? undefined
      : { certificateMessage: flags["max-cert-list"], handshakeMessage: flags["max-cert-list"] },
  };
}

/**
 * What to accept in CertificateVerify. Some tests prefer schemes that TLS 1.3 does not allow there (SHA-1, MD5, those of
 * clients for servers); what is left then is the default.
 */
function verifyPreferences(
  flags: ConnectionFlags,
  { provider }: EngineContext,
  policy: Policy,
): readonly SignatureScheme[] | undefined {
  const usable = provider.signatures.map(({ scheme }) => scheme);
  const known = new Set(usable.filter((scheme) => flags.server || !isClientOnlyScheme(scheme)));
  const wanted = policy.schemes ?? flags["verify-prefs"];
  return orUndefined(wanted.filter((scheme) => known.has(scheme)));
}

/** The verification callback of the suite: it believes everybody, or nobody. */
function judge(
  peer: PeerIdentity,
  request: VerifyRequest,
  { observed, currentFlags }: EngineContext,
): void | Promise<void> {
  const flags = currentFlags();
  checkNameOverride(flags, request);
  observed.verifications++;
  observed.peer = peer;
  expect(observed.verifications === 1, "the peer was verified twice");
  if (flags["expect-ocsp-response"] !== undefined) {
    expect(peer.ocspResponse !== null, "no OCSP response in the verification callback");
  }
  if (!flags.async) return verdict(flags, observed);
  return later(() => verdict(flags, observed));
}

/** BoringSSL calls the public name of ECH an override of the name that was asked for. */
function checkNameOverride(flags: ConnectionFlags, { serverName }: VerifyRequest): void {
  const asked = flags["host-name"] ?? null;
  if (flags["expect-no-ech-name-override"]) expect(serverName === asked, "there is a public name");
  const name = flags["expect-ech-name-override"];
  if (name !== undefined) expect(serverName === name, `the name to verify is ${serverName}`);
}

function verdict(flags: ConnectionFlags, observed: Observed): void {
  const rawKey = observed.peer?.leaf === null;
  const digest = flags["expect-peer-rpk-sha256"];
  if (digest !== undefined) {
    const key = observed.peer?.publicKey ?? new Uint8Array();
    expect(equalBytes(sha256(key), digest), "the raw public key is another one");
  } else if (rawKey) {
    // BoringSSL has no judgement of its own on raw public keys.
    throw new TlsError("local/certificate-refused", "nothing says which raw public key is right");
  }
  observed.verified = !flags["verify-fail"];
  const matters = flags["verify-peer"] || flags["require-any-client-certificate"];
  if (flags["verify-fail"] && matters) {
    // BoringSSL's own verification reports handshake_failure, a custom callback certificate_unknown.
    const code = flags["use-custom-verify-callback"]
      ? "local/certificate-refused"
      : "local/handshake-refused";
    throw new TlsError(code, "the verification callback refused the peer");
  }
  const ocspCallback = !flags.server && flags["use-ocsp-callback"] && flags["enable-ocsp-stapling"];
  if (ocspCallback && flags["fail-ocsp-callback"]) {
    throw new TlsError("peer/ocsp-response", "the OCSP callback refused the response");
  }
}

/** QUIC transport parameters are an extension of the program's own. */
function transportParameters(flags: ConnectionFlags): readonly CustomExtension[] {
  const content = flags["quic-transport-params"];
  if (!flags.quic) {
    if (content === undefined) return [];
    throw new TlsError("api/config", "QUIC transport parameters without QUIC");
  }
  const legacy = flags["quic-use-legacy-codepoint"] === 1;
  return [{
    type: legacy ? LEGACY_TRANSPORT_PARAMETERS : ExtensionType.quic_transport_parameters,
    allowedIn: ["CH", "EE"],
    requiredIn: ["CH", "EE"],
    send: (context) => context === "CH" || context === "EE" ? content ?? null : null,
  }];
}

/** The protocols of a ProtocolNameList without its outer length, as the flags have it. */
function splitProtocols(list: string | undefined): Uint8Array[] {
  const bytes = utf8(list ?? "");
  const protocols: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]) {
    protocols.push(bytes.slice(at + 1, at + 1 + bytes[at]));
  }
  return protocols;
}

/** Names in the form of the flags: comma-separated hexadecimal. */
function authorities(list: string | undefined): Uint8Array[] | undefined {
  if (list === undefined || list === "<NULL>" || list === "<EMPTY>") return undefined;
  return list.split(",").map(fromHex);
}

function clientKeyShares(flags: ConnectionFlags): readonly NamedGroup[] | undefined {
  // What the server is known to have is the better guess: one share, for the most preferred group of both lists.
  const hint = flags["server-supported-groups-hint"];
  const guess = (orUndefined(flags.curves) ?? DEFAULT_GROUPS).find((group) => hint.includes(group));
  if (guess !== undefined) return [guess];
  if (flags["no-key-shares"]) return [];
  return orUndefined(flags["key-shares"]);
}

function clientConfig(
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

function serverEchKeys(flags: ConnectionFlags): EchKey[] {
  return flags["ech-server-config"].map((config, index) => ({
    config,
    privateKey: flags["ech-server-key"][index],
    retry: flags["ech-is-retry-config"][index] === 1,
  }));
}

function serverConfig(
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
