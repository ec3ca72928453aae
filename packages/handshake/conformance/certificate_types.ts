/** What both sides do with bad compressed certificates, raw public keys and delegated credentials (RFC 8879, 7250, 9345). */
import { generateTestKey } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription as A,
  CertificateCompressionAlgorithm as Algorithm,
  CertificateType,
  ExtensionType as E,
  HandshakeType as H,
} from "@sealane/wire";
import { decodeCertificate, encodeCertificate } from "../messages/certificate.ts";
import {
  type CompressedCertificate,
  decodeCompressedCertificate,
  encodeCompressedCertificate,
} from "../messages/compressed_certificate.ts";
import {
  builtinCompression,
  type ClientConfig,
  createRawKeyCredential,
  type ServerConfig,
} from "../mod.ts";
import {
  BC,
  change,
  client,
  credential,
  DE,
  encrypted,
  type Interference,
  IP,
  plus,
  refusal,
  requiring,
  type Row,
  set,
  UE,
  UM,
  unchanged,
  without,
} from "./row.ts";

const BOTH = [["server", "client"], ["client", "server"]] as const;
const { RawPublicKey, X509 } = CertificateType;

const zlib = builtinCompression().filter(({ id }) => id === Algorithm.zlib);
const compressing = {
  client: { ...client, certificateCompression: zlib },
  server: { ...requiring, certificateCompression: zlib },
};

function compressed(
  from: "client" | "server",
  edit: (message: CompressedCertificate) => Partial<CompressedCertificate>,
): Interference {
  return change(from, H.compressed_certificate, (message) => {
    const decoded = decodeCompressedCertificate(message.subarray(4));
    return encodeCompressedCertificate({ ...decoded, ...edit(decoded) });
  });
}

const { privateKey, publicKey } = await generateTestKey();
const rawKey = createRawKeyCredential({
  signer: await provider.importPrivateKey(privateKey),
  publicKey,
});
/** Raw public keys on both sides. */
const raw: { client: ClientConfig; server: ServerConfig } = {
  client: { ...client, credentials: [rawKey], peerCertificateTypes: [RawPublicKey] },
  server: { ...requiring, credentials: [rawKey], peerCertificateTypes: [RawPublicKey] },
};

function entry(from: "client" | "server", ...data: readonly Uint8Array[]): Interference {
  return change(from, H.certificate, (message) => {
    const certificate = decodeCertificate(message.subarray(4));
    const entries = data.map((each) => ({ data: each, extensions: [] }));
    return encodeCertificate({ ...certificate, entries });
  });
}

const [x509] = credential.certificates;

