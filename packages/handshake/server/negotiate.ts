/**
 * What a server chooses from a ClientHello besides suite and group: protocol, credential, certificate types (RFC 9846 section
 * 4.2.1).
 *
 * @module
 */
import { isClientOnlyScheme, requireBytesOrNull } from "@sealane/providers";
import {
  type CertificateType,
  compared,
  equalBytes,
  ExtensionType,
  type SignatureScheme,
  signatureSchemeName,
  TlsError,
} from "@sealane/wire";
import type { RequestDemand } from "../config/credential_request.ts";
import type { ClientHelloInfo } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import { chooseCredential, type ChosenCredential } from "../authentication/credential_selection.ts";
import type { CredentialChoice } from "../config/credential_request.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { restrictOptional, restrictSchemes } from "../config/suite_profile.ts";
import type { ReceivedHello } from "./client_hello.ts";

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
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<ChosenCredential> {
  const { signatureSchemes: offered } = hello;
  const { profile } = context;
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
  let chosen = fit(config, info, choice, schemes);
  if (chosen === null && profile !== null && config.shangmiProfile !== "strict") {
    // The program's function chose without regard to the suite, or has nothing else.
    context.profile = null;
    chosen = fit(config, hello.info, choice, offered);
  }
  if (chosen === null) {
    throw new TlsError(
      "peer/no-common-signature-scheme",
      `no certificate of ours fits the ClientHello: ${
        compared(offered, schemesOf(choice), signatureSchemeName)
      }`,
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

/** The schemes that the program's credentials can sign with. */
function schemesOf(choice: CredentialChoice): readonly SignatureScheme[] {
  const list = choice === null ? [] : "schemes" in choice ? [choice] : choice;
  return [...new Set(list.flatMap(({ schemes }) => schemes))];
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
