/**
 * oid_filters (RFC 9846 section 4.3.5): certificate extensions that the server wants in the client's certificate.
 *
 * @module
 */
import { ExtensionType, TlsError, toHex } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** A certificate extension and the values that it must have. */
export interface OidFilter {
  /** `certificate_extension_oid` in DER, 1 to 255 bytes. */
  readonly oid: Uint8Array;
  /** `certificate_extension_values` in DER; empty where any value will do. */
  readonly values: Uint8Array;
}

/** In CertificateRequest: the filters; no OID stands there twice. */
export const oidFiltersInCertificateRequest: ExtensionCodec<readonly OidFilter[]> = {
  type: ExtensionType.oid_filters,
  encode(writer, filters) {
    writer.vector16((list) => {
      for (const { oid, values } of filters) list.vector8(oid).vector16(values);
    });
  },
  decode(reader) {
    const seen = new Set<string>();
    return reader.list(reader.vector16("filters"), "filters", (list) => {
      const oid = list.vector8("certificate_extension_oid", { min: 1 });
      const key = toHex(oid);
      // RFC 9846 §4.3.5: any given OID MUST NOT appear more than once.
      if (seen.has(key)) {
        throw new TlsError(
          "peer/oid-filters",
          `CertificateRequest filters for the extension ${key} twice`,
        );
      }
      seen.add(key);
      return { oid, values: list.vector16("certificate_extension_values") };
    });
  },
};
