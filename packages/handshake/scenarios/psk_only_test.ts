/** PSKs without a key exchange: psk_ke (RFC 9846 sections 4.2.1, 4.3.9 and 9.2). */
import { assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import { ExtensionType as E, HandshakeType, NamedGroup as G, utf8 } from "@sealane/wire";
import {
  decodeExtension,
  encodeExtension,
  keyShareInHelloRetryRequest,
  keyShareInServerHello,
  pskKeyExchangeModesInClientHello,
  type RawExtension,
} from "../extensions/mod.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { decodeServerHello, encodeServerHello } from "../messages/server_hello.ts";
import {
  type ClientConfig,
  createReplayGuard,
  echConfigList,
  type ExternalPsk,
  generateEchKey,
  Handshake,
  type ServerConfig,
} from "../mod.ts";
import {
  clientConfig,
  connected,
  serverConfig,
  sessionsOf,
  target,
} from "../testing/session_testing.ts";
import { exchange, type Interference, type Outcome, shakeOut } from "../testing/testing.ts";

const psk: ExternalPsk = { identity: utf8("sensor"), key: new Uint8Array(32).fill(7) };
/** A client that can do nothing else. */
const small: ClientConfig = { provider, externalPsks: [psk], requirePsk: true, pskOnly: true };
const willing: ServerConfig = serverConfig({ externalPsks: [psk], allowPskOnly: true });
const retry = { cookieKey: new Uint8Array(32).fill(3), alwaysRetry: true };

const run = (client: ClientConfig, server: ServerConfig, interfere?: Interference) =>
  shakeOut(Handshake.client(client, target), Handshake.server(server), interfere);

/** The ClientHellos of a run. */
function hellos({ messages }: Outcome): ClientHello[] {
  return messages.filter(([from, [type]]) =>
    from === "client" && type === HandshakeType.client_hello
  )
    .map(([, bytes]) => decodeClientHello(bytes.subarray(HANDSHAKE_HEADER_LENGTH)));
}

function changeServerHello(change: (extensions: RawExtension[]) => RawExtension[]): Interference {
  return (message) => {
    if (message[0] !== HandshakeType.server_hello) return message;
    const hello = decodeServerHello(message.subarray(HANDSHAKE_HEADER_LENGTH));
    return encodeServerHello({ ...hello, extensions: change([...hello.extensions]) });
  };
}

function without(...types: E[]): Interference {
  return (message) => {
    if (message[0] !== HandshakeType.client_hello) return message;
    const hello = decodeClientHello(message.subarray(HANDSHAKE_HEADER_LENGTH));
    const extensions = hello.extensions.filter(({ type }) => !types.includes(type));
    return encodeClientHello({ ...hello, extensions });
  };
}

function failure({ client, server }: Outcome): (string | number | null)[] | null {
  const error = server ?? client;
  return error === null ? null : [error.code, error.alert];
}

Deno.test("a client that has a PSK alone offers psk_ke, no key_share, and nothing about certificates", async () => {
  for (const more of [{}, { grease: true, permuteExtensions: true }, { provider: webcrypto }]) {
    const ours = Handshake.client({ ...small, ...more }, target);
    const theirs = Handshake.server(willing);
    const outcome = await shakeOut(ours, theirs);
    const [{ extensions }] = hellos(outcome);
    assertEquals(decodeExtension(extensions, pskKeyExchangeModesInClientHello), [0]);
    const types: number[] = extensions.map(({ type }) => type);
    for (
      const type of [E.key_share, E.supported_groups, E.signature_algorithms, E.status_request]
    ) {
      assertEquals(types.includes(type), false);
    }
    for (const { info } of [ours, theirs]) {
      assertEquals([info?.externalPsk, info?.group, info?.peer], [true, null, null]);
    }
    assertEquals(
      ours.exportKeyingMaterial("test", utf8(""), 20),
      theirs.exportKeyingMaterial("test", utf8(""), 20),
    );
  }
});

Deno.test("tickets are for use alone too, with early data", () => {
  const server = { ...willing, earlyData: { replayGuard: createReplayGuard() } };
  const client = { ...small, earlyData: true };
  const [session] = sessionsOf(client, server);
  const { client: ours, server: theirs } = connected(client, server, session);
  for (const info of [ours, theirs]) {
    assertEquals([info.resumed, info.group, info.earlyDataAccepted], [true, null, true]);
  }
});

Deno.test("a server that does not know the PSK, or does not use it alone, says handshake_failure", async () => {
  const refused = ["peer/unknown-psk-identity", 40];
  assertEquals(failure(await run(small, { ...willing, allowPskOnly: false })), refused);
  assertEquals(failure(await run(small, { ...willing, externalPsks: undefined })), refused);
  // Nor does it send tickets that such a client could not use.
  const fallback = { ...clientConfig, pskOnly: true };
  assertEquals(sessionsOf(fallback, serverConfig()), []);
  assertEquals(sessionsOf(fallback, willing).length, 2);
});

Deno.test("where a certificate will do too, both are offered", async () => {
  const client = { ...clientConfig, externalPsks: [psk], pskOnly: true };
  const outcome = await run(client, willing);
  assertEquals(hellos(outcome)[0].extensions.some(({ type }) => type === E.key_share), true);
  assertEquals(connected(client, willing).client.group, null);
  const { client: info } = connected(client, { ...willing, allowPskOnly: false });
  assertEquals([info.externalPsk, info.group === null, info.peer === null], [false, false, false]);
  // Without a share the server asks for one, and the PSKs come along.
  const later = connected({ ...client, keyShares: [] }, { ...willing, allowPskOnly: false });
  assertEquals([later.client.helloRetryRequest, later.client.externalPsk], [true, false]);
});

Deno.test("a client refuses a key_share with a PSK that is to be used alone", async () => {
  const share = encodeExtension(keyShareInServerHello, {
    group: G.x25519,
    share: new Uint8Array(32).fill(9),
  });
  const add = changeServerHello((extensions) => [...extensions, share]);
  assertEquals(failure(await run(small, willing, add)), ["peer/unsolicited-extension", 110]);
  const both = { ...clientConfig, externalPsks: [psk], pskOnly: true };
  assertEquals(failure(await run(both, willing, add)), ["peer/psk-mode", 47]);
});

Deno.test("a client refuses a HelloRetryRequest for a share that it did not offer", async () => {
  const group = encodeExtension(keyShareInHelloRetryRequest, G.x25519);
  const add = changeServerHello((extensions) => [...extensions, group]);
  const outcome = await run(small, { ...willing, ...retry }, add);
  assertEquals(failure(outcome), ["peer/unsolicited-extension", 110]);
});

Deno.test("a client refuses a ServerHello without PSK and key_share", async () => {
  const drop = changeServerHello((extensions) =>
    extensions.filter(({ type }) => type !== E.pre_shared_key)
  );
  assertEquals(failure(await run(small, willing, drop)), ["peer/missing-extension", 109]);
});

Deno.test("supported_groups and key_share come together or not at all", async () => {
  const client = { ...clientConfig, externalPsks: [psk], allowPskOnly: true };
  for (const types of [[E.key_share], [E.supported_groups], [E.key_share, E.supported_groups]]) {
    const outcome = await run(client, serverConfig(), without(...types));
    assertEquals(failure(outcome), ["peer/missing-extension", 109]);
  }
});

Deno.test("without a group in common a PSK is used alone where both sides allow it", async () => {
  const client = { ...clientConfig, groups: [G.secp384r1], externalPsks: [psk] };
  const server = { ...willing, groups: [G.x25519] };
  const { server: info } = connected({ ...client, allowPskOnly: true }, server);
  assertEquals([info.externalPsk, info.group], [true, null]);
  const none = ["peer/no-common-group", 40];
  assertEquals(failure(await run(client, server)), none);
  assertEquals(
    failure(await run({ ...client, allowPskOnly: true }, { ...server, allowPskOnly: false })),
    none,
  );
});

Deno.test("a cookie comes back without a key_share, to the same server and to another one", async () => {
  const server = { ...willing, ...retry };
  const outcome = await run(small, server);
  assertEquals(failure(outcome), null);
  const [, second] = hellos(outcome);
  const types: number[] = second.extensions.map(({ type }) => type);
  assertEquals([types.includes(E.cookie), types.includes(E.key_share)], [true, false]);

  const ours = Handshake.client(small, target);
  const [before, after] = [Handshake.server(server), Handshake.server(server)];
  for (const end of [ours, before, after]) end.start();
  for (const event of ours.events()) {
    if (event.type === "message") before.receive(event.level, event.data);
  }
  for (const event of before.events()) {
    if (event.type === "message") ours.receive(event.level, event.data);
  }
  exchange(ours, after);
  assertEquals([ours.info?.helloRetryRequest, ours.info?.group], [true, null]);
  assertEquals(after.info?.externalPsk, true);
});

Deno.test("with ECH there is a key_share for the certificate of the public name", async () => {
  const key = generateEchKey({ provider, publicName: "public.example" });
  const configList = echConfigList([key]);
  const client = { ...clientConfig, ...small, ech: { configList } };
  const outcome = await run(client, { ...willing, echKeys: [key] });
  assertEquals(failure(outcome), null);
  assertEquals(hellos(outcome)[0].extensions.some(({ type }) => type === E.key_share), true);
});
