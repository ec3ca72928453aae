/**
 * What a server chooses from a ClientHello: suite, group, protocol, credential (RFC 9846 section 4.2.1).
 *
 * @module
 */
import { signatureSchemesOfKey } from "@sealane/pki";
import {
  type CipherSuite,
  isClientOnlyScheme,
  type KeyExchangeGroup,
  requireBytes,
  requireBytesOrNull,
} from "@sealane/providers";
import {
  type CertificateType,
  equalBytes,
  ExtensionType,
  namedGroupName,
  PskKeyExchangeMode,
  type SignatureScheme,
  TlsError,
} from "@sealane/wire";
import type { RequestDemand } from "../config/credential_request.ts";
import type { ClientHelloInfo } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import type { Credential } from "../identity/credential.ts";
import { chooseCredential, type ChosenCredential } from "../authentication/credential_selection.ts";
import type { KeyShareEntry } from "../extensions/mod.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { profileOf, restrictOptional, restrictSchemes } from "../config/suite_profile.ts";
import { isPostQuantum } from "../config/group_kind.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** The suites that both sides can use, most preferred first, by the client's order or by ours; at least one. */
export function commonSuites(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): readonly CipherSuite[] {
  const offered = hello.hello.cipherSuites;
  const common = config.suites.filter((suite) =>
    offered.includes(suite.id) && fitsProfile(suite, config, hello)
  );
  if (!config.preferServerCipherSuites) {
    common.sort((a, b) => offered.indexOf(a.id) - offered.indexOf(b.id));
  }
  if (common.length === 0) {
    throw new TlsError("peer/no-common-cipher-suite", "ClientHello has no cipher suite of ours");
  }
  return common;
}

/**
 * RFC 8998 §3.3.1: its suites are for clients with curveSM2 and sm2sig_sm3, and §3.3.3 for servers with an SM2 certificate;
 * between others there may be another suite.
 */
function fitsProfile(
  suite: CipherSuite,
  { credentials }: ResolvedServerConfig,
  { groups, signatureSchemes }: ReceivedHello,
): boolean {
  const profile = profileOf(suite);
  if (profile === null) return true;
  const { group, scheme } = profile;
  // What a function will choose is not known yet; what is missing altogether has an alert of its own.
  const certified = credentials === undefined || typeof credentials === "function" ||
    credentials.some((credential) => hasScheme(credential, scheme));
  return certified && (groups?.includes(group) ?? true) &&
    (signatureSchemes?.includes(scheme) ?? true);
}

/** Whether the key of a credential has a scheme, be it that it only delegates. */
function hasScheme(
  { schemes, delegatedKeys, leaf }: Credential,
  scheme: SignatureScheme,
): boolean {
  if (schemes.includes(scheme)) return true;
  return delegatedKeys !== undefined && leaf !== null &&
    signatureSchemesOfKey(leaf.subjectPublicKeyInfo).includes(scheme);
}

/**
 * The group that the suite demands, or of the groups in common the first in our order, but before it the first that the
 * client sent a share for: a HelloRetryRequest costs a round trip, and which of two classical groups is used does not matter
 * that much. It does where our order puts a post-quantum group first. `null` if there is no group in common.
 */
export function commonGroup(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
): KeyExchangeGroup | null {
  const only = profileOf(suite)?.group;
  const common = config.groupList.filter(({ id }) =>
    hello.groups?.includes(id) && (only === undefined || only === id)
  );
  const [preferred = null] = common;
  const shared = common.find((group) => shareFor(hello, group) !== null);
  if (preferred === null || shared === undefined) return preferred;
  return isPostQuantum(preferred.id) && !isPostQuantum(shared.id) ? preferred : shared;
}

/** The group to use; the client may lack a share for it. */
export function chooseGroup(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
): KeyExchangeGroup {
  if (hello.groups === null) {
    // RFC 9846 §9.2: with a PSK it need not be there, but a PSK alone may be what we do not have, or do not do.
    if (hello.offered.has(ExtensionType.pre_shared_key) && onlyAlone(hello)) {
      throw new TlsError(
        "peer/unknown-psk-identity",
        "ClientHello offers PSKs without a key exchange only, and none of them can be used so",
      );
    }
    throw new TlsError("peer/missing-extension", "ClientHello has no supported_groups");
  }
  const group = commonGroup(config, hello, suite);
  if (group === null) {
    throw new TlsError("peer/no-common-group", "ClientHello has no group of ours");
  }
  return group;
}

function onlyAlone({ pskModes }: ReceivedHello): boolean {
  return pskModes !== null && !pskModes.includes(PskKeyExchangeMode.psk_dhe_ke);
}

/** The client's share for a group; `null` if it sent none. */
export function shareFor(hello: ReceivedHello, group: KeyExchangeGroup): KeyShareEntry | null {
  return hello.keyShares?.find((entry) => entry.group === group.id) ?? null;
}

