/**
 * Which credential, and which scheme of it, fits what the peer accepts (RFC 9846 sections 4.5.1.2 and 4.5.2).
 *
 * @module
 */
import { parseCertificate } from "@sealane/pki";
import { equalBytes, type SignatureScheme, TlsError } from "@sealane/wire";
import type { ClientCredentialRequest } from "./config.ts";
import type { Credential } from "./credential.ts";
import { allowedInCertificateVerify } from "./resolve_config.ts";

/** The schemes of a credential that its key has, the peer accepts and TLS 1.3 allows, in the credential's order. */
export function usableSchemes(
  credential: Credential,
  accepted: readonly SignatureScheme[],
): readonly SignatureScheme[] {
  return credential.schemes.filter((scheme) =>
    accepted.includes(scheme) && allowedInCertificateVerify(scheme) &&
    credential.signer.schemes.includes(scheme)
  );
}

/**
 * The scheme to sign with.
 *
 * @throws {TlsError} `peer/no-common-signature-scheme`.
 */
export function chooseScheme(
  credential: Credential,
  accepted: readonly SignatureScheme[],
): SignatureScheme {
  const [scheme] = usableSchemes(credential, accepted);
  if (scheme === undefined) {
    throw new TlsError(
      "peer/no-common-signature-scheme",
      "the peer accepts no signature scheme of our certificate",
    );
  }
  return scheme;
}

/** Whether an issuer of the chain is among the peer's authorities; asked only of credentials that insist on it. */
export function fitsAuthorities(
  credential: Credential,
  authorities: readonly Uint8Array[],
): boolean {
  if (!credential.mustMatchIssuer) return true;
  return credential.certificates.some((der) => {
    const { issuer } = parseCertificate(der);
    return authorities.some((authority) => equalBytes(authority, issuer.raw));
  });
}

/** What a client's credential has to fit: the part of `ClientCredentialRequest` that {@link findCredential} looks at. */
export type CredentialDemand = Pick<
  ClientCredentialRequest,
  "certificateType" | "signatureSchemes" | "certificateAuthorities"
>;

/**
 * The first credential that fits a CertificateRequest, or `null`: what a client does with a list of credentials. For
 * functions that choose, and want more said where none fits.
 *
 * ```ts
 * import { type ClientConfig, type Credential, findCredential } from "@sealane/handshake";
 * import { TlsError } from "@sealane/wire";
 *
 * function insistOn(credentials: Credential[]): ClientConfig["credentials"] {
 *   return (request) => {
 *     const credential = findCredential(credentials, request);
 *     if (credential !== null) return credential;
 *     throw new TlsError("peer/no-common-signature-scheme", "the server takes no certificate of ours");
 *   };
 * }
 * ```
 */
export function findCredential(
  credentials: readonly Credential[],
  demand: CredentialDemand,
): Credential | null {
  return credentials.find((credential) =>
    credential.type === demand.certificateType &&
    usableSchemes(credential, demand.signatureSchemes).length > 0 &&
    fitsAuthorities(credential, demand.certificateAuthorities)
  ) ?? null;
}
