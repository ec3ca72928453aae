/**
 * Checks a configuration and fills in its defaults, once, so that nothing downstream has to.
 *
 * @module
 */
import { TrustStore } from "@sealane/pki";
import {
  type CipherSuite,
  isClientOnlyScheme,
  type KeyExchangeGroup,
  randomFrom,
  type SignatureAlgorithm,
} from "@sealane/providers";
import {
  CertificateType,
  cipherSuiteName,
  describeValue,
  namedGroupName,
  requireClock,
  requireCount,
  requireDuration,
  type SignatureScheme,
  SignatureScheme as S,
  signatureSchemeName,
  TlsError,
  utf8,
} from "@sealane/wire";
import type { ClientConfig, CommonConfig, ServerConfig } from "./config.ts";
import { DEFAULT_GROUPS, DEFAULT_SIGNATURE_SCHEMES, ONLY_BY_NAME } from "./defaults.ts";
import { NOT_FOR_CREDENTIALS } from "../identity/delegation.ts";
import { chooseEchConfig, type ChosenEchConfig, decodeEchConfigList } from "./ech_config.ts";
import { checkEchKeys, type EchKeyRing } from "./ech_keys.ts";
import { WHERE_ALLOWED } from "../extensions/table.ts";
import { type HandshakeLimits, resolveHandshakeLimits } from "./limits.ts";
import type { ExternalPsk } from "./external_psk.ts";
import { MAX_TICKET_LIFETIME } from "../session/session.ts";
import { policyOf } from "../session/binding.ts";
import { CLIENT_OPTIONS, requireKnownOptions, SERVER_OPTIONS } from "./option_names.ts";
import { usableSuites } from "./suite_profile.ts";
import type { OcspPolicy } from "./policies.ts";

/** Schemes that may stand in certificates only (RFC 9846 section 4.3.3). */
const CERTIFICATE_ONLY: ReadonlySet<SignatureScheme> = new Set([
  S.rsa_pkcs1_sha1,
  S.ecdsa_sha1,
  S.rsa_pkcs1_sha256,
  S.rsa_pkcs1_sha384,
  S.rsa_pkcs1_sha512,
]);

/** Whether TLS 1.3 allows a scheme in CertificateVerify (RFC 9846 section 4.3.3). */
export function allowedInCertificateVerify(scheme: SignatureScheme): boolean {
  // RFC 9846 §4.3.3: neither PKCS#1 nor SHA-1 (high byte 2) nor MD5 (high byte 1) sign a handshake.
  return !CERTIFICATE_ONLY.has(scheme) && scheme >> 8 !== 2 && scheme >> 8 !== 1;
}

/** What the configurations of both roles come to. */
export interface ResolvedConfig extends CommonConfig {
  /** The suites, most preferred first. */
  readonly suites: readonly CipherSuite[];
  /** The groups, most preferred first. */
  readonly groupList: readonly KeyExchangeGroup[];
  /** Verification of CertificateVerify by scheme, in the order to offer; without schemes that are for certificates only. */
  readonly verifiers: ReadonlyMap<SignatureScheme, SignatureAlgorithm>;
  /** Verification with delegated credentials by scheme, in the order to offer; empty: none are taken. */
  readonly delegatedVerifiers: ReadonlyMap<SignatureScheme, SignatureAlgorithm>;
  /** The content of signature_algorithms. */
  readonly offeredSchemes: readonly SignatureScheme[];
  /** The content of signature_algorithms_cert, or `null` to leave it out. */
  readonly offeredCertificateSchemes: readonly SignatureScheme[] | null;
  /** What the peer may authenticate with. */
  readonly peerTypes: readonly CertificateType[];
  /** The trust anchors. */
  readonly trust?: TrustStore;
  /** How staples count. */
  readonly ocspPolicy: OcspPolicy;
  /** Whether to ask for a staple. */
  readonly asksForOcsp: boolean;
  /** Whether to ask for signed certificate timestamps. */
  readonly asksForTimestamps: boolean;
  /** ALPN as bytes. */
  readonly alpnBytes: readonly Uint8Array[];
  /** All limits. */
  readonly allLimits: HandshakeLimits;
  /** `authenticationLifetime` in milliseconds. */
  readonly authenticationLimit: number;
  /** The clock. */
  readonly clock: () => number;
  /** The random source. */
  readonly randomBytes: (length: number) => Uint8Array;
}

