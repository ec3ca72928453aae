/** What a server has to take and answer, row by row: the table of what it refuses is in `conformance/`. */
import { assert, assertEquals } from "@std/assert";
import {
  CipherSuiteId as C,
  concat,
  ExtensionType as E,
  fromHex,
  HandshakeType as H,
  NamedGroup as G,
} from "@sealane/wire";
import {
  client,
  clientHello,
  extensions,
  type Interference,
  plus,
  put,
  requiring,
  resuming,
  retrying,
  server,
  set,
  target,
} from "./row.ts";
import {
  decodeExtension,
  keyShareInHelloRetryRequest,
  keyShareInServerHello,
  type RawExtension,
} from "../extensions/mod.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import { decodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import {
  decodeServerHello,
  isHelloRetryRequest,
  type ServerHello,
} from "../messages/server_hello.ts";
import {
  type ClientConfig,
  type CustomExtension,
  Handshake,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

/** What a server said. */
interface Answer {
  readonly hellos: readonly ServerHello[];
  readonly encrypted: readonly RawExtension[];
  readonly outcome: Outcome;
  readonly ends: readonly [Handshake, Handshake];
}

/**
 * Lets a server answer. Where the ClientHello was changed the transcripts differ, and the client refuses the signature: the
 * server has sent all its flight by then.
 */
async function answer(
  { from = client, to = server, on, session }: {
    from?: ClientConfig;
    to?: ServerConfig;
    on?: Interference;
    session?: Session;
  },
): Promise<Answer> {
  const ends = [Handshake.client(from, { ...target, session }), Handshake.server(to)] as const;
  const outcome = await shakeOut(...ends, on);
  const sent = outcome.messages.filter(([side]) => side === "server").map(([, bytes]) => bytes);
  assert(sent.some(([type]) => type === H.finished), `no Finished: ${outcome.server}`);
  if (on === undefined) assertEquals([outcome.client, outcome.server], [null, null]);
  const hellos = sent.filter(([type]) => type === H.server_hello);
  const encrypted = sent.find(([type]) => type === H.encrypted_extensions);
  assert(encrypted !== undefined);
  return {
    hellos: hellos.map((bytes) => decodeServerHello(bytes.subarray(4))),
    encrypted: decodeEncryptedExtensions(encrypted.subarray(4)).extensions,
    outcome,
    ends,
  };
}

const typesOf = (list: readonly RawExtension[]) => list.map(({ type }) => type);

for (const length of [0, 16, 32]) {
  Deno.test(`row 66: legacy_session_id of ${length} bytes is echoed in ServerHello and HelloRetryRequest`, async () => {
    const legacySessionId = Uint8Array.from({ length }, (_, i) => i + 1);
    const on: Interference = (message, from, nth) =>
      clientHello((hello) => ({ ...hello, legacySessionId }), nth)(message, from, nth);
    for (const to of [server, retrying]) {
      // A client refuses what is not its own: it is let go on with it, to have ServerHello after HelloRetryRequest.
      const own = { ...client, keyShares: to === retrying ? [G.secp256r1] : undefined };
      const { hellos } = await answer({ from: own, to, on });
      for (const hello of hellos) assertEquals(hello.legacySessionId, legacySessionId);
    }
    const retry = await shakeOut(Handshake.client(client, target), Handshake.server(retrying), on);
    const [, bytes] = retry.messages.find(([side]) => side === "server") ?? [];
    assert(bytes !== undefined);
    const hello = decodeServerHello(bytes.subarray(4));
    assert(isHelloRetryRequest(hello));
    assertEquals(hello.legacySessionId, legacySessionId);
  });
}

/** Rows whose ClientHello is only to be taken. */
const TAKEN: readonly (readonly [number, string, (hello: ClientHello) => ClientHello])[] = [
  [70, "versions that nobody knows come first", versions("0a7a7a7f12030505000304")],
  [70, "versions that nobody knows come last", versions("080304dada12340303")],
  [71, "legacy_version is 0x1234", (hello) => ({ ...hello, legacyVersion: 0x1234 })],
  [71, "legacy_version is 0x0400", (hello) => ({ ...hello, legacyVersion: 0x0400 })],
  [74, "an unknown extension", extensions(plus(0x1234, "00"))],
  [74, "a GREASE extension", extensions(plus(0x3a3a, "00"))],
  [74, "unknown and GREASE suites", (hello) => ({
    ...hello,
    cipherSuites: [0x0a0a, 0x1337, ...hello.cipherSuites, 0xfafa],
  })],
  [74, "unknown and GREASE groups", extensions(inFront(E.supported_groups, "1a1a1234"))],
  [74, "unknown and GREASE schemes", extensions(inFront(E.signature_algorithms, "1a1a1234"))],
  [74, "unknown and GREASE PSK modes", extensions(set(E.psk_key_exchange_modes, "030b0142"))],
  [
    74,
    "shares of unknown and GREASE groups",
    extensions(inFront(E.key_share, "2a2a0001001234000102")),
  ],
  [94, "extended_main_secret", extensions(plus(E.extended_main_secret))],
  [95, "TLS_FALLBACK_SCSV", (hello) => ({
    ...hello,
    cipherSuites: [...hello.cipherSuites, 0x5600],
  })],
  [140, "use_srtp", extensions(plus(E.use_srtp, "0002000100"))],
];

function versions(hex: string): (hello: ClientHello) => ClientHello {
  return extensions(set(E.supported_versions, hex));
}

/** Puts bytes in front of a list with a length of 16 bits. */
function inFront(type: E, hex: string) {
  return put(type, (data) => {
    const list = concat([fromHex(hex), data.subarray(2)]);
    return concat([Uint8Array.of(list.length >> 8, list.length & 0xff), list]);
  });
}

for (const [row, what, edit] of TAKEN) {
  Deno.test(`row ${row}: a server takes a ClientHello with ${what}`, async () => {
    const { hellos: [hello], encrypted } = await answer({ on: clientHello(edit) });
    assert(client.cipherSuites?.includes(hello.cipherSuite) ?? true);
    assertEquals(
      hello.extensions.find(({ type }) => type === E.supported_versions)?.data,
      fromHex("0304"),
    );
    assertEquals(typesOf(encrypted).includes(E.use_srtp), false);
  });
}

Deno.test("row 78: a server that may go on without a protocol leaves ALPN out", async () => {
  const from = { ...client, alpn: ["h3"] };
  const { encrypted, ends } = await answer({ from, to: { ...server, ignoreUnknownAlpn: true } });
  assertEquals(typesOf(encrypted).includes(E.application_layer_protocol_negotiation), false);
  assertEquals(ends.map(({ info }) => info?.alpn), [null, null]);
  const declining = await answer({ to: { ...server, selectAlpn: () => null } });
  assertEquals(declining.ends.map(({ info }) => info?.alpn), [null, null]);
});

Deno.test("row 85: the high bit of an x25519 share does not matter", async () => {
  const on = clientHello(extensions(put(E.key_share, (data) => {
    const changed = data.slice();
    changed[changed.length - 1] |= 0x80;
    return changed;
  })));
  const only = { groups: [G.x25519] };
  await answer({ from: { ...client, ...only }, to: { ...server, ...only }, on });
});

Deno.test("row 87: a server asks for a share of the group that it prefers, also where there is none", async () => {
  const cases: [ClientConfig, ServerConfig, number][] = [
    [{ ...client, keyShares: [] }, server, G.x25519],
    [client, retrying, G.secp256r1],
    [{ ...client, keyShares: [G.x25519] }, { ...server, groups: [G.secp384r1] }, G.secp384r1],
    [
      { ...client, groups: [G.x25519, G.X25519MLKEM768], keyShares: [G.x25519] },
      { ...server, groups: [G.X25519MLKEM768, G.x25519] },
      G.X25519MLKEM768,
    ],
  ];
  for (const [from, to, group] of cases) {
    const { hellos, ends } = await answer({ from, to });
    assertEquals(hellos.map(isHelloRetryRequest), [true, false]);
    assertEquals(decodeExtension(hellos[0].extensions, keyShareInHelloRetryRequest), group);
    assertEquals(decodeExtension(hellos[1].extensions, keyShareInServerHello)?.group, group);
    assertEquals(ends.map(({ info }) => info?.group), [group, group]);
  }
});

Deno.test("row 91: the client's order of suites counts, or the server's where it says so", async () => {
  const { TLS_AES_128_GCM_SHA256: aes, TLS_CHACHA20_POLY1305_SHA256: chacha } = C;
  const suiteOf = async (cipherSuites: C[], to: ServerConfig) => {
    const { ends } = await answer({ from: { ...client, cipherSuites }, to });
    return ends[1].info?.suite.id;
  };
  for (const ours of [[aes, chacha], [chacha, aes]]) {
    for (const theirs of [[aes, chacha], [chacha, aes]]) {
      const to = { ...server, cipherSuites: ours };
      assertEquals(await suiteOf(theirs, to), theirs[0]);
      assertEquals(await suiteOf(theirs, { ...to, preferServerCipherSuites: true }), ours[0]);
    }
  }
});

/** An extension that the client sends besides. */
const sending = (type: E, hex = ""): CustomExtension => ({
  type,
  allowedIn: [],
  send: (context) => context === "CH" ? fromHex(hex) : null,
  receive: () => {},
});

Deno.test("row 94: with or without extended_main_secret, both sides export the same", async () => {
  for (const customExtensions of [[], [sending(E.extended_main_secret)]]) {
    const { ends } = await answer({ from: { ...client, customExtensions } });
    const [a, b] = ends.map((end) => end.exportKeyingMaterial("EXPORTER-test", fromHex("01"), 32));
    assertEquals(a, b);
  }
});

Deno.test("row 98: server_name is acknowledged in full handshakes, where it counted", async () => {
  const named = async (to: ServerConfig, session?: Session) =>
    typesOf((await answer({ to, session })).encrypted).includes(E.server_name);
  assertEquals(await named(server), true);
  assertEquals(await named({ ...server, acknowledgeServerName: false }), false);
  const { outcome: { sessions: [session] } } = await answer({ to: resuming });
  assertEquals(await named(resuming, session), false);
  const nameless = Handshake.client(client, {});
  const { messages } = await shakeOut(nameless, Handshake.server(server));
  const encrypted = messages.find(([, [type]]) => type === H.encrypted_extensions);
  assert(encrypted !== undefined);
  const list = decodeEncryptedExtensions(encrypted[1].subarray(4)).extensions;
  assertEquals(typesOf(list).includes(E.server_name), false);
});

Deno.test("row 99: EncryptedExtensions have nothing that belongs elsewhere, whatever is offered", async () => {
  const old = [E.extended_main_secret, E.session_ticket, E.renegotiation_info, E.ec_point_formats];
  const from: ClientConfig = {
    ...client,
    requestOcsp: true,
    requestSignedCertificateTimestamps: true,
    customExtensions: [
      sending(E.extended_main_secret),
      sending(E.session_ticket),
      sending(E.renegotiation_info, "00"),
      sending(E.ec_point_formats, "0100"),
    ],
  };
  const never: number[] = [
    ...old,
    E.key_share,
    E.supported_versions,
    E.status_request,
    E.signed_certificate_timestamp,
    E.pre_shared_key,
  ];
  for (const to of [requiring, retrying, resuming]) {
    const first = await answer({ from, to });
    for (
      const { encrypted } of [first, await answer({ from, to, session: first.outcome.sessions[0] })]
    ) {
      assertEquals(typesOf(encrypted).filter((type) => never.includes(type)), []);
    }
  }
});
