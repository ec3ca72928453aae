/**
 * delegated_credential (RFC 9345 section 4): a short-lived key that the key of a certificate vouches for.
 *
 * @module
 */
import { ExtensionType, type SignatureScheme } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";
import { signatureSchemeListCodec } from "./signature_algorithms.ts";

const type = ExtensionType.delegated_credential;

/** A DelegatedCredential. */
export interface DelegatedCredential {
  /** `valid_time`: seconds from the notBefore of the certificate to the end of the credential. */
  readonly validTime: number;
  /** `dc_cert_verify_algorithm`: the only scheme of a CertificateVerify with this credential. */
  readonly certVerifyAlgorithm: SignatureScheme;
  /** `ASN1_subjectPublicKeyInfo`: the public key of the credential, DER; never empty. */
  readonly spki: Uint8Array;
  /** Scheme of `signature`. */
  readonly algorithm: SignatureScheme;
  /** The signature by the key of the certificate; at most 65,535 bytes. */
  readonly signature: Uint8Array;
}

/** In ClientHello: the schemes that the client takes in a CertificateVerify with a delegated credential. */
export const delegatedCredentialInClientHello: ExtensionCodec<readonly SignatureScheme[]> =
  signatureSchemeListCodec(type);

/** In CertificateRequest: the same, of the server. */
export const delegatedCredentialInCertificateRequest: ExtensionCodec<readonly SignatureScheme[]> =
  delegatedCredentialInClientHello;

/** In the CertificateEntry of the end entity: the credential. */
export const delegatedCredentialInCertificate: ExtensionCodec<DelegatedCredential> = {
  type,
  encode(writer, credential) {
    writer.u32(credential.validTime).u16(credential.certVerifyAlgorithm).vector24(credential.spki);
    writer.u16(credential.algorithm).vector16(credential.signature);
  },
  decode: (reader) => ({
    validTime: reader.u32("valid_time"),
    certVerifyAlgorithm: reader.u16("dc_cert_verify_algorithm"),
    spki: reader.vector24("ASN1_subjectPublicKeyInfo", { min: 1 }),
    algorithm: reader.u16("algorithm"),
    signature: reader.vector16("signature"),
  }),
};