/** A checked client configuration. */
export interface ResolvedClientConfig extends ClientConfig, ResolvedConfig {
  /** The trust anchors. */
  readonly trust?: TrustStore;
  /** What the client can authenticate with; `null` to leave the extension out. */
  readonly ownTypes: readonly CertificateType[] | null;
  /** The ECH configuration to use; `null` to send no encrypted_client_hello. */
  readonly chosenEch: ChosenEchConfig | "grease" | null;
}

/** A checked server configuration. */
export interface ResolvedServerConfig extends ServerConfig, ResolvedConfig {
  /** The trust anchors. */
  readonly trust?: TrustStore;
  /** The keys for ECH; `null` without any. */
  readonly echRing: EchKeyRing | null;
}

function configError(message: string): never {
  throw new TlsError("api/config", message);
}

/** Picks what `wanted` names from what the provider `has`, in the order wanted. */
function pick<T>(
  has: readonly T[],
  id: (item: T) => number,
  wanted: readonly number[] | undefined,
  defaults: readonly number[] | undefined,
  name: (id: number) => string,
  what: string,
  provider: string,
): readonly T[] {
  const byId = new Map(has.map((item) => [id(item), item]));
  if (wanted === undefined) {
    const chosen = defaults === undefined
      ? has
      : defaults.flatMap((value) => byId.get(value) ?? []);
    // A provider with nothing of the defaults (ShangMi alone) means what it has.
    return chosen.length > 0 ? chosen : has;
  }
  if (wanted.length === 0) {
    configError(`the list of ${what}s is empty: leave it out for the default`);
  }
  return wanted.map((value) =>
    byId.get(value) ??
      configError(`the provider ${provider} does not have the ${what} ${name(value)}`)
  );
}

function alpnBytes(protocols: readonly (string | Uint8Array)[]): readonly Uint8Array[] {
  if (!Array.isArray(protocols)) {
    configError(
      `alpn is a list of protocol names, such as ["h2"], not ${describeValue(protocols)}`,
    );
  }
  return protocols.map((protocol) => {
    const bytes = typeof protocol === "string" ? utf8(protocol) : protocol;
    // RFC 7301 §3.1: a protocol name is 1 to 255 bytes.
    if (bytes.length === 0 || bytes.length > 255) {
      configError(`an ALPN protocol name has 1 to 255 bytes, not ${bytes.length}`);
    }
    return bytes;
  });
}

function resolve(config: CommonConfig, role: "client" | "server"): ResolvedConfig {
  const { provider } = config;
  const suites = pick(
    provider.cipherSuites,
    (suite) => suite.id,
    config.cipherSuites,
    provider.cipherSuites.map(({ id }) => id).filter((id) => !ONLY_BY_NAME.includes(id)),
    cipherSuiteName,
    "cipher suite",
    provider.name,
  );
  const groupList = pick(
    provider.groups,
    (group) => group.id,
    config.groups,
    DEFAULT_GROUPS,
    namedGroupName,
    "group",
    provider.name,
  );
  const algorithms = pick(
    provider.signatures,
    (algorithm) => algorithm.scheme,
    config.signatureSchemes,
    DEFAULT_SIGNATURE_SCHEMES,
    signatureSchemeName,
    "signature scheme",
    provider.name,
  );
  for (const type of config.customExtensions?.map((extension) => extension.type) ?? []) {
    const quic = type === 0x0039;
    if (WHERE_ALLOWED.has(type) && !quic) {
      configError(`the extension ${type} is not custom: Sealane implements it`);
    }
  }
  const offeredSchemes = algorithms.map((algorithm) => algorithm.scheme);
  for (const psk of config.externalPsks ?? []) checkExternalPsk(psk, provider.cipherSuites);
  return {
    ...config,
    suites: usableSuites(suites, groupList, offeredSchemes, config),
    groupList,
    verifiers: new Map(
      algorithms.filter(({ scheme }) => allowedInCertificateVerify(scheme))
        .map((algorithm) => [algorithm.scheme, algorithm]),
    ),
    delegatedVerifiers: delegatedVerifiers(config),
    trust: resolveTrust(config),
    offeredSchemes,
    offeredCertificateSchemes: config.certificateSignatureSchemes ?? null,
    peerTypes: config.peerCertificateTypes ?? [CertificateType.X509],
    // A staple that had to be there and is out of date says nothing any more.
    verifyOnResumption: config.verifyOnResumption ?? config.ocsp === "require",
    ...statusRequests(config, role),
    alpnBytes: alpnBytes(config.alpn ?? []),
    allLimits: resolveHandshakeLimits(config.limits),
    authenticationLimit: 1000 *
      requireDuration(
        "authenticationLifetime",
        config.authenticationLifetime ?? MAX_TICKET_LIFETIME,
      ),
    clock: requireClock("now", config.now ?? Date.now),
    randomBytes: (length) => randomFrom(config.random ?? provider, length),
  };
}

