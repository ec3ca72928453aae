/**
 * The flags of a connection as a configuration of the handshake engine.
 *
 * @module
 */
import type {
  ClientConfig,
  ClientTarget,
  CommonConfig,
  Credential,
  CustomExtension,
  ServerConfig,
} from "@sealane/handshake";
import { isClientOnlyScheme } from "@sealane/providers";
import { ExtensionType, ProtocolVersion, SignatureScheme, TlsError } from "@sealane/wire";
import { clientConfig } from "./client_config.ts";
import { compressionAlgorithms } from "./compression.ts";
import { importedPsks, loadCredential } from "./credentials.ts";
import type { EngineContext } from "./engine_context.ts";
import { orUndefined } from "./flag_values.ts";
import { type ConnectionFlags, UnimplementedError } from "./flags.ts";
import { judge } from "./judge.ts";
import { type Policy, policyOf } from "./policies.ts";
import { serverConfig } from "./server_config.ts";

/** A role with its configuration. */
export type EngineConfig =
  | { readonly role: "client"; readonly config: ClientConfig; readonly target: ClientTarget }
  | { readonly role: "server"; readonly config: ServerConfig };

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
  const least = flags["min-version"];
  if (least !== undefined && least > ProtocolVersion.tls13) {
    throw new UnimplementedError(`-min-version ${least}: TLS 1.3 only`);
  }
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
    // The same judge on every connection, though its function is another one each time.
    verificationPolicy: "shim",
    verifyPeer: (peer, request) => judge(peer, request, context.observed, context.currentFlags()),
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
/** What BoringSSL verifies by default; Sealane's own list is longer. */
const BORINGSSL_DEFAULTS: readonly SignatureScheme[] = [
  SignatureScheme.ecdsa_secp256r1_sha256,
  SignatureScheme.rsa_pss_rsae_sha256,
  SignatureScheme.rsa_pkcs1_sha256,
  SignatureScheme.ecdsa_secp384r1_sha384,
  SignatureScheme.rsa_pss_rsae_sha384,
  SignatureScheme.rsa_pkcs1_sha384,
  SignatureScheme.rsa_pss_rsae_sha512,
  SignatureScheme.rsa_pkcs1_sha512,
];

function verifyPreferences(
  flags: ConnectionFlags,
  { provider }: EngineContext,
  policy: Policy,
): readonly SignatureScheme[] | undefined {
  const usable = provider.signatures.map(({ scheme }) => scheme);
  const known = new Set(usable.filter((scheme) => flags.server || !isClientOnlyScheme(scheme)));
  const given = policy.schemes ?? flags["verify-prefs"];
  const wanted = given.length > 0 ? given : BORINGSSL_DEFAULTS;
  return orUndefined(wanted.filter((scheme) => known.has(scheme)));
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
