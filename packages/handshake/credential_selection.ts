/**
 * Which credential, and which scheme of it, fits what the peer accepts (RFC 9846 sections 4.5.1.2 and 4.5.2).
 *
 * @module
 */
import { parseCertificate } from "@sealane/pki";
import { equalBytes, type SignatureScheme, TlsError } from "@sealane/wire";
import type { Credential } from "./credential.ts";
import { allowedInCertificateVerify } from "./resolve_config.ts";

/** The schemes of a credential that the peer accepts and TLS 1.3 allows, in the credential's order. */
export function usableSchemes(
  credential: Credential,
  accepted: readonly SignatureScheme[],
): readonly SignatureScheme[] {
  return credential.schemes.filter((scheme) =>
    accepted.includes(scheme) && allowedInCertificateVerify(scheme)
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
