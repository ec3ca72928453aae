/** What a client does with bad ServerHellos, HelloRetryRequests and EncryptedExtensions, with the alert for each. */
import { assert, assertEquals } from "@std/assert";
import {
  AlertDescription as A,
  concat,
  ExtensionType as E,
  fromHex,
  HandshakeType as H,
  NamedGroup as G,
  SignatureScheme as S,
  type TlsErrorCode,
} from "@sealane/wire";
import {
  decodeServerHello,
  isHelloRetryRequest,
  type ServerHello,
} from "./messages/server_hello.ts";
import { Handshake, PACKETS } from "./mod.ts";
import { type Interference, shakeOut } from "./testing.ts";
import {
  change,
  client,
  clientHello,
  DE,
  encrypted,
  extensions,
  inClient,
  IP,
  ME,
  plus,
  put,
  retrying,
  type Row,
  server,
  serverHello,
  serverShare,
  set,
  target,
  testRows,
  UE,
  UM,
  without,
} from "./conformance_testing.ts";

const serverHellos: Row[] = [
  {
    name: "ServerHello is of TLS 1.2",
    on: serverHello(extensions(without(E.supported_versions))),
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    name: "ServerHello has legacy_version 0x1234",
    on: serverHello((hello) => ({ ...hello, legacyVersion: 0x1234 })),
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    name: "ServerHello selects a cipher suite that was not offered",
    on: serverHello((hello) => ({ ...hello, cipherSuite: 0x1337 })),
    code: "peer/cipher-suite",
    alert: IP,
    ...inClient,
  },
  {
    name: "ServerHello has a compression method",
    on: serverHello((hello) => ({ ...hello, legacyCompressionMethod: 1 })),
    code: "peer/compression-method",
    alert: DE,
    ...inClient,
  },
  {
    name: "ServerHello does not echo the session id",
    on: serverHello((hello) => ({ ...hello, legacySessionId: new Uint8Array(32) })),
    code: "peer/session-id",
    alert: IP,
    ...inClient,
  },
  {
    name: "ServerHello has no key_share",
    on: serverHello(extensions(without(E.key_share))),
    code: "peer/missing-extension",
    alert: ME,
    ...inClient,
  },
  {
    name: "ServerHello has a share for a group without a share of ours",
    on: serverHello(
      extensions(set(E.key_share, serverShare(G.secp256r1, "04" + "11".repeat(64)))),
    ),
    code: "peer/group",
    alert: IP,
    ...inClient,
  },
  {
    name: "ServerHello has a share of low order",
    on: serverHello(extensions(set(E.key_share, serverShare(G.x25519, "00".repeat(32))))),
    code: "peer/key-share",
    alert: IP,
    ...inClient,
  },
  {
    name: "ServerHello has an unknown extension",
    on: serverHello(extensions(plus(0x1234))),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    name: "ServerHello has ALPN",
    on: serverHello(extensions(plus(E.application_layer_protocol_negotiation, "0003026832"))),
    code: "peer/extension-not-allowed",
    alert: UE,
    ...inClient,
  },
  {
    name: "ServerHello selects a PSK although none was offered",
    on: serverHello(extensions(plus(E.pre_shared_key, "0000"))),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    name: "HelloRetryRequest changes nothing",
    on: serverHello(extensions(without(E.key_share))),
    server: retrying,
    code: "peer/unneeded-hello-retry-request",
    alert: IP,
    ...inClient,
  },
  {
    name: "HelloRetryRequest asks for a group that was not offered",
    on: serverHello(extensions(set(E.key_share, "001e"))),
    server: retrying,
    code: "peer/group",
    alert: IP,
    ...inClient,
  },
  {
    name: "HelloRetryRequest asks for a share that was sent",
    on: serverHello(extensions(set(E.key_share, "001d"))),
    server: retrying,
    code: "peer/unneeded-hello-retry-request",
    alert: IP,
    ...inClient,
  },
  {
    name: "HelloRetryRequest has an extension twice",
    on: serverHello(extensions((list) => [...list, list[1]])),
    server: retrying,
    code: "peer/duplicate-extension",
    alert: IP,
    ...inClient,
  },
  {
    name: "HelloRetryRequest has an unknown extension",
    on: serverHello(extensions(plus(0x1234))),
    server: retrying,
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    name: "HelloRetryRequest has an empty cookie",
    on: serverHello(extensions(plus(E.cookie, "0000"))),
    server: retrying,
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    name: "HelloRetryRequest has legacy_version 0x0305",
    on: serverHello((hello) => ({ ...hello, legacyVersion: 0x0305 })),
    server: retrying,
    code: "peer/version",
    alert: A.protocol_version,
    ...inClient,
  },
  {
    name: "a second HelloRetryRequest comes",
    on: (() => {
      let retry: Uint8Array | null = null;
      return (message: Uint8Array, from: "client" | "server") => {
        if (from !== "server" || message[0] !== H.server_hello) return message;
        if (isHelloRetryRequest(decodeServerHello(message.subarray(4)))) retry = message;
        return retry ?? message;
      };
    })(),
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
    name: `ServerHello has another ${what} than HelloRetryRequest`,
    on: serverHello(edit, 1),
    server: { ...retrying, cipherSuites: [0x1301] },
    code: "peer/server-hello-changed",
    alert: IP,
    ...inClient,
  })),
  {
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
];

