/** What a server does with bad ClientHellos, with the alert for each. */
import {
  AlertDescription as A,
  concat,
  ExtensionType as E,
  HandshakeType as H,
  NamedGroup as G,
  TlsError,
  Writer,
} from "@sealane/wire";
import {
  change,
  client,
  clientHello,
  DE,
  type Extensions,
  extensions,
  inServer,
  IP,
  longer,
  ME,
  plus,
  put,
  refusal,
  requiring,
  retrying,
  type Row,
  server,
  set,
  share,
  unchanged,
  without,
} from "./row.ts";

/** RFC 9846 §4.3.8.2: shares that are no public key. */
const BAD_SHARES = [
  [85, "an x25519 share of 31 bytes", G.x25519, "01".repeat(31)],
  [85, "an x25519 share of 33 bytes", G.x25519, "01".repeat(33)],
  [85, "an x25519 share of low order: 0", G.x25519, "00".repeat(32)],
  [85, "an x25519 share of low order: 1", G.x25519, "01" + "00".repeat(31)],
  ...([[G.secp256r1, 32], [G.secp384r1, 48], [G.secp521r1, 66]] as const).flatMap((
    [group, length],
  ) =>
    ([
      ["a compressed share", "02" + "00".repeat(length - 1) + "11"],
      ["a hybrid-form share", "06" + "00".repeat(2 * length - 1) + "11"],
      ["a share off the curve", "04" + "00".repeat(2 * length - 1) + "11"],
      ["a truncated share", "04" + "00".repeat(2 * length - 1)],
      ["a padded share", "04" + "00".repeat(2 * length) + "11"],
      ["the point at infinity", "00"],
    ] as const).map(([what, bytes]) =>
      [84, `${what} of the curve of ${8 * length} bits`, group, bytes] as const
    )
  ),
] as const;

/** A share of a good client, changed. */
function editShare(edit: (share: Uint8Array) => Uint8Array): (list: Extensions) => Extensions {
  return put(E.key_share, (data) => {
    const bytes = edit(data.slice(6));
    return new Writer().vector16((list) => list.bytes(data.subarray(2, 4)).vector16(bytes))
      .finish();
  });
}

type EditBytes = (share: Uint8Array) => Uint8Array;

/** FIPS 203 §7.2: the encapsulation key has coefficients below 3329; the first 12 bits are one. */
const unreduced: EditBytes = (share) => (share.set([0xff, 0xff]), share);

const BAD_MLKEM: readonly (readonly [number, string, G, EditBytes])[] = [
  ...([G.X25519MLKEM768, G.MLKEM1024] as const).flatMap((group) =>
    ([
      ["a byte too few", (share) => share.slice(1)],
      ["a byte too many", (share) => concat([share, new Uint8Array(1)])],
      ["an encapsulation key that is not reduced", unreduced],
    ] as const satisfies readonly (readonly [string, EditBytes])[]).map(([what, edit]) =>
      [86, `a share of group ${group} with ${what}`, group, edit] as const
    )
  ),
  [86, "a share of X25519MLKEM768 with an x25519 part of low order", G.X25519MLKEM768, (share) => {
    share.fill(0, share.length - 32);
    return share;
  }],
];

const flip = (at: (length: number) => number) =>
  put(E.cookie, (data) => data.map((byte, i) => i === at(data.length) ? byte ^ 1 : byte));

/** RFC 9846 §4.3.2: the server authenticates what it gave the client to keep. */
const COOKIES: readonly (readonly [
  string,
  (list: Extensions) => Extensions,
  Row["code"],
  A,
])[] = [
  ["a cookie with another content", flip(() => 2), "peer/cookie", IP],
  ["a cookie with another authenticator", flip((length) => length - 1), "peer/cookie", IP],
  ["a cookie that is cut short", set(E.cookie, "000401020304"), "peer/cookie", IP],
  ["no cookie", without(E.cookie), "peer/missing-extension", ME],
  ["an empty cookie", set(E.cookie, "0000"), "peer/decode-error", DE],
];

