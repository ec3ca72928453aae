/**
 * SignedCertificateTimestampList as an extension of certificates and OCSP responses (RFC 6962 section 3.3).
 *
 * @module
 */
import { DerReader, Reader, TlsError } from "@sealane/wire";

/** The timestamps in the value of such an extension, each as it was serialized; `null` if it is malformed. */
export function readTimestampList(extensionValue: Uint8Array): Uint8Array[] | null {
  try {
    const outer = new DerReader(extensionValue, "SignedCertificateTimestampList");
    const reader = new Reader(outer.octetString("list"), "SignedCertificateTimestampList");
    outer.end();
    const content = reader.vector16("sct_list", { min: 1 });
    reader.end();
    return reader.list(content, "sct_list", (sct) => sct.vector16("SerializedSCT", { min: 1 }));
  } catch (error) {
    if (error instanceof TlsError) return null;
    throw error;
  }
}
