/** What both sides do with bad Certificate and CertificateRequest messages (RFC 9846 sections 4.4.2 and 4.5.1). */
import {
  AlertDescription as A,
  concat,
  ExtensionType as E,
  fromHex,
  HandshakeType as H,
  TlsError,
} from "@sealane/wire";
import {
  type Certificate,
  type CertificateEntry,
  decodeCertificate,
  encodeCertificate,
} from "../messages/certificate.ts";
import {
  type CertificateRequest,
  decodeCertificateRequest,
  encodeCertificateRequest,
} from "../messages/certificate_request.ts";
import { type ClientConfig, createCredential, type ExternalPsk } from "../mod.ts";
import {
  asItIs,
  authority,
  change,
  client,
  DE,
  type Extensions,
  type Interference,
  IP,
  ME,
  plus,
  refusal,
  requiring,
  resuming,
  type Row,
  server,
  set,
  UE,
  UM,
  unchanged,
  without,
} from "./row.ts";

const BOTH = [["server", "client"], ["client", "server"]] as const;

function certificate(
  from: "client" | "server",
  edit: (message: Certificate) => Certificate,
): Interference {
  return change(
    from,
    H.certificate,
    (message) => encodeCertificate(edit(decodeCertificate(message.subarray(4)))),
  );
}

function certificateRequest(
  edit: (message: CertificateRequest) => CertificateRequest,
): Interference {
  return change(
    "server",
    H.certificate_request,
    (message) => encodeCertificateRequest(edit(decodeCertificateRequest(message.subarray(4)))),
  );
}

/** Changes the leaf. */
function leaf(edit: (entry: CertificateEntry) => Partial<CertificateEntry>) {
  return (message: Certificate): Certificate => {
    const [first, ...others] = message.entries;
    return { ...message, entries: [{ ...first, ...edit(first) }, ...others] };
  };
}

/** Gives the leaf these extensions. */
const having = (edit: (list: Extensions) => Extensions) =>
  leaf(({ extensions }) => ({ extensions: edit(extensions) }));

/** Changes the extensions of a CertificateRequest. */
function inExtensions(edit: (list: Extensions) => Extensions) {
  return (message: CertificateRequest): CertificateRequest => ({
    ...message,
    extensions: edit(message.extensions),
  });
}

/** Accepts the server of the first connection; in the second neither the one that it remembers nor the one that comes. */
function refuseLater(): NonNullable<ClientConfig["verifyPeer"]> {
  let calls = 0;
  return () => {
    if (++calls % 3 !== 1) throw new Error("not again");
  };
}

const PSK: ExternalPsk = { identity: fromHex("01"), key: new Uint8Array(32) };
const issued = await authority.issue({ names: ["localhost"], keyUsage: ["keyAgreement"] });
const forAgreement = createCredential({ certificates: issued.chain, signer: issued.signer });

const everything = {
  ...client,
  requestOcsp: true,
  requestSignedCertificateTimestamps: true,
};