function checkExternalPsk(
  { hash = "SHA-256", earlyData }: ExternalPsk,
  suites: readonly CipherSuite[],
): void {
  if (earlyData === undefined) return;
  const { maxSize, cipherSuite } = earlyData;
  // RFC 9846 §4.7.1: max_early_data_size is a uint32.
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > 0xffffffff) {
    configError(`the early data of an external PSK has a maxSize of ${maxSize}`);
  }
  const suite = suites.find(({ id }) => id === cipherSuite);
  if (suite !== undefined && suite.hash.name !== hash) {
    configError(`early data with ${suite.name} is not for an external PSK of ${hash}`);
  }
}

/** Configurations that have been checked: one object serves many connections, and is checked with the first. */
const clients = new WeakMap<ClientConfig, ResolvedClientConfig>();
const servers = new WeakMap<ServerConfig, ResolvedServerConfig>();

function once<C extends object, R>(known: WeakMap<C, R>, config: C, check: (config: C) => R): R {
  const before = known.get(config);
  if (before !== undefined) return before;
  const resolved = check(config);
  known.set(config, resolved);
  return resolved;
}

function statusRequests(
  config: CommonConfig,
  role: "client" | "server",
): Pick<ResolvedConfig, "ocspPolicy" | "asksForOcsp" | "asksForTimestamps"> {
  const { ocsp: ocspPolicy = "must-staple", certificateTransparency } = config;
  const counts = ocspPolicy === "verify" || ocspPolicy === "require";
  const asksForOcsp = config.requestOcsp ?? (role === "client" || counts);
  if (counts && !asksForOcsp) configError(`ocsp is ${ocspPolicy}, but requestOcsp is false`);
  return {
    ocspPolicy,
    asksForOcsp,
    asksForTimestamps: config.requestSignedCertificateTimestamps ??
      certificateTransparency !== undefined,
  };
}

function delegatedVerifiers(
  { delegatedCredentialSchemes = [], provider }: CommonConfig,
): ReadonlyMap<SignatureScheme, SignatureAlgorithm> {
  return new Map(delegatedCredentialSchemes.map((scheme) => {
    const name = signatureSchemeName(scheme);
    if (NOT_FOR_CREDENTIALS.includes(scheme) || !allowedInCertificateVerify(scheme)) {
      configError(`the signature scheme ${name} is not allowed with delegated credentials`);
    }
    const algorithm = provider.signatures.find((candidate) => candidate.scheme === scheme) ??
      configError(`the provider ${provider.name} does not have the signature scheme ${name}`);
    return [scheme, algorithm];
  }));
}

/**
 * A client configuration, checked. The object is not to be changed after this: give a new one instead.
 *
 * @throws {TlsError} `api/config`, with a message that says what to change.
 */
export function resolveClientConfig(config: ClientConfig): ResolvedClientConfig {
  return once(clients, config, checkClientConfig);
}

/** The trust anchors. Who gives some and switches verification off has made a mistake, and it is not to be guessed which. */
function resolveTrust({ trust, ...config }: CommonConfig): TrustStore | undefined {
  if (trust === undefined) return undefined;
  if (config.dangerouslyDisableCertificateVerification) {
    configError("trust is given, and dangerouslyDisableCertificateVerification says not to use it");
  }
  return TrustStore.of(trust);
}

/**
 * A text that stands for everything by which a client with this configuration judges servers: anchors, pins, schemes, rules
 * for staples and transparency, and its `verificationPolicy`. Sessions are bound to it; it is also good as a part of the keys of
 * a cache that several configurations share. See {@link CommonConfig.verificationPolicy} for callbacks.
 *
 * @throws {TlsError} `api/config`.
 */
export function verificationPolicyOf(config: ClientConfig): string {
  return policyOf(resolveClientConfig(config));
}

