/** What a client does with bad ServerHellos and HelloRetryRequests, with the alert for each. */
import {
  AlertDescription as A,
  concat,
  ExtensionType as E,
  fromHex,
  NamedGroup as G,
  Writer,
} from "@sealane/wire";
import type { ExternalPsk } from "../mod.ts";
import type { ServerHello } from "../messages/server_hello.ts";
import {
  asItIs,
  client,
  DE,
  extensions,
  inClient,
  type Interference,
  IP,
  ME,
  plus,
  put,
  refusal,
  resuming,
  retrying,
  type Row,
  server,
  serverHello,
  serverShare,
  set,
  UE,
  UM,
  without,
} from "./row.ts";

/** Once more the HelloRetryRequest, in place of ServerHello. */
const secondRetry: Interference = serverHello((hello) => ({
  ...hello,
  // RFC 9846 §4.2.3: SHA-256 of "HelloRetryRequest".
  random: fromHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"),
  extensions: set(E.key_share, "0018")(hello.extensions),
}), 1);

/** An external PSK. */
const PSK: ExternalPsk = { identity: fromHex("01"), key: new Uint8Array(32) };

/** RFC 9846 §4.3.8.2: shares that are no public key. */
const BAD_SERVER_SHARES: readonly (readonly [string, G, (share: Uint8Array) => Uint8Array])[] = [
  ...([G.secp256r1, G.secp384r1, G.secp521r1] as const).flatMap((group) =>
    ([
      ["compressed", (share) => (share[0] = 2, share.subarray(0, (share.length + 1) / 2))],
      ["off the curve", (share) => (share[share.length - 1] ^= 1, share)],
      ["truncated", (share) => share.subarray(1)],
      ["padded", (share) => concat([share, new Uint8Array(1)])],
    ] as const satisfies readonly (readonly [string, (share: Uint8Array) => Uint8Array])[]).map((
      [what, edit],
    ) => [`a share of group ${group} that is ${what}`, group, edit] as const)
  ),
  ...([G.x25519, G.X25519MLKEM768, G.MLKEM1024] as const).flatMap((group) =>
    ([
      ["a byte too few", (share) => share.subarray(1)],
      ["a byte too many", (share) => concat([share, new Uint8Array(1)])],
    ] as const satisfies readonly (readonly [string, (share: Uint8Array) => Uint8Array])[]).map((
      [what, edit],
    ) => [`a share of group ${group} with ${what}`, group, edit] as const)
  ),
  ["a share of X25519MLKEM768 with an x25519 part of low order", G.X25519MLKEM768, (share) => {
    share.fill(0, share.length - 32);
    return share;
  }],
];