/** The rows. */
export const CERTIFICATES: readonly Row[] = [
  refusal(
    141,
    "client",
    "the server's Certificate is empty",
    certificate("server", (message) => ({ ...message, entries: [] })),
    "peer/decode-error",
    DE,
  ),
  refusal(
    142,
    "server",
    "the client has no certificate, and one is required",
    unchanged,
    "peer/certificate-required",
    A.certificate_required,
    { client: { ...client, credentials: undefined }, server: requiring },
  ),
  refusal(
    143,
    "server",
    "the client leaves out Certificate and CertificateVerify",
    (message, from) =>
      from === "client" && (message[0] === H.certificate || message[0] === H.certificate_verify)
        ? null
        : message,
    "peer/unexpected-message",
    UM,
    { server: requiring },
  ),
  refusal(
    143,
    "server",
    "the client leaves out Certificate alone",
    change("client", H.certificate, () => null),
    "peer/unexpected-message",
    UM,
    { server: requiring },
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      144,
      by,
      `the ${from} leaves out CertificateVerify`,
      change(from, H.certificate_verify, () => null),
      "peer/unexpected-message",
      UM,
      { server: requiring },
    )
  ),
  ...([
    ["Certificate", encodeCertificate({ context: new Uint8Array(), entries: [] })],
    [
      "CertificateRequest",
      encodeCertificateRequest({
        context: new Uint8Array(),
        extensions: [{ type: E.signature_algorithms, data: fromHex("00020403") }],
      }),
    ],
  ] as const).flatMap(([name, message]) => [
    refusal(
      145,
      "client",
      `${name} comes in a resumption`,
      change("server", H.finished, (finished) => concat([message, finished])),
      "peer/unexpected-message",
      UM,
      { resume: asItIs, server: resuming },
    ),
    refusal(
      234,
      "client",
      `${name} comes in a handshake with an external PSK`,
      change("server", H.finished, (finished) => concat([message, finished])),
      "peer/unexpected-message",
      UM,
      { client: { ...client, externalPsks: [PSK] }, server: { ...server, externalPsks: [PSK] } },
    ),
  ]),
  ...BOTH.flatMap(([from, by]) =>
    ([
      ["that is no DER", fromHex("deadbeef")],
      ["that ends early", fromHex("30820100")],
    ] as const).map(([what, data]) =>
      refusal(
        146,
        by,
        `the ${from} has a certificate ${what}`,
        certificate(from, leaf(() => ({ data }))),
        "peer/decode-error",
        DE,
        { server: requiring },
      )
    )
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      147,
      by,
      `the ${from}'s Certificate has a certificate_request_context`,
      certificate(from, (message) => ({ ...message, context: Uint8Array.of(1) })),
      "peer/certificate-request-context",
      DE,
      { server: requiring },
    )
  ),
  refusal(
    147,
    "client",
    "CertificateRequest has a certificate_request_context",
    certificateRequest((message) => ({ ...message, context: Uint8Array.of(1) })),
    "peer/certificate-request-context",
    DE,
    { server: requiring },
  ),
  refusal(
    148,
    "client",
    "CertificateRequest has an empty signature_algorithms",
    certificateRequest(inExtensions(set(E.signature_algorithms, "0000"))),
    "peer/decode-error",
    DE,
    { server: requiring },
  ),
  refusal(
    148,
    "client",
    "CertificateRequest has no signature_algorithms",
    certificateRequest(inExtensions(without(E.signature_algorithms))),
    // RFC 9846 §4.4.2; BoringSSL sends decode_error.
    "peer/missing-extension",
    ME,
    { server: requiring },
  ),
  ...([["empty", "0000"], ["cut short", "00040002"], ["with an empty name", "00020000"]] as const)
    .map(([what, hex]) =>
      refusal(
        150,
        "client",
        `CertificateRequest has a certificate_authorities that is ${what}`,
        certificateRequest(inExtensions(plus(E.certificate_authorities, hex))),
        "peer/decode-error",
        DE,
        { server: requiring },
      )
    ),
  ...BOTH.flatMap(([from, by]) =>
    ([
      ["an unknown extension", 0x1234, ""],
      ["an OCSP response that was not asked for", E.status_request, "0100000101"],
      ["timestamps that were not asked for", E.signed_certificate_timestamp, "0003000101"],
    ] as const).map(([what, type, hex]) =>
      refusal(
        151,
        by,
        `the ${from}'s certificate has ${what}`,
        certificate(from, having(plus(type, hex))),
        "peer/unsolicited-extension",
        UE,
        { client: { ...client, requestOcsp: false }, server: requiring },
      )
    )
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      151,
      by,
      `the ${from}'s second certificate has an unknown extension`,
      certificate(from, (message) => ({
        ...message,
        entries: [
          ...message.entries,
          { data: message.entries[0].data, extensions: plus(0x1234)([]) },
        ],
      })),
      "peer/unsolicited-extension",
      UE,
      { server: requiring },
    )
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      44,
      by,
      `the ${from}'s chain has more certificates than the limit`,
      certificate(from, (message) => ({
        ...message,
        entries: Array.from({ length: 65 }, () => message.entries[0]),
      })),
      "peer/certificate-too-large",
      IP,
      { server: requiring },
    )
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      152,
      by,
      `the ${from}'s certificate has an extension twice`,
      certificate(
        from,
        having((list) =>
          plus(E.status_request, "0100000101")(plus(E.status_request, "0100000101")(list))
        ),
      ),
      "peer/duplicate-extension",
      IP,
      { client: everything, server: { ...requiring, requestOcsp: true } },
    )
  ),
  ...([
    [154, "an empty OCSP response", E.status_request, "01000000"],
    [154, "an OCSP response with a byte behind it", E.status_request, "010000010100"],
    [155, "an empty list of timestamps", E.signed_certificate_timestamp, "0000"],
    [155, "an empty timestamp", E.signed_certificate_timestamp, "00020000"],
    [155, "timestamps with a byte behind them", E.signed_certificate_timestamp, "000300010100"],
  ] as const).flatMap(([row, what, type, hex]) =>
    BOTH.map(([from, by]) =>
      refusal(
        row,
        by,
        `the ${from}'s certificate has ${what}`,
        certificate(from, having(plus(type, hex))),
        "peer/decode-error",
        DE,
        {
          client: everything,
          server: { ...requiring, requestOcsp: true, requestSignedCertificateTimestamps: true },
        },
      )
    )
  ),
  ...BOTH.flatMap(([from, by]) =>
    ([
      [156, "the OCSP response is refused", new TlsError("peer/ocsp-response", "revoked"), 113],
      [157, "the hook refuses", new TlsError("local/handshake-refused", "no"), 40],
      [
        157,
        "the hook refuses the certificate",
        new TlsError("local/certificate-refused", "no"),
        46,
      ],
      [157, "the hook fails", new Error("no"), 46],
      [157, "the hook does not know the authority", new TlsError("peer/unknown-ca", "no"), 48],
    ] as const).map(([row, what, error, alert]) => {
      const verifyPeer = () => {
        throw error;
      };
      const code = error instanceof TlsError ? error.code : "local/certificate-refused";
      return refusal(row, by, `${what} for the ${from}`, unchanged, code, alert, {
        client: by === "client" ? { ...client, verifyPeer } : client,
        server: by === "server" ? { ...requiring, verifyPeer } : requiring,
      });
    })
  ),
  refusal(
    158,
    "client",
    "a session is verified again, and refused",
    unchanged,
    "local/certificate-refused",
    A.certificate_unknown,
    {
      resume: asItIs,
      server: resuming,
      client: { ...client, verifyOnResumption: true, verifyPeer: refuseLater() },
    },
  ),
  ...BOTH.map(([from, by]) =>
    refusal(
      167,
      by,
      `the ${from}'s certificate is not for signatures`,
      unchanged,
      "peer/key-usage",
      IP,
      {
        client: from === "client" ? { ...client, credentials: [forAgreement] } : client,
        server: from === "server" ? { ...requiring, credentials: [forAgreement] } : requiring,
      },
    )
  ),
];
