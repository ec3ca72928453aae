/**
 * certificate_authorities (RFC 9846 section 4.3.4): the authorities that a peer trusts.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: distinguished names in DER; at least one, none empty. */
export const certificateAuthoritiesInClientHello: ExtensionCodec<readonly Uint8Array[]> = {
  type: ExtensionType.certificate_authorities,
  encode(writer, names) {
    writer.vector16((list) => names.forEach((name) => list.vector16(name)));
  },
  decode: (reader) =>
    reader.list(
      reader.vector16("authorities", { min: 3 }),
      "authorities",
      (list) => list.vector16("distinguished_name", { min: 1 }),
    ),
};

/** In CertificateRequest: the same, of the server. */
export const certificateAuthoritiesInCertificateRequest: ExtensionCodec<readonly Uint8Array[]> =
  certificateAuthoritiesInClientHello;