/** The rows. */
export const CLIENT_HELLOS: readonly Row[] = [
  {
    row: 68,
    name: "ClientHello has no supported_versions",
    on: clientHello(extensions(without(E.supported_versions))),
    code: "peer/version",
    alert: A.protocol_version,
    ...inServer,
  },
  ...[0x0000, 0x0200, 0x0300, 0x0302].map((legacyVersion): Row => ({
    row: 72,
    name: `ClientHello has legacy_version ${legacyVersion} and supported_versions`,
    on: clientHello((hello) => ({ ...hello, legacyVersion })),
    code: "peer/version",
    alert: A.protocol_version,
    ...inServer,
  })),
  {
    row: 69,
    name: "ClientHello offers versions that nobody knows",
    on: clientHello(extensions(set(E.supported_versions, "021111"))),
    code: "peer/version",
    alert: A.protocol_version,
    ...inServer,
  },
  ...[[], [1], [0, 1]].map((methods): Row => ({
    row: 67,
    name: `ClientHello has legacy_compression_methods [${methods}]`,
    on: clientHello((hello) => ({ ...hello, legacyCompressionMethods: methods })),
    code: methods.length === 0 ? "peer/decode-error" : "peer/compression-methods",
    alert: methods.length === 0 ? DE : IP,
    ...inServer,
  })),
  {
    row: 73,
    name: "ClientHello has an extension twice",
    on: clientHello(extensions((list) => [...list, list[0]])),
    code: "peer/duplicate-hello-extension",
    alert: DE,
    ...inServer,
  },
  ...([
    [75, "server_name", E.server_name],
    [77, "ALPN", E.application_layer_protocol_negotiation],
    [82, "key_share", E.key_share],
    [80, "supported_groups", E.supported_groups],
    [92, "signature_algorithms", E.signature_algorithms],
    [69, "supported_versions", E.supported_versions],
    [178, "psk_key_exchange_modes", E.psk_key_exchange_modes],
  ] as const).map(([row, name, type]) =>
    refusal(
      row,
      "server",
      `${name} has a byte too many`,
      clientHello(extensions(longer(type))),
      "peer/decode-error",
      DE,
    )
  ),
  refusal(
    76,
    "server",
    "certificate_authorities has a byte too many",
    clientHello(extensions(plus(E.certificate_authorities, "000400020101" + "00"))),
    "peer/decode-error",
    DE,
  ),
  {
    row: 77,
    name: "ALPN has an empty name",
    on: clientHello(extensions(set(E.application_layer_protocol_negotiation, "000100"))),
    code: "peer/decode-error",
    alert: DE,
    ...inServer,
  },
  {
    row: 76,
    name: "certificate_authorities is empty",
    on: clientHello(extensions(plus(E.certificate_authorities, "0000"))),
    code: "peer/decode-error",
    alert: DE,
    ...inServer,
  },
  {
    row: 78,
    name: "ALPN has no protocol in common",
    on: clientHello(extensions(set(E.application_layer_protocol_negotiation, "0003026833"))),
    code: "peer/no-application-protocol",
    alert: A.no_application_protocol,
    ...inServer,
  },
  ...([
    [80, "supported_groups", E.supported_groups],
    [81, "key_share", E.key_share],
    // RFC 9846 §9.2 has missing_extension where BoringSSL sends handshake_failure.
    [92, "signature_algorithms", E.signature_algorithms],
  ] as const).map(([row, name, type]) =>
    refusal(
      row,
      "server",
      `ClientHello has no ${name}`,
      clientHello(extensions(without(type))),
      "peer/missing-extension",
      ME,
    )
  ),
  refusal(
    80,
    "server",
    "ClientHello has neither supported_groups nor key_share",
    clientHello(extensions((list) => without(E.key_share)(without(E.supported_groups)(list)))),
    "peer/missing-extension",
    ME,
  ),
  {
    row: 80,
    name: "ClientHello has no group in common",
    on: clientHello(extensions(set(E.supported_groups, "0002001e"))),
    code: "peer/no-common-group",
    alert: A.handshake_failure,
    ...inServer,
  },
  {
    row: 83,
    name: "ClientHello has two key shares for a group",
    on: clientHello(
      extensions(put(E.key_share, (data) =>
        concat([
          Uint8Array.of(0, 2 * (data.length - 2)),
          data.subarray(2),
          data.subarray(2),
        ]))),
    ),
    code: "peer/duplicate-key-share",
    alert: IP,
    ...inServer,
  },
  ...BAD_SHARES.map(([row, name, group, bytes]) =>
    refusal(
      row,
      "server",
      `ClientHello has ${name}`,
      clientHello(extensions(set(E.key_share, share(group, bytes)))),
      "peer/key-share",
      IP,
      { client: { ...client, groups: [group] }, server: { ...server, groups: [group] } },
    )
  ),
  ...BAD_MLKEM.map(([row, name, group, edit]) =>
    refusal(
      row,
      "server",
      `ClientHello has ${name}`,
      clientHello(extensions(editShare(edit))),
      "peer/key-share",
      IP,
      { client: { ...client, groups: [group] }, server: { ...server, groups: [group] } },
    )
  ),
  {
    row: 90,
    name: "ClientHello has no cipher suite in common",
    on: clientHello((hello) => ({ ...hello, cipherSuites: [0x1337] })),
    code: "peer/no-common-cipher-suite",
    alert: A.handshake_failure,
    ...inServer,
  },
  {
    row: 93,
    name: "ClientHello has no signature scheme in common",
    on: clientHello(extensions(set(E.signature_algorithms, "00020807"))),
    code: "peer/no-common-signature-scheme",
    alert: A.handshake_failure,
    ...inServer,
  },
  {
    row: 88,
    name: "the second ClientHello has no key_share",
    on: clientHello(extensions(without(E.key_share)), 1),
    server: retrying,
    code: "peer/missing-extension",
    alert: ME,
    ...inServer,
  },
  {
    row: 89,
    name: "the second ClientHello has a share for another group",
    on: clientHello(extensions(set(E.key_share, share(G.x25519, "09".padEnd(64, "0")))), 1),
    server: retrying,
    code: "peer/client-hello-changed",
    alert: IP,
    ...inServer,
  },
  {
    row: 127,
    name: "the second ClientHello changes the SNI",
    on: clientHello(extensions(set(E.server_name, "0006000003616263")), 1),
    server: retrying,
    code: "peer/client-hello-changed",
    alert: IP,
    ...inServer,
  },
  {
    row: 127,
    name: "the second ClientHello changes its random",
    on: clientHello((hello) => ({ ...hello, random: new Uint8Array(32) }), 1),
    server: retrying,
    code: "peer/client-hello-changed",
    alert: IP,
    ...inServer,
  },
  {
    row: 210,
    name: "a ClientHello over packets has a legacy_session_id",
    on: clientHello((hello) => ({ ...hello, legacySessionId: new Uint8Array(32) })),
    only: "packets",
    code: "peer/session-id",
    alert: IP,
    ...inServer,
  },
  {
    row: 215,
    name: "a ClientHello over packets has no ALPN",
    on: clientHello(extensions(without(E.application_layer_protocol_negotiation))),
    only: "packets",
    code: "peer/no-application-protocol",
    alert: A.no_application_protocol,
    ...inServer,
  },
  refusal(
    65,
    "server",
    "legacy_session_id has 33 bytes",
    change("client", H.client_hello, (message) => {
      const bytes = concat([message.subarray(0, 38), Uint8Array.of(33), new Uint8Array(33)]);
      const longer = concat([bytes, message.subarray(39 + message[38])]);
      longer.set([longer.length - 4 >> 8, longer.length - 4 & 0xff], 2);
      return longer;
    }),
    "peer/decode-error",
    DE,
  ),
  ...[0x0200, 0x0300, 0x0303].map((legacyVersion) =>
    refusal(
      legacyVersion === 0x0200 ? 72 : 68,
      "server",
      `ClientHello is of version 0x0${legacyVersion.toString(16)} and has no supported_versions`,
      clientHello((hello) => ({
        ...hello,
        legacyVersion,
        extensions: without(E.supported_versions)(hello.extensions),
      })),
      "peer/version",
      A.protocol_version,
    )
  ),
  refusal(
    79,
    "server",
    "the application chooses an empty protocol",
    unchanged,
    "local/callback",
    A.internal_error,
    { server: { ...server, selectAlpn: () => new Uint8Array() } },
  ),
  refusal(
    97,
    "server",
    "the application refuses the ClientHello",
    unchanged,
    "local/handshake-refused",
    A.handshake_failure,
    {
      server: {
        ...server,
        onClientHello: () => {
          throw new TlsError("local/handshake-refused", "not today");
        },
      },
    },
  ),
  ...(["onClientHello", "credentials", "selectAlpn"] as const).map((callback) =>
    refusal(
      97,
      "server",
      `the callback ${callback} fails`,
      unchanged,
      "local/internal",
      A.internal_error,
      {
        server: {
          ...server,
          [callback]: () => {
            throw new Error("the callback failed");
          },
        },
      },
    )
  ),
  refusal(
    235,
    "server",
    "compress_certificate has an algorithm twice",
    clientHello(extensions(plus(E.compress_certificate, "0400010001"))),
    "peer/decode-error",
    DE,
  ),
  ...([
    ["client_certificate_type is empty", E.client_certificate_type, "00"],
    ["server_certificate_type is empty", E.server_certificate_type, "00"],
    ["client_certificate_type has the default only", E.client_certificate_type, "0100"],
    ["server_certificate_type has the default only", E.server_certificate_type, "0100"],
  ] as const).map(([name, type, hex]) =>
    refusal(
      239,
      "server",
      name,
      clientHello(extensions(plus(type, hex))),
      "peer/certificate-type-list",
      IP,
      { server: requiring },
    )
  ),
  refusal(
    238,
    "server",
    "server_certificate_type has no type of ours",
    clientHello(extensions(plus(E.server_certificate_type, "0102"))),
    "peer/no-common-signature-scheme",
    A.handshake_failure,
  ),
  refusal(
    238,
    "server",
    "client_certificate_type has no type of ours",
    clientHello(extensions(plus(E.client_certificate_type, "0102"))),
    "peer/certificate-type",
    A.unsupported_certificate,
    { server: requiring },
  ),
  ...[0, 1].map((nth) =>
    refusal(
      285,
      "server",
      `ClientHello ${nth + 1} has a cookie, and the server has no cookie key`,
      clientHello(extensions(plus(E.cookie, "000401020304")), nth),
      "peer/cookie",
      IP,
      nth === 0 ? {} : { server: retrying },
    )
  ),
  refusal(
    285,
    "server",
    "ClientHello 1 has a cookie that the server did not make",
    clientHello(extensions(plus(E.cookie, "000401020304"))),
    "peer/cookie",
    IP,
    { server: { ...retrying, cookieKey: new Uint8Array(32).fill(7) } },
  ),
  ...COOKIES.map(([what, edit, code, alert]) =>
    refusal(
      121,
      "server",
      `ClientHello 2 has ${what}`,
      clientHello(extensions(edit), 1),
      code,
      alert,
      { server: { ...retrying, cookieKey: new Uint8Array(32).fill(7) } },
    )
  ),
  refusal(
    121,
    "server",
    "ClientHello 2 has a cookie that is too old",
    unchanged,
    "peer/cookie",
    IP,
    {
      server: {
        ...retrying,
        cookieKey: new Uint8Array(32).fill(7),
        now: ((time) => () => time += 3_600_000)(Date.now()),
      },
    },
  ),
];
