/**
 * signature_algorithms and signature_algorithms_cert (RFC 9846 section 4.3.3): which signatures a peer can verify.
 *
 * @module
 */
import { ExtensionType, type SignatureScheme } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** A SignatureSchemeList under the given type: schemes in order of preference, at least one. */
export function signatureSchemeListCodec(
  type: ExtensionType,
): ExtensionCodec<readonly SignatureScheme[]> {
  return {
    type,
    encode(writer, schemes) {
      writer.vector16((list) => schemes.forEach((scheme) => list.u16(scheme)));
    },
    decode: (reader) => reader.u16List("supported_signature_algorithms", { min: 2 }),
  };
}

/** In ClientHello: what the client takes in CertificateVerify, and in certificates unless it says otherwise. */
export const signatureAlgorithmsInClientHello: ExtensionCodec<readonly SignatureScheme[]> =
  signatureSchemeListCodec(ExtensionType.signature_algorithms);

/** In CertificateRequest: the same, of the server. */
export const signatureAlgorithmsInCertificateRequest: ExtensionCodec<readonly SignatureScheme[]> =
  signatureAlgorithmsInClientHello;

/** In ClientHello: what the client takes in certificates. */
export const signatureAlgorithmsCertInClientHello: ExtensionCodec<readonly SignatureScheme[]> =
  signatureSchemeListCodec(ExtensionType.signature_algorithms_cert);

/** In CertificateRequest: what the server takes in certificates. */
export const signatureAlgorithmsCertInCertificateRequest: ExtensionCodec<
  readonly SignatureScheme[]
> = signatureAlgorithmsCertInClientHello;
