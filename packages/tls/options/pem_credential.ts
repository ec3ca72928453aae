/**
 * Credentials from the PEM texts that people have.
 *
 * @module
 */
import { createCredential, type Credential } from "@sealane/handshake";
import { type CryptoProvider, importPrivateKey } from "@sealane/providers";
import { decodePem, TlsError } from "@sealane/wire";

/** A certificate chain with its private key, in PEM. */
export interface PemCredential {
  /** The chain, the end entity's certificate first. */
  readonly cert: string;
  /** The private key: PKCS#8, SEC1 or PKCS#1, not encrypted. */
  readonly key: string;
}

/**
 * The credential of a PEM chain and key.
 *
 * @throws {TlsError} `api/config` if one of them is malformed, or if they do not belong together.
 */
export async function credentialFromPem(
  provider: CryptoProvider,
  { cert, key }: PemCredential,
): Promise<Credential> {
  const certificates = certificatesOfPem(cert);
  if (certificates.length === 0) {
    throw new TlsError("api/config", "the PEM text of the certificate chain has no certificate");
  }
  return createCredential({ certificates, signer: await importPrivateKey(provider, key) });
}

/** The DER of the `CERTIFICATE` blocks of a PEM text. */
export function certificatesOfPem(text: string): Uint8Array[] {
  return decodePem(text).filter(({ label }) => label === "CERTIFICATE").map(({ bytes }) => bytes);
}