/** Our share and the secret. */
export function* respond(
  group: KeyExchangeGroup,
  { share }: KeyShareEntry,
): Step<{ share: Uint8Array; secret: Uint8Array }> {
  const agreement = yield* settle(group.respond(share));
  if (agreement === null) {
    throw new TlsError(
      "peer/key-share",
      `ClientHello has a bad key share for ${namedGroupName(group.id)}`,
    );
  }
  return {
    share: requireBytes(agreement.share, `our key share for ${group.name}`),
    secret: requireBytes(agreement.secret, `the shared secret of ${group.name}`),
  };
}

/** The application protocol; `null` for none. */
export function* chooseAlpn(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<Uint8Array | null> {
  const offered = hello.info.alpn;
  const chosen = offered.length === 0 ? null : yield* selectAlpn(config, offered);
  if (chosen === null && context.carrier.alpnRequired) {
    throw new TlsError("peer/no-application-protocol", "no application protocol was agreed");
  }
  // RFC 7301 §3.1: the answer is exactly one name, and a name is not empty.
  if (chosen?.length === 0) {
    throw new TlsError("local/callback", "selectAlpn chose an empty protocol name");
  }
  return chosen;
}

function* selectAlpn(
  config: ResolvedServerConfig,
  offered: readonly Uint8Array[],
): Step<Uint8Array | null> {
  if (config.selectAlpn !== undefined) {
    const answer = yield* settle(config.selectAlpn(offered));
    return requireBytesOrNull(answer, "what selectAlpn chose", undefined, "local/callback");
  }
  if (config.alpnBytes.length === 0) return null;
  const chosen = config.alpnBytes.find((own) => offered.some((other) => equalBytes(own, other)));
  if (chosen !== undefined) return chosen;
  if (config.ignoreUnknownAlpn) return null;
  // RFC 7301 §3.2: no overlap is fatal.
  throw new TlsError(
    "peer/no-application-protocol",
    "ClientHello has no application protocol of ours",
  );
}

/**
 * What the client is to authenticate with: the first type of ours that it has (RFC 7250 section 4.2).
 *
 * @throws {TlsError} `peer/certificate-type` if it has none.
 */
export function chooseClientCertificateType(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): CertificateType {
  const type = config.peerTypes.find((own) => hello.clientCertificateTypes.includes(own));
  if (type === undefined) {
    throw new TlsError(
      "peer/certificate-type",
      "the client has no certificate of an acceptable type",
    );
  }
  return type;
}

/** The credential that fits the ClientHello. */
export function* chooseServerCredential(
  { profile }: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<ChosenCredential> {
  const { signatureSchemes: offered } = hello;
  // RFC 9846 §9.2: to be authenticated by a certificate, the client has to send signature_algorithms.
  if (offered === null) {
    throw new TlsError("peer/missing-extension", "ClientHello has no signature_algorithms");
  }
  const schemes = restrictSchemes(profile, offered);
  const info = profile === null ? hello.info : {
    ...hello.info,
    signatureSchemes: schemes,
    delegatedCredentialSchemes: restrictOptional(profile, hello.info.delegatedCredentialSchemes),
  };
  const { credentials = [] } = config;
  const choice = typeof credentials === "function" ? yield* settle(credentials(info)) : credentials;
  const chosen = fit(config, info, choice, schemes);
  if (chosen === null) {
    throw new TlsError(
      "peer/no-common-signature-scheme",
      "no certificate of ours fits the ClientHello",
    );
  }
  return chosen;
}

/** What the ClientHello wants a certificate to fit; `null` if it takes none. */
export function certificateDemand(
  { profile }: FlowContext,
  { info, signatureSchemes }: ReceivedHello,
): RequestDemand | null {
  if (signatureSchemes === null) return null;
  return {
    signatureSchemes: restrictSchemes(profile, signatureSchemes),
    certificateSignatureSchemes: info.certificateSignatureSchemes,
    delegatedCredentialSchemes: restrictOptional(profile, info.delegatedCredentialSchemes),
    certificateAuthorities: info.certificateAuthorities,
  };
}

function fit(
  config: ResolvedServerConfig,
  info: ClientHelloInfo,
  choice: Parameters<typeof chooseCredential>[0],
  schemes: readonly SignatureScheme[],
): ChosenCredential | null {
  return chooseCredential(choice, {
    certificateTypes: info.serverCertificateTypes,
    schemes: schemes.filter((scheme) => !isClientOnlyScheme(scheme)),
    certificateSchemes: info.certificateSignatureSchemes,
    delegatedSchemes: info.delegatedCredentialSchemes,
    authorities: info.certificateAuthorities,
    serverName: info.serverName,
  }, config.clock());
}

/**
 * The type of the certificate that a client which resumes would get, to confirm its server_certificate_type; `null` where
 * nothing says it.
 */
export function certificateTypeWithoutCertificate(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): CertificateType | null {
  const { credentials } = config;
  if (!hello.offered.has(ExtensionType.server_certificate_type)) return null;
  if (credentials === undefined || typeof credentials === "function") return null;
  return fit(config, hello.info, credentials, hello.signatureSchemes ?? [])?.credential.type ??
    null;
}