/** The rows of ServerHello and HelloRetryRequest. */
export const SERVER_HELLOS: readonly Row[] = [
  {
    row: 102,
    name: "ServerHello is of TLS 1.2",
    on: serverHello(extensions(without(E.supported_versions))),
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    row: 103,
    name: "ServerHello has legacy_version 0x1234",
    on: serverHello((hello) => ({ ...hello, legacyVersion: 0x1234 })),
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    row: 104,
    name: "ServerHello selects a cipher suite that was not offered",
    on: serverHello((hello) => ({ ...hello, cipherSuite: 0x1337 })),
    code: "peer/cipher-suite",
    alert: IP,
    ...inClient,
  },
  {
    row: 105,
    name: "ServerHello has a compression method",
    on: serverHello((hello) => ({ ...hello, legacyCompressionMethod: 1 })),
    code: "peer/compression-method",
    alert: DE,
    ...inClient,
  },
  {
    row: 115,
    name: "ServerHello does not echo the session id",
    on: serverHello((hello) => ({ ...hello, legacySessionId: new Uint8Array(32) })),
    code: "peer/session-id",
    alert: IP,
    ...inClient,
  },
  {
    row: 106,
    name: "ServerHello has no key_share",
    on: serverHello(extensions(without(E.key_share))),
    code: "peer/missing-extension",
    alert: ME,
    ...inClient,
  },
  {
    row: 126,
    name: "ServerHello has a share for a group without a share of ours",
    on: serverHello(
      extensions(set(E.key_share, serverShare(G.secp256r1, "04" + "11".repeat(64)))),
    ),
    code: "peer/group",
    alert: IP,
    ...inClient,
  },
  {
    row: 108,
    name: "ServerHello has a share of low order",
    on: serverHello(extensions(set(E.key_share, serverShare(G.x25519, "00".repeat(32))))),
    code: "peer/key-share",
    alert: IP,
    ...inClient,
  },
  {
    row: 109,
    name: "ServerHello has an unknown extension",
    on: serverHello(extensions(plus(0x1234))),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    row: 110,
    name: "ServerHello has ALPN",
    on: serverHello(extensions(plus(E.application_layer_protocol_negotiation, "0003026832"))),
    code: "peer/extension-not-allowed",
    alert: IP,
    ...inClient,
  },
  {
    row: 111,
    name: "ServerHello selects a PSK although none was offered",
    on: serverHello(extensions(plus(E.pre_shared_key, "0000"))),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    row: 117,
    name: "HelloRetryRequest changes nothing",
    on: serverHello(extensions(without(E.key_share))),
    server: retrying,
    code: "peer/unneeded-hello-retry-request",
    alert: IP,
    ...inClient,
  },
  {
    row: 118,
    name: "HelloRetryRequest asks for a group that was not offered",
    on: serverHello(extensions(set(E.key_share, "001e"))),
    server: retrying,
    code: "peer/group",
    alert: IP,
    ...inClient,
  },
  {
    row: 118,
    name: "HelloRetryRequest asks for a share that was sent",
    on: serverHello(extensions(set(E.key_share, "001d"))),
    server: retrying,
    code: "peer/unneeded-hello-retry-request",
    alert: IP,
    ...inClient,
  },
  {
    row: 119,
    name: "HelloRetryRequest has an extension twice",
    on: serverHello(extensions((list) => [...list, list[1]])),
    server: retrying,
    code: "peer/duplicate-extension",
    alert: IP,
    ...inClient,
  },
  {
    row: 120,
    name: "HelloRetryRequest has an unknown extension",
    on: serverHello(extensions(plus(0x1234))),
    server: retrying,
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    row: 121,
    name: "HelloRetryRequest has an empty cookie",
    on: serverHello(extensions(plus(E.cookie, "0000"))),
    server: retrying,
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    row: 122,
    name: "HelloRetryRequest has legacy_version 0x0305",
    on: serverHello((hello) => ({ ...hello, legacyVersion: 0x0305 })),
    server: retrying,
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    row: 116,
    name: "a second HelloRetryRequest comes",
    on: secondRetry,
    server: retrying,
    code: "peer/second-hello-retry-request",
    alert: UM,
    ...inClient,
  },
  ...([
    ["cipher suite", (hello: ServerHello) => ({ ...hello, cipherSuite: 0x1302 })],
    [
      "version",
      extensions<ServerHello>(set(E.supported_versions, "0305")),
    ],
  ] as const).map(([what, edit]): Row => ({
    row: what === "version" ? 125 : 123,
    name: `ServerHello has another ${what} than HelloRetryRequest`,
    on: serverHello(edit, 1),
    server: { ...retrying, cipherSuites: [0x1301] },
    code: "peer/server-hello-changed",
    alert: IP,
    ...inClient,
  })),
  {
    row: 124,
    name: "ServerHello has another group than HelloRetryRequest",
    on: serverHello(
      extensions(set(E.key_share, serverShare(G.x25519, "09".padEnd(64, "0")))),
      1,
    ),
    server: retrying,
    code: "peer/server-hello-changed",
    alert: IP,
    ...inClient,
  },
  ...([0x0300, 0x0301, 0x0302] as const).map((legacyVersion) =>
    refusal(
      102,
      "client",
      `ServerHello is of the old version 0x0${legacyVersion.toString(16)}`,
      serverHello((hello) => ({
        ...hello,
        legacyVersion,
        extensions: without(E.supported_versions)(hello.extensions),
      })),
      "peer/version",
      A.protocol_version,
    )
  ),
  refusal(
    104,
    "client",
    "ServerHello selects a cipher suite that we know but did not offer",
    serverHello((hello) => ({ ...hello, cipherSuite: 0x1303 })),
    "peer/cipher-suite",
    IP,
    { client: { ...client, cipherSuites: [0x1301] } },
  ),
  refusal(
    105,
    "client",
    "HelloRetryRequest has a compression method",
    serverHello((hello) => ({ ...hello, legacyCompressionMethod: 1 })),
    "peer/compression-method",
    DE,
    { server: retrying },
  ),
  refusal(
    106,
    "client",
    "ServerHello has no key_share and a PSK, though psk_ke was not offered",
    serverHello(extensions(without(E.key_share))),
    "peer/missing-extension",
    ME,
    { resume: asItIs, server: resuming },
  ),
  refusal(
    107,
    "client",
    "ServerHello has a share for a group that was not offered",
    serverHello(extensions(set(E.key_share, serverShare(G.x448, "11".repeat(56))))),
    "peer/group",
    IP,
  ),
  ...BAD_SERVER_SHARES.map(([name, group, edit]) =>
    refusal(
      108,
      "client",
      `ServerHello has ${name}`,
      serverHello(extensions(put(E.key_share, (data) => {
        const bytes = edit(data.slice(4));
        return new Writer().bytes(data.subarray(0, 2)).vector16(bytes).finish();
      }))),
      "peer/key-share",
      IP,
      { client: { ...client, groups: [group] }, server: { ...server, groups: [group] } },
    )
  ),
  refusal(
    109,
    "client",
    "ServerHello has a GREASE extension",
    serverHello(extensions(plus(0x0a0a))),
    "peer/unsolicited-extension",
    UE,
  ),
  refusal(
    112,
    "client",
    "ServerHello selects a PSK out of range",
    serverHello(extensions(set(E.pre_shared_key, "0001"))),
    // RFC 9846 §4.3.11; BoringSSL sends unknown_psk_identity.
    "peer/psk-identity",
    IP,
    { resume: asItIs, server: resuming },
  ),
  refusal(
    113,
    "client",
    "ServerHello selects a PSK with a suite of another hash",
    serverHello((hello) => ({ ...hello, cipherSuite: 0x1302 })),
    "peer/psk-hash",
    IP,
    {
      resume: asItIs,
      client: { ...client, cipherSuites: [0x1301, 0x1302] },
      server: { ...resuming, cipherSuites: [0x1301] },
    },
  ),
  refusal(
    115,
    "client",
    "ServerHello echoes a session id that is longer than ours",
    serverHello((hello) => ({ ...hello, legacySessionId: hello.legacySessionId.subarray(1) })),
    "peer/session-id",
    IP,
    { only: "records" },
  ),
  refusal(
    115,
    "client",
    "HelloRetryRequest does not echo the session id",
    serverHello((hello) => ({ ...hello, legacySessionId: new Uint8Array(32) })),
    "peer/session-id",
    IP,
    { server: retrying },
  ),
  refusal(
    119,
    "client",
    "HelloRetryRequest has two cookies",
    serverHello(extensions((list) => [
      ...plus(E.cookie, "000101")(list),
      ...plus(E.cookie, "000101")([]),
    ])),
    "peer/duplicate-extension",
    IP,
    { server: retrying },
  ),
  refusal(
    125,
    "client",
    "ServerHello has no supported_versions after HelloRetryRequest",
    serverHello(extensions(without(E.supported_versions)), 1),
    "peer/version",
    A.protocol_version,
    { server: retrying },
  ),
  refusal(
    232,
    "client",
    "a server of TLS 1.2 answers a client that requires a PSK",
    serverHello(extensions(without(E.supported_versions))),
    "peer/version",
    A.protocol_version,
    { client: { ...client, requirePsk: true, externalPsks: [PSK] } },
  ),
];
