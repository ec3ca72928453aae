/**
 * Certificates from the files that people have: PEM in whatever shape, DER, PKCS #7.
 *
 * @module
 */
import { DerReader, DerTag, type PemFileBlock, readPemFile, TlsError } from "@sealane/wire";
import { KeyPurpose } from "./extensions.ts";

/** What a file of certificates holds. */
export interface CertificateFile {
  /** The certificates, DER, in order. They have not been parsed. */
  readonly certificates: readonly Uint8Array[];
  /** A sentence for each block that was left out, since it could not be read or is marked as not trusted. */
  readonly warnings: readonly string[];
}

/**
 * The certificates of a file: PEM (text or bytes) with `CERTIFICATE`, `X509 CERTIFICATE`, `TRUSTED CERTIFICATE` or `PKCS7`
 * blocks, other blocks and text around them being skipped; or DER (bytes) of one or more certificates, or of a PKCS #7
 * bundle (RFC 5652 section 5.1). A block that cannot be read is left out with a warning.
 *
 * ```ts
 * import { readCertificateFile } from "@sealane/pki";
 *
 * const { certificates, warnings } = readCertificateFile("-----BEGIN CERTIFICATE-----\nMII=");
 * console.assert(certificates.length === 0 && warnings[0].endsWith("has no end"));
 * ```
 */
export function readCertificateFile(file: string | Uint8Array): CertificateFile {
  const der = derOf(file);
  if (der !== null) return readDer(der);
  const { blocks, warnings } = readPemFile(file);
  const certificates: Uint8Array[] = [];
  const all = [...warnings];
  for (const block of blocks) {
    try {
      certificates.push(...certificatesOfBlock(block));
    } catch (error) {
      const { message } = TlsError.from(error);
      all.push(`the PEM block ${block.label} in line ${block.line}: ${message}`);
    }
  }
  return { certificates, warnings: all };
}

function certificatesOfBlock({ label, bytes }: PemFileBlock): Uint8Array[] {
  switch (label) {
    case "CERTIFICATE":
    case "X509 CERTIFICATE":
      return [bytes];
    case "TRUSTED CERTIFICATE":
      return [trustedCertificate(bytes)];
    case "PKCS7":
    case "CMS":
    case "PKCS #7 SIGNED DATA":
      return certificatesOfPkcs7(bytes);
    default:
      return [];
  }
}

/**
 * The DER of the certificates of a PEM text or of DER bytes, as {@link readCertificateFile}. `onWarning` is told of each
 * block that was left out.
 *
 * @throws {TlsError} `api/config` if there is no certificate.
 */
export function certificatesFromPem(
  file: string | Uint8Array,
  onWarning?: (warning: string) => void,
): Uint8Array[] {
  const { certificates, warnings } = readCertificateFile(file);
  for (const warning of warnings) onWarning?.(warning);
  if (certificates.length === 0) throw new TlsError("api/config", whyNone(file, warnings));
  return [...certificates];
}

/** Why there is no certificate in a file, and what to do. */
export function whyNone(file: string | Uint8Array, warnings: readonly string[]): string {
  if (warnings.length > 0) return `there is no certificate that can be read: ${warnings[0]}`;
  if (file.length === 0) return "there is no certificate: the file is empty";
  const labels = readPemFile(file).blocks.map(({ label }) => label);
  if (labels.length > 0) return `there is no CERTIFICATE block, only ${labels.join(", ")}`;
  if (typeof file === "string" && /^0\ufffd/.test(file)) {
    return "there is no PEM block; the text looks like DER that was read as text: pass its bytes";
  }
  if (typeof file === "string" && /^[^\n]{1,255}$/.test(file) && /[./\\]/.test(file)) {
    return "there is no PEM block; the text looks like the name of a file: pass what the file holds";
  }
  return "the text has no CERTIFICATE block in PEM (-----BEGIN CERTIFICATE-----)";
}

