/** What a client has to say, and to take from a server, row by row: the table of what it refuses is in `conformance/`. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  concat,
  ExtensionType as E,
  HandshakeType as H,
  NamedGroup as G,
  utf8,
} from "@sealane/wire";
import {
  asItIs,
  client,
  encrypted,
  extensions,
  type Interference,
  plus,
  resuming,
  retrying,
  server,
  serverHello,
  set,
  takingEarly,
  target,
} from "./row.ts";
import {
  cookieInClientHello,
  decodeExtension,
  keyShareInClientHello,
  preSharedKeyInClientHello,
  type RawExtension,
  supportedGroupsInClientHello,
} from "../extensions/mod.ts";
import { type ClientHello, decodeClientHello } from "../messages/client_hello.ts";
import {
  type ClientConfig,
  type ClientTarget,
  type ExternalPsk,
  Handshake,
  PACKETS,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

/** The ClientHellos of a connection. */
function hellosOf({ messages }: Outcome): ClientHello[] {
  return messages.filter(([from, [type]]) => from === "client" && type === H.client_hello)
    .map(([, bytes]) => decodeClientHello(bytes.subarray(4)));
}

interface Run {
  readonly from?: ClientConfig;
  readonly to?: ServerConfig;
  readonly on?: Interference;
  readonly session?: Session;
  readonly target?: ClientTarget;
}

async function run({ from = client, to = server, on, session, target: wanted = target }: Run) {
  const ends = [Handshake.client(from, { ...wanted, session }), Handshake.server(to)] as const;
  const outcome = await shakeOut(...ends, on);
  if (on === undefined) assertEquals([outcome.client, outcome.server], [null, null]);
  return { ends, outcome, hellos: hellosOf(outcome) };
}

async function sessionOf(from: ClientConfig, to: ServerConfig): Promise<Session> {
  return (await run({ from, to })).outcome.sessions[0];
}

function firstHello(from: ClientConfig, wanted: ClientTarget = target): ClientHello {
  const handshake = Handshake.client(from, wanted);
  handshake.start();
  const [event] = handshake.events();
  assert(event.type === "message");
  return decodeClientHello(event.data.subarray(4));
}

const sharesOf = ({ extensions }: ClientHello) =>
  decodeExtension(extensions, keyShareInClientHello)?.map(({ group }) => group);

Deno.test("row 114: a session is resumed with another suite of the same hash", async () => {
  const from = { ...client, cipherSuites: [0x1301, 0x1303] };
  const session = await sessionOf(from, { ...resuming, cipherSuites: [0x1301] });
  const { ends } = await run({ from, to: { ...resuming, cipherSuites: [0x1303] }, session });
  assertEquals(ends.map(({ info }) => [info?.resumed, info?.suite.id]), [
    [true, 0x1303],
    [true, 0x1303],
  ]);
});

Deno.test("row 121: a cookie is echoed bit by bit, whatever it is", async () => {
  for (const length of [1, 31, 1000, 60_000]) {
    const cookie = Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8));
    const data = concat([Uint8Array.of(length >> 8, length & 0xff), cookie]);
    const on = serverHello(extensions((list) => [...list, { type: E.cookie, data }]));
    const { hellos: [, second] } = await run({ to: retrying, on });
    assertEquals(decodeExtension(second.extensions, cookieInClientHello), cookie);
  }
});

/** What RFC 9846 §4.2.2 lets change in a second ClientHello. */
const MAY_CHANGE: readonly number[] = [
  E.key_share,
  E.cookie,
  E.pre_shared_key,
  E.early_data,
  E.padding,
];
const fixed = (list: readonly RawExtension[]) =>
  list.filter(({ type }) => !MAY_CHANGE.includes(type));