const encryptedExtensions: Row[] = [
  {
    name: "EncryptedExtensions has an unknown extension",
    on: encrypted(plus(0x1234)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    name: "EncryptedExtensions has key_share",
    on: encrypted(plus(E.key_share, "001d")),
    code: "peer/extension-not-allowed",
    alert: UE,
    ...inClient,
  },
  {
    name: "EncryptedExtensions has no extension block",
    on: change("server", H.encrypted_extensions, () => fromHex("08000000")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    name: "EncryptedExtensions has an extension twice",
    on: encrypted((list) => [...list, list[0]]),
    code: "peer/duplicate-hello-extension",
    alert: DE,
    ...inClient,
  },
  ...[E.extended_main_secret, E.renegotiation_info, E.ec_point_formats, E.session_ticket].map((
    type,
  ): Row => ({
    name: `EncryptedExtensions has the TLS 1.2 extension ${type}`,
    on: encrypted(plus(type)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  })),
  {
    name: "the server chooses an application protocol that was not offered",
    on: encrypted(set(E.application_layer_protocol_negotiation, "0003026833")),
    code: "peer/application-protocol",
    alert: IP,
    ...inClient,
  },
  {
    name: "the server chooses an empty application protocol",
    on: encrypted(set(E.application_layer_protocol_negotiation, "000100")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    name: "the server answers server_name with content",
    on: encrypted(set(E.server_name, "00")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    name: "the server accepts early data that nobody sent",
    on: encrypted(plus(E.early_data)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    name: "a server over packets chooses no application protocol",
    on: encrypted(without(E.application_layer_protocol_negotiation)),
    options: { carrier: PACKETS },
    code: "peer/no-application-protocol",
    alert: A.no_application_protocol,
    ...inClient,
  },
];

testRows([...serverHellos, ...encryptedExtensions]);

Deno.test("what RFC 9846 asks to ignore is ignored", async () => {
  const tolerated: Record<string, Interference> = {
    "unknown extensions of ClientHello": clientHello(extensions(plus(0x1234, "00"))),
    "unknown versions, suites, groups and schemes": clientHello((hello) => ({
      ...hello,
      cipherSuites: [0x0a0a, 0x5600, ...hello.cipherSuites],
      extensions: [E.supported_groups, E.signature_algorithms].reduce(
        (list, type) =>
          put(
            type,
            (data) => concat([Uint8Array.of(0, data.length), fromHex("1a1a"), data.subarray(2)]),
          )(list),
        hello.extensions,
      ),
    })),
    "legacy_version 0x0400 of ClientHello": clientHello((hello) => ({
      ...hello,
      legacyVersion: 0x0400,
    })),
    "supported_groups in EncryptedExtensions": encrypted(plus(E.supported_groups, "0002001d")),
  };
  for (const [name, on] of Object.entries(tolerated)) {
    const outcome = await shakeOut(
      Handshake.client(client, target),
      Handshake.server(server),
      on,
    );
    // The transcripts differ after the change, so the first thing to go wrong is a signature: all before it was accepted.
    const codes = [outcome.client?.code, outcome.server?.code];
    assert(codes.includes("peer/bad-signature"), `${name}: ${codes}`);
  }
});

Deno.test("a CertificateVerify that is wrong ends in decrypt_error, and one of another scheme in illegal_parameter", async () => {
  const wrong = change("server", H.certificate_verify, (message) => {
    const bytes = message.slice();
    bytes[bytes.length - 1] ^= 1;
    return bytes;
  });
  const scheme = (value: number) =>
    change("server", H.certificate_verify, (message) => {
      const bytes = message.slice();
      bytes.set([value >> 8, value & 0xff], 4);
      return bytes;
    });
  const cases: [Interference, TlsErrorCode][] = [
    [wrong, "peer/bad-signature"],
    [scheme(S.ecdsa_secp384r1_sha384), "peer/signature-scheme"],
    [scheme(S.rsa_pss_rsae_sha256), "peer/signature-scheme"],
    [scheme(S.rsa_pkcs1_sha256), "peer/signature-scheme"],
    [scheme(S.ecdsa_sha1), "peer/signature-scheme"],
    [scheme(S.ed25519), "peer/signature-scheme"],
  ];
  for (const [on, code] of cases) {
    const outcome = await shakeOut(Handshake.client(client, target), Handshake.server(server), on);
    assertEquals(outcome.client?.code, code);
  }
});