/** Whether a configuration says how peers are judged. */
export function judgesPeers(config: CommonConfig): boolean {
  return config.trust !== undefined || config.verifyPeer !== undefined ||
    config.trustedPublicKeys !== undefined ||
    config.dangerouslyDisableCertificateVerification === true;
}

function checkClientConfig(config: ClientConfig): ResolvedClientConfig {
  requireKnownOptions(config, CLIENT_OPTIONS, "a client");
  const resolved = resolve(config, "client");
  const clientOnly = resolved.offeredSchemes.find(isClientOnlyScheme);
  // RFC 9963 §2: these code points are not for servers.
  if (clientOnly !== undefined) {
    configError(`a server does not sign with ${signatureSchemeName(clientOnly)}`);
  }
  const groupIds = resolved.groupList.map((group) => group.id);
  for (const share of config.keyShares ?? []) {
    if (!groupIds.includes(share)) {
      configError(`a key share for ${namedGroupName(share)} needs that group in groups`);
    }
  }
  const decided = judgesPeers(config);
  if (!decided && config.requirePsk !== true) {
    configError("a client needs trust (or verifyPeer) to verify the server with");
  }
  // RFC 9849 §6.1.7: a server that does not take the encrypted hello authenticates with a certificate, PSK or not.
  if (!decided && config.ech !== undefined && config.ech !== "grease") {
    configError("ech needs trust (or verifyPeer) to verify the public name with");
  }
  return {
    ...config,
    ...resolved,
    trust: resolved.trust,
    ownTypes: ownTypes(config),
    chosenEch: chooseEch(config),
  };
}

function chooseEch({ ech, provider }: ClientConfig): ChosenEchConfig | "grease" | null {
  if (ech === undefined || ech === "grease") return ech ?? null;
  const { configList, ifUnusable = "grease" } = ech;
  const chosen = chooseEchConfig(provider, decodeEchConfigList(configList));
  if (chosen !== null) return chosen;
  if (ifUnusable === "refuse") configError("none of the ECH configurations can be used");
  return ifUnusable === "grease" ? "grease" : null;
}

/** The content of client_certificate_type; `null` where it would say nothing but the default (RFC 7250 section 4.1). */
function ownTypes(
  { certificateTypes, credentials }: ClientConfig,
): readonly CertificateType[] | null {
  const list = typeof credentials === "function" ? [] : credentials ?? [];
  const types = certificateTypes ?? [...new Set(list.map(({ type }) => type))];
  const onlyDefault = types.every((type) => type === CertificateType.X509);
  return onlyDefault ? null : types;
}

/**
 * A server configuration, checked. The object is not to be changed after this: give a new one instead.
 *
 * @throws {TlsError} `api/config`, with a message that says what to change.
 */
export function resolveServerConfig(config: ServerConfig): ResolvedServerConfig {
  return once(servers, config, checkServerConfig);
}

function checkServerConfig(config: ServerConfig): ResolvedServerConfig {
  requireKnownOptions(config, SERVER_OPTIONS, "a server");
  for (const name of ["ticketCount", "maxTicketCount"] as const) {
    if (config[name] !== undefined) requireCount(name, config[name], 0, 255);
  }
  if (config.ticketLifetime !== undefined) requireDuration("ticketLifetime", config.ticketLifetime);
  if (config.earlyData?.maxSize !== undefined) {
    requireCount("earlyData.maxSize", config.earlyData.maxSize, 0, 0xffffffff);
  }
  const resolved = resolve(config, "server");
  const authentication = config.clientAuthentication ?? "none";
  if (authentication !== "none" && !judgesPeers(config)) {
    configError("client authentication needs trust (or verifyPeer) to verify clients with");
  }
  if (Array.isArray(config.credentials) && config.credentials.length === 0) {
    configError("the list of credentials is empty");
  }
  const { earlyData, externalPsks = [] } = config;
  const externalEarlyData = externalPsks.some((psk) => psk.earlyData !== undefined);
  // RFC 9846 §8: without a record of what was accepted before, early data can be replayed at will.
  if (externalEarlyData && earlyData !== undefined && !earlyData.replayGuard.claimUntil) {
    configError("early data under an external PSK needs a replay guard with a store of its own");
  }
  if (config.cookieKey !== undefined && config.cookieKey.length !== 32) {
    configError(`cookieKey has 32 bytes, not ${config.cookieKey.length}`);
  }
  return {
    ...config,
    ...resolved,
    trust: resolved.trust,
    echRing: checkEchKeys(config.provider, config.echKeys),
  };
}