Deno.test("row 127: a second ClientHello is the first one, but for what has to change", async () => {
  const plain: ClientConfig = { ...client, grease: true, permuteExtensions: true };
  const session = await sessionOf(plain, takingEarly);
  assert(session.maxEarlyData > 0);
  for (const more of [{}, { session }, { session, early: true }]) {
    const from = { ...plain, earlyData: "early" in more };
    const { hellos } = await run({
      from,
      to: { ...takingEarly, groups: retrying.groups },
      ...more,
    });
    const announced = hellos[0].extensions.some(({ type }) => type === E.early_data);
    assertEquals(announced, "early" in more);
    assertEquals(hellos.length, 2);
    const [first, second] = hellos;
    assertEquals({ ...second, extensions: [] }, { ...first, extensions: [] });
    assertEquals(fixed(second.extensions), fixed(first.extensions));
    assertEquals(sharesOf(second), [G.secp256r1]);
    assertEquals(second.extensions.some(({ type }) => type === E.early_data), false);
  }
});

Deno.test("row 128: after HelloRetryRequest only PSKs of the hash of its suite are offered, with new binders", async () => {
  const psk = (name: string, hash: string): ExternalPsk => ({
    identity: utf8(name),
    key: new Uint8Array(32).fill(7),
    hash,
  });
  const externalPsks = [psk("long", "SHA-384"), psk("short", "SHA-256")];
  const from: ClientConfig = { ...client, cipherSuites: [0x1302, 0x1301], externalPsks };
  const to: ServerConfig = { ...retrying, cipherSuites: [0x1301], externalPsks: [externalPsks[1]] };
  const { hellos, ends } = await run({ from, to });
  const [before, after] = hellos.map(({ extensions }) =>
    decodeExtension(extensions, preSharedKeyInClientHello)
  );
  assertEquals(before?.identities.map(({ identity }) => identity), [utf8("long"), utf8("short")]);
  assertEquals(after?.identities.map(({ identity }) => identity), [utf8("short")]);
  assertNotEquals(before?.binders[1], after?.binders[0]);
  assertEquals(ends[1].info?.externalPsk, true);
});

Deno.test("row 129: P-384 is offered without a share, and lists of shares are kept to", () => {
  const { extensions } = firstHello({ ...client, groups: undefined });
  assert(decodeExtension(extensions, supportedGroupsInClientHello)?.includes(G.secp384r1));
  const shares = (keyShares?: G[]) => sharesOf(firstHello({ ...client, keyShares }));
  assertEquals(
    sharesOf(firstHello({ ...client, groups: undefined }))?.includes(G.secp384r1),
    false,
  );
  assertEquals(shares([G.secp384r1]), [G.secp384r1]);
  assertEquals(shares([]), []);
  // RFC 9846 §4.3.8: in the order of supported_groups.
  assertEquals(shares([G.secp384r1, G.x25519]), [G.x25519, G.secp384r1]);
  const groups = [G.secp256r1, G.x25519, G.X25519MLKEM768];
  assertEquals(sharesOf(firstHello({ ...client, groups })), groups);
});

Deno.test("row 131: a random legacy_session_id of 32 bytes over records, none over packets", () => {
  const [first, second] = [firstHello(client), firstHello(client)];
  assertEquals(first.legacySessionId.length, 32);
  assertNotEquals(first.legacySessionId, second.legacySessionId);
  const handshake = Handshake.client(client, target, { carrier: PACKETS });
  handshake.start();
  const [event] = handshake.events();
  assert(event.type === "message");
  assertEquals(decodeClientHello(event.data.subarray(4)).legacySessionId.length, 0);
});

Deno.test("row 137: supported_groups in EncryptedExtensions is ignored", async () => {
  for (const hex of ["0002001d", "0004001e1a1a"]) {
    const { outcome } = await run({ on: encrypted(plus(E.supported_groups, hex)) });
    // All was taken up to the signature, which is of another transcript.
    assertEquals(outcome.client?.code, "peer/bad-signature");
  }
});

Deno.test("row 138: a client may tolerate a protocol that it did not offer", async () => {
  const on = encrypted(set(E.application_layer_protocol_negotiation, "0003026833"));
  const { outcome } = await run({ from: { ...client, allowUnknownAlpn: true }, on });
  assertEquals(outcome.client?.code, "peer/bad-signature");
});

Deno.test("row 139: a name that is acknowledged in a resumption is tolerated", async () => {
  const session = asItIs(await sessionOf(client, resuming));
  const { outcome } = await run({ to: resuming, session, on: encrypted(plus(E.server_name)) });
  // There is no signature: Finished is of another transcript.
  assertEquals(outcome.client?.code, "peer/bad-finished");
});
