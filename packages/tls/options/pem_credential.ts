/**
 * Credentials from the files that people have.
 *
 * @module
 */
import { createCredential, type Credential } from "@sealane/handshake";
import { orderChain, readCertificateFile } from "@sealane/pki";
import {
  type CryptoProvider,
  importPrivateKey,
  type Passphrase,
  readPkcs12,
} from "@sealane/providers";
import { TlsError } from "@sealane/wire";

/** A certificate chain with its private key, as files have them. */
export interface PemCredential {
  /**
   * The chain, in any order: PEM, or the bytes of a PEM, DER or PKCS#7 file. It may stand in one text with the key.
   */
  readonly cert: string | Uint8Array;
  /** The private key: PEM, or the bytes of a PEM or DER file of PKCS#8, SEC1, PKCS#1 or PKCS#12. */
  readonly key: string | Uint8Array;
  /** The passphrase of an encrypted key. */
  readonly passphrase?: Passphrase;
}

/** A PKCS#12 file, which has both. */
export interface Pkcs12Credential {
  /** The bytes of the file. */
  readonly pfx: Uint8Array;
  /** Its passphrase, which may be empty. */
  readonly passphrase?: Passphrase;
}

/**
 * The credential of a chain and key, or of a PKCS#12 file.
 *
 * @throws {TlsError} `api/config` if one of them is malformed or encrypted and the passphrase missing or wrong, or if they do
 * not belong together.
 */
export async function credentialFromPem(
  provider: CryptoProvider,
  files: PemCredential | Pkcs12Credential,
): Promise<Credential> {
  if ("pfx" in files) return await credentialFromPkcs12(provider, files);
  const { cert, key, passphrase } = files;
  const certificates = certificatesOfPem(cert);
  if (certificates.length === 0) {
    throw new TlsError("api/config", "the PEM text of the certificate chain has no certificate");
  }
  const signer = await importPrivateKey(provider, key, { passphrase });
  return createCredential({ certificates: orderChain(certificates, signer.publicKey), signer });
}

async function credentialFromPkcs12(
  provider: CryptoProvider,
  { pfx, passphrase }: Pkcs12Credential,
): Promise<Credential> {
  const { privateKeys, certificates } = readPkcs12(pfx, passphrase);
  if (privateKeys.length !== 1) {
    const count = privateKeys.length;
    throw new TlsError("api/config", `the PKCS#12 file has ${count} private keys instead of one`);
  }
  const signer = await importPrivateKey(provider, privateKeys[0]);
  return createCredential({ certificates: orderChain(certificates, signer.publicKey), signer });
}

/**
 * The DER of the certificates of a chain's file. One that cannot be read is an error here: a chain that lacks a certificate
 * fails where nobody sees why.
 *
 * @throws {TlsError} `api/config`.
 */
export function certificatesOfPem(file: string | Uint8Array): Uint8Array[] {
  const { certificates, warnings } = readCertificateFile(file);
  if (warnings.length > 0) {
    throw new TlsError("api/config", `the certificate chain cannot be read: ${warnings[0]}`);
  }
  return [...certificates];
}
