/**
 * status_request (RFC 6066 section 8, RFC 9846 section 4.5.1.1): an OCSP response stapled to a certificate.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.status_request;

/** CertificateStatusType: `ocsp` is the only one in use. */
export const CertificateStatusType = { ocsp: 1 } as const;
/** A CertificateStatusType. Any 8-bit number; see the object of the same name. */
export type CertificateStatusType = number;

/**
 * In ClientHello: the kind of status that the client asks for. It is sent without responder identifiers and without
 * request extensions, and those of a peer are passed over, as is the content of an unknown kind.
 */
export const statusRequestInClientHello: ExtensionCodec<CertificateStatusType> = {
  type,
  encode(writer, statusType) {
    writer.u8(statusType).u16(0).u16(0);
  },
  decode(reader) {
    const statusType = reader.u8("status_type");
    if (statusType !== CertificateStatusType.ocsp) {
      reader.rest();
      return statusType;
    }
    const responders = reader.vector16("responder_id_list");
    reader.list(responders, "responder_id_list", (list) => list.vector16("responder", { min: 1 }));
    reader.vector16("request_extensions");
    return statusType;
  },
};

/** In CertificateRequest: as in ClientHello. */
export const statusRequestInCertificateRequest: ExtensionCodec<CertificateStatusType> =
  statusRequestInClientHello;

/** In a CertificateEntry: the DER of the OCSP response, never empty. */
export const statusRequestInCertificate: ExtensionCodec<Uint8Array> = {
  type,
  encode(writer, response) {
    writer.u8(CertificateStatusType.ocsp).vector24(response);
  },
  decode(reader) {
    const statusType = reader.u8("status_type");
    if (statusType !== CertificateStatusType.ocsp) reader.fail(`unknown status_type ${statusType}`);
    return reader.vector24("ocsp_response", { min: 1 });
  },
};
