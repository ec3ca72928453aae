/**
 * The content of CertificateRequest in both directions: what we ask of a certificate, and what we are asked (RFC 9846 section
 * 4.4.2). The handshake, post-handshake authentication and exported authenticators ask alike.
 *
 * @module
 */
import { customExtensions } from "../engine/custom_extensions.ts";
import { ExtensionType, TlsError } from "@sealane/wire";
import type { CertificateExtras } from "./certificate_message.ts";
import type { RequestDemand } from "../config/credential_request.ts";
import type { FlowContext } from "../engine/context.ts";
import type { Credential } from "../identity/credential.ts";
import {
  certificateAuthoritiesInCertificateRequest,
  compressCertificateInCertificateRequest,
  decodeExtension,
  delegatedCredentialInCertificateRequest,
  encodeExtension,
  type RawExtension,
  signatureAlgorithmsCertInCertificateRequest,
  signatureAlgorithmsInCertificateRequest,
  signedCertificateTimestampInCertificateRequest,
  statusRequestInCertificateRequest,
} from "../extensions/mod.ts";
import { compressionIds } from "./certificate_compression.ts";
import { CertificateStatusType } from "../extensions/status_request.ts";
import type { CertificateRequest } from "../messages/certificate_request.ts";
import { restrictOptional, restrictSchemes } from "../config/suite_profile.ts";

/** The extensions of a CertificateRequest of ours, with these authorities or those of the configuration. */
export function requestExtensions(
  context: FlowContext,
  authorities: readonly Uint8Array[] = context.config.certificateAuthorities ?? [],
): RawExtension[] {
  const { config } = context;
  // RFC 8998 §3.3.2: with its suites, sm2sig_sm3 is the only scheme in signature_algorithms.
  const schemes = restrictSchemes(context.profile, config.offeredSchemes);
  const extensions = [encodeExtension(signatureAlgorithmsInCertificateRequest, schemes)];
  if (config.offeredCertificateSchemes !== null) {
    extensions.push(
      encodeExtension(
        signatureAlgorithmsCertInCertificateRequest,
        config.offeredCertificateSchemes,
      ),
    );
  }
  if (config.asksForOcsp) {
    extensions.push(encodeExtension(statusRequestInCertificateRequest, CertificateStatusType.ocsp));
  }
  if (config.asksForTimestamps) {
    extensions.push(encodeExtension(signedCertificateTimestampInCertificateRequest, true));
  }
  const compression = compressionIds(config.certificateCompression ?? []);
  if (compression.length > 0) {
    extensions.push(encodeExtension(compressCertificateInCertificateRequest, compression));
  }
  const delegated = restrictSchemes(context.profile, [...config.delegatedVerifiers.keys()]);
  if (delegated.length > 0) {
    extensions.push(encodeExtension(delegatedCredentialInCertificateRequest, delegated));
  }
  if (authorities.length > 0) {
    extensions.push(encodeExtension(certificateAuthoritiesInCertificateRequest, authorities));
  }
  return extensions.concat(customExtensions(context, "CR"));
}

/** RFC 9846 §4.4.2: signature_algorithms MUST be there, and what we know must decode. */
export function checkRequest(request: CertificateRequest): void {
  const schemes = decodeExtension(request.extensions, signatureAlgorithmsInCertificateRequest);
  if (schemes === undefined) {
    throw new TlsError("peer/missing-extension", "CertificateRequest has no signature_algorithms");
  }
  decodeExtension(request.extensions, certificateAuthoritiesInCertificateRequest);
}

/** What the extensions of a request want a credential to fit, as far as the cipher suite allows it. */
export function requestDemand(
  { profile }: Pick<FlowContext, "profile">,
  extensions: readonly RawExtension[],
): RequestDemand {
  const offered = decodeExtension(extensions, signatureAlgorithmsInCertificateRequest) ?? [];
  const schemes = restrictSchemes(profile, offered);
  return {
    signatureSchemes: schemes,
    certificateSignatureSchemes:
      decodeExtension(extensions, signatureAlgorithmsCertInCertificateRequest) ?? schemes,
    delegatedCredentialSchemes: restrictOptional(
      profile,
      decodeExtension(extensions, delegatedCredentialInCertificateRequest) ?? null,
    ),
    certificateAuthorities:
      decodeExtension(extensions, certificateAuthoritiesInCertificateRequest) ?? [],
  };
}

/** What goes with the Certificate of a credential because a request or a ClientHello offered it; nothing is compressed. */
export function requestedExtras(
  offered: ReadonlySet<ExtensionType>,
  credential: Credential | null,
): CertificateExtras {
  return {
    ocspResponse: offered.has(ExtensionType.status_request)
      ? credential?.ocspResponse ?? null
      : null,
    signedCertificateTimestamps: offered.has(ExtensionType.signed_certificate_timestamp),
    offeredExtensions: offered,
    compression: [],
  };
}