/** The rows. */
export const CERTIFICATE_TYPES: readonly Row[] = [
  ...BOTH.flatMap(([from, by]): Row[] => [
    refusal(
      236,
      by,
      `the ${from}'s certificate is compressed with an algorithm that was not offered`,
      compressed(from, () => ({ algorithm: Algorithm.brotli })),
      "peer/certificate-compression-algorithm",
      IP,
      compressing,
    ),
    ...[-1, 1].map((more) =>
      refusal(
        237,
        by,
        `the ${from}'s uncompressed_length is wrong by ${more}`,
        compressed(from, ({ uncompressedLength }) => ({
          uncompressedLength: uncompressedLength + more,
        })),
        "peer/certificate-decompression",
        BC,
        compressing,
      )
    ),
    refusal(
      237,
      by,
      `the ${from}'s uncompressed_length is above the limit`,
      compressed(from, () => ({ uncompressedLength: 131_073 })),
      "peer/certificate-too-large",
      IP,
      compressing,
    ),
    refusal(
      237,
      by,
      `the ${from}'s compressed certificate is no zlib stream`,
      compressed(from, () => ({ compressed: Uint8Array.of(1, 2, 3) })),
      "peer/certificate-decompression",
      BC,
      compressing,
    ),
    refusal(
      239,
      by,
      `the ${from} has a certificate in place of a raw key`,
      entry(from, x509),
      "peer/decode-error",
      DE,
      raw,
    ),
    refusal(
      239,
      by,
      `the ${from} has a raw key in place of a certificate`,
      entry(from, publicKey),
      "peer/decode-error",
      DE,
      { server: requiring },
    ),
    refusal(
      239,
      by,
      `the ${from} has an empty raw key`,
      change(from, H.certificate, (message) => emptied(message)),
      // RFC 9846 §4.5.1: cert_data has one byte at least; BoringSSL sends illegal_parameter.
      "peer/decode-error",
      DE,
      raw,
    ),
    refusal(
      239,
      by,
      `the ${from} has two raw keys`,
      entry(from, publicKey, publicKey),
      "peer/raw-public-key",
      IP,
      raw,
    ),
    refusal(
      239,
      by,
      `the ${from} has a raw key and leaves out CertificateVerify`,
      change(from, H.certificate_verify, () => null),
      "peer/unexpected-message",
      UM,
      raw,
    ),
  ]),
  refusal(
    238,
    "client",
    "the server chooses a type for itself that was not offered",
    encrypted(set(E.server_certificate_type, "01")),
    "peer/certificate-type",
    A.unsupported_certificate,
    raw,
  ),
  refusal(
    238,
    "client",
    "the server leaves out server_certificate_type, and so chooses X.509, which was not offered",
    encrypted(without(E.server_certificate_type)),
    "peer/certificate-type",
    A.unsupported_certificate,
    raw,
  ),
  refusal(
    238,
    "client",
    "the server chooses a type for the client that was not offered",
    encrypted(set(E.client_certificate_type, "01")),
    "peer/certificate-type",
    A.unsupported_certificate,
    raw,
  ),
  refusal(
    238,
    "client",
    "the server answers server_certificate_type, which was not offered",
    encrypted(plus(E.server_certificate_type, "02")),
    "peer/unsolicited-extension",
    UE,
  ),
  refusal(
    238,
    "server",
    "the client takes raw keys alone, and the server has none",
    unchanged,
    "peer/no-common-signature-scheme",
    A.handshake_failure,
    { client: raw.client, server: { ...requiring, peerCertificateTypes: [RawPublicKey, X509] } },
  ),
  refusal(
    238,
    "server",
    "the client has raw keys alone, and the server takes none",
    unchanged,
    "peer/certificate-type",
    A.unsupported_certificate,
    { client: raw.client, server: { ...raw.server, peerCertificateTypes: [X509] } },
  ),
  refusal(
    240,
    "client",
    "a raw key comes with a delegated credential",
    change("server", H.certificate, (message) => {
      const certificate = decodeCertificate(message.subarray(4));
      const extensions = plus(E.delegated_credential, "00")([]);
      const entries = certificate.entries.map((each) => ({ ...each, extensions }));
      return encodeCertificate({ ...certificate, entries });
    }),
    "peer/delegated-credential",
    IP,
    { ...raw, client: { ...raw.client, delegatedCredentialSchemes: [0x0403] } },
  ),
  refusal(
    240,
    "client",
    "a delegated credential comes that was not asked for",
    change("server", H.certificate, (message) => {
      const certificate = decodeCertificate(message.subarray(4));
      const [first] = certificate.entries;
      const extensions = plus(E.delegated_credential)(first.extensions);
      return encodeCertificate({ ...certificate, entries: [{ ...first, extensions }] });
    }),
    "peer/unsolicited-delegated-credential",
    UM,
  ),
];

/** A Certificate message whose one entry has no data. */
function emptied(message: Uint8Array): Uint8Array {
  const body = [message[4], ...message.subarray(5, 5 + message[4]), 0, 0, 5, 0, 0, 0, 0, 0];
  return Uint8Array.of(H.certificate, 0, 0, body.length, ...body);
}
