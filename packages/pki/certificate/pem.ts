/**
 * Certificates in PEM (RFC 7468 section 5).
 *
 * @module
 */
import { decodePem, TlsError } from "@sealane/wire";

/**
 * The DER of every `CERTIFICATE` block of a PEM text, in order; other blocks are skipped.
 *
 * @throws {TlsError} `api/config` if a block is malformed or if there is no certificate.
 */
export function certificatesFromPem(pem: string): Uint8Array[] {
  const certificates = decodePem(pem)
    .filter(({ label }) => label === "CERTIFICATE").map(({ bytes }) => bytes);
  if (certificates.length === 0) {
    throw new TlsError("api/config", "the PEM text holds no CERTIFICATE block");
  }
  return certificates;
}
