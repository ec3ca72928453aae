/**
 * What an endpoint authenticates itself with.
 *
 * @module
 */
import { type Certificate, parseCertificate } from "@sealane/pki";
import { isClientOnlyScheme, type Signer } from "@sealane/providers";
import {
  type CertificateType,
  CertificateType as CertificateTypes,
  equalBytes,
  type SignatureScheme,
  TlsError,
} from "@sealane/wire";
import { checkDelegatedKey, type DelegatedKeys } from "./delegated_key.ts";

/** A certificate chain or a raw public key, with the private key. Make one with {@link createCredential}. */
export interface Credential {
  /** X.509 or raw public key (RFC 7250). */
  readonly type: CertificateType;
  /** The chain, leaf first, DER. For a raw public key: the one DER SubjectPublicKeyInfo. */
  readonly certificates: readonly Uint8Array[];
  /** The leaf, decoded; `null` for a raw public key. */
  readonly leaf: Certificate | null;
  /** The private key. */
  readonly signer: Signer;
  /** The schemes to sign with, most preferred first; empty where only delegated keys sign. */
  readonly schemes: readonly SignatureScheme[];
  /**
   * Delegated credentials with their keys (RFC 9345), most preferred first, for peers that take them. With a function they
   * can be replaced while connections are made.
   */
  readonly delegatedKeys?: DelegatedKeys;
  /** An OCSP response for the leaf, DER, sent to peers that ask. */
  readonly ocspResponse?: Uint8Array;
  /** Signed certificate timestamps of the leaf (RFC 6962), sent to peers that ask. */
  readonly signedCertificateTimestamps?: readonly Uint8Array[];
  /** Use it only where the peer's certificate_authorities has an issuer of the chain. */
  readonly mustMatchIssuer?: boolean;
}

/** What {@link createCredential} takes. */
export interface CredentialOptions {
  /** The chain, leaf first, DER. */
  readonly certificates: readonly Uint8Array[];
  /**
   * The private key: see `importPrivateKey` of `@sealane/providers`. Without it, `delegatedKeys` alone sign, and peers that
   * do not take delegated credentials get another credential or none.
   */
  readonly signer?: Signer;
  /** The schemes to sign with, most preferred first; those of the signer unless given. */
  readonly schemes?: readonly SignatureScheme[];
  /** An OCSP response for the leaf, DER. */
  readonly ocspResponse?: Uint8Array;
  /** Signed certificate timestamps of the leaf. */
  readonly signedCertificateTimestamps?: readonly Uint8Array[];
  /** Use it only where the peer's certificate_authorities has an issuer of the chain. */
  readonly mustMatchIssuer?: boolean;
  /**
   * Delegated credentials with their keys (RFC 9345), most preferred first, for peers that take them: a list, or a function
   * that gives the list of the moment, so that new ones come before the old ones expire.
   */
  readonly delegatedKeys?: DelegatedKeys;
}

/** Stands for the key of a certificate that only delegates. */
const NO_SIGNER: Signer = {
  schemes: [],
  sign: () => {
    throw new TlsError("local/internal", "the private key of the certificate is not here");
  },
};

/**
 * A credential of a certificate chain, checked: the leaf decodes, the keys are the leaf's and those that it delegates to, and
 * there is a scheme to sign with.
 *
 * @throws {TlsError} `api/config`.
 */
export function createCredential(options: CredentialOptions): Credential {
  const [first] = options.certificates;
  if (first === undefined) {
    throw new TlsError("api/config", "a credential needs at least one certificate");
  }
  const leaf = parseLeaf(first);
  const { signer = NO_SIGNER, delegatedKeys } = options;
  if (options.signer === undefined && delegatedKeys === undefined) {
    throw new TlsError("api/config", "a credential needs a private key or delegated keys");
  }
  if (Array.isArray(delegatedKeys)) delegatedKeys.forEach((key) => checkDelegatedKey(key, leaf));
  if (
    signer.publicKey !== undefined && !equalBytes(signer.publicKey, leaf.subjectPublicKeyInfo.raw)
  ) {
    throw new TlsError("api/config", "the private key does not belong to the first certificate");
  }
  checkSignedCertificateTimestamps(options.signedCertificateTimestamps);
  return Object.freeze({
    ...options,
    type: CertificateTypes.X509,
    leaf,
    signer,
    schemes: options.signer === undefined ? [] : checkedSchemes(signer, options.schemes),
  });
}

/** What {@link createRawKeyCredential} takes. */
export interface RawKeyCredentialOptions {
  /** The private key, which has to say its public key unless `publicKey` is given. */
  readonly signer: Signer;
  /** The DER SubjectPublicKeyInfo; the signer's unless given. */
  readonly publicKey?: Uint8Array;
  /** The schemes to sign with, most preferred first; those of the signer unless given. */
  readonly schemes?: readonly SignatureScheme[];
}

/**
 * A credential of a raw public key (RFC 7250), for peers that know the key.
 *
 * @throws {TlsError} `api/config`.
 */
export function createRawKeyCredential(options: RawKeyCredentialOptions): Credential {
  const { signer, publicKey = signer.publicKey } = options;
  if (publicKey === undefined) {
    throw new TlsError("api/config", "a raw public key credential needs the public key");
  }
  if (signer.publicKey !== undefined && !equalBytes(signer.publicKey, publicKey)) {
    throw new TlsError("api/config", "the private key does not belong to the raw public key");
  }
  return Object.freeze({
    type: CertificateTypes.RawPublicKey,
    certificates: [publicKey],
    leaf: null,
    signer,
    schemes: checkedSchemes(signer, options.schemes),
  });
}

/** The schemes of a credential: those that the program chose, or else those of the key that nobody has to ask for. */
export function checkedSchemes(
  signer: Signer,
  chosen: readonly SignatureScheme[] | undefined,
): readonly SignatureScheme[] {
  const schemes = chosen ?? signer.schemes.filter((scheme) => !isClientOnlyScheme(scheme));
  if (schemes.length === 0) {
    throw new TlsError("api/config", "the private key has no signature scheme that TLS 1.3 allows");
  }
  return schemes;
}

function parseLeaf(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw new TlsError("api/config", "the first certificate of a credential is malformed", {
      cause,
    });
  }
}

/** RFC 6962 §3.3: a list of timestamps is not empty, nor is one of them. */
function checkSignedCertificateTimestamps(list: readonly Uint8Array[] | undefined): void {
  if (list === undefined) return;
  if (list.length === 0 || list.some((timestamp) => timestamp.length === 0)) {
    throw new TlsError("api/config", "signed certificate timestamps must not be empty");
  }
}