/**
 * The bytes of a file that is DER: every certificate begins with a SEQUENCE and a length of two bytes or more, and no text
 * does. Text is DER that was read as Latin-1, and bytes may be that written again as UTF-8.
 */
function derOf(file: string | Uint8Array): Uint8Array | null {
  if (typeof file !== "string") {
    if (file[0] !== DerTag.sequence || file[1] < 0x80) return null;
    return file[1] === 0xc2 ? derOf(new TextDecoder().decode(file)) : file;
  }
  if (!/^0[\x81-\x84]/.test(file)) return null;
  const bytes = new Uint8Array(file.length);
  for (let i = 0; i < file.length; i++) {
    if (file.charCodeAt(i) > 0xff) return null;
    bytes[i] = file.charCodeAt(i);
  }
  return bytes;
}

function readDer(file: Uint8Array): CertificateFile {
  const certificates: Uint8Array[] = [];
  try {
    const reader = new DerReader(file, "the file", "api/config");
    while (reader.remaining > 0) {
      const { raw, content } = reader.tagged(DerTag.sequence, "certificate");
      if (content[0] === DerTag.objectIdentifier) certificates.push(...certificatesOfPkcs7(raw));
      else if (content[0] === DerTag.integer) throw new TlsError("api/config", NOT_CERTIFICATE);
      else certificates.push(raw);
    }
    return { certificates, warnings: [] };
  } catch (error) {
    return { certificates, warnings: [TlsError.from(error).message] };
  }
}

/** A version number first: PKCS #8, PKCS #1, SEC1 or PKCS #12. */
const NOT_CERTIFICATE = "this is DER of a private key or of PKCS #12, not of a certificate";

/** The trust that OpenSSL's X509_CERT_AUX gives (`openssl x509 -addtrust`) to what a TLS peer needs. */
const TLS_PURPOSES: readonly string[] = [
  KeyPurpose.serverAuth,
  KeyPurpose.clientAuth,
  KeyPurpose.anyExtendedKeyUsage,
];

/** The certificate of OpenSSL's own form, behind which stands what it is trusted for, unless that rules TLS out. */
function trustedCertificate(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes, "TRUSTED CERTIFICATE", "api/config");
  const { raw } = reader.tagged(DerTag.sequence, "certificate");
  if (reader.remaining === 0) return raw;
  reader.sequence("auxiliary data", (aux) => {
    const purposes = (list: DerReader) => list.all((each) => each.objectIdentifier("purpose"));
    const trust = aux.optionalConstructed(DerTag.sequence, "trust", purposes);
    const reject = aux.optionalConstructed(0xa0, "reject", purposes) ?? [];
    while (aux.remaining > 0) aux.element("field");
    const isTls = (id: string) => TLS_PURPOSES.includes(id);
    if (reject.some(isTls) || (trust !== null && !trust.some(isTls))) {
      aux.fail("it is marked as not trusted for TLS");
    }
  });
  return raw;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";

/** RFC 5652 section 5.1: what `.p7b` files are, SignedData without a signature. */
function certificatesOfPkcs7(bytes: Uint8Array): Uint8Array[] {
  const outer = new DerReader(bytes, "PKCS #7", "api/config");
  return outer.sequence("ContentInfo", (info) => {
    const type = info.objectIdentifier("contentType");
    if (type !== SIGNED_DATA) info.fail(`the content type ${type} is not that of certificates`);
    return info.constructed(0xa0, "content", (content) =>
      content.sequence("SignedData", (data) => {
        data.number("version");
        data.content(DerTag.set, "digestAlgorithms");
        data.content(DerTag.sequence, "encapContentInfo");
        const certificates = data.optionalConstructed(
          0xa0,
          "certificates",
          (list) => list.all((each) => each.element("certificate")),
        ) ?? [];
        while (data.remaining > 0) data.element("field");
        return certificates.flatMap(({ tag, raw }) => tag === DerTag.sequence ? [raw] : []);
      }));
  });
}
