/**
 * Sealane against itself: every provider with every provider, and the bytes of both directions cut in every way. This shows
 * nothing about the wire; that the engine does not care how bytes arrive, it does.
 */
import { assert, assertEquals } from "@std/assert";
import { createCredential, type Credential, type ServerConfig } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority, generateTestKey } from "@sealane/pki/testing";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { NamedGroup, utf8 } from "@sealane/wire";
import { Connection } from "./connection.ts";
import type { ConnectionEvent } from "./connection_options.ts";

const providers = [nativeProvider, nobleProvider, webCryptoProvider];
const groups = [NamedGroup.x25519];
const authority = await createTestAuthority(nativeProvider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const key = await generateTestKey();
const issued = await authority.issue({ names: ["localhost"], key });
const target = { serverName: "localhost" };

async function credential(provider: CryptoProvider): Promise<Credential> {
  const signer = await provider.importPrivateKey(key.privateKey);
  return createCredential({ certificates: issued.chain, signer });
}

/** Cuts a flight into the pieces in which it arrives. */
type Cut = (bytes: Uint8Array) => Uint8Array[];
const whole: Cut = (bytes) => [bytes];
const bytewise: Cut = (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte));
const at = (index: number): Cut => (bytes) => [bytes.subarray(0, index), bytes.subarray(index)];

async function move(from: Connection, to: Connection, cut: Cut): Promise<number> {
  const bytes = await from.take();
  for (const piece of cut(bytes)) await to.receive(piece);
  return bytes.length;
}

function text(events: Iterable<ConnectionEvent>): string {
  const data = Array.from(events).flatMap((event) => event.type === "data" ? [...event.data] : []);
  return new TextDecoder().decode(Uint8Array.from(data));
}

/** A handshake with mutual authentication and data both ways; gives the bytes of each flight of the server. */
async function play(
  clientProvider: CryptoProvider,
  serverProvider: CryptoProvider,
  clientCut: Cut,
  serverCut: Cut,
): Promise<number> {
  const client = Connection.client({
    provider: clientProvider,
    groups,
    trust,
    credentials: [await credential(clientProvider)],
  }, target);
  const server = Connection.server({
    provider: serverProvider,
    groups,
    trust,
    credentials: [await credential(serverProvider)],
    clientAuthentication: "required",
  });
  await client.start();
  await server.start();
  client.write(utf8("from the client"));
  server.write(utf8("from the server"));
  await move(client, server, clientCut);
  const flight = await move(server, client, serverCut);
  await move(client, server, clientCut);
  await move(server, client, serverCut);
  assert(client.complete && server.complete);
  assertEquals(text(client.events()), "from the server");
  assertEquals(text(server.events()), "from the client");
  client.close();
  server.close();
  await move(client, server, clientCut);
  await move(server, client, serverCut);
  assert(client.readClosed && server.readClosed);
  return flight;
}

for (const client of providers) {
  for (const server of providers) {
    Deno.test(`${client.name} client and ${server.name} server: whole flights and single bytes`, async () => {
      await play(client, server, whole, whole);
      await play(client, server, bytewise, bytewise);
    });
  }
}

Deno.test("a server flight may be cut at every byte", async () => {
  const length = await play(nativeProvider, nativeProvider, whole, whole);
  for (let index = 0; index <= length; index++) {
    await play(nativeProvider, nativeProvider, whole, at(index));
  }
});

Deno.test("a client flight may be cut at every byte", async () => {
  const client = Connection.client({ provider: nativeProvider, groups, trust }, target);
  await client.start();
  const { length } = await client.take();
  for (let index = 0; index <= length; index += 1) {
    await play(nativeProvider, nativeProvider, at(index), whole);
  }
});

Deno.test("with synchronous providers and callbacks nothing yields to the event loop", async () => {
  const config: ServerConfig = {
    provider: nativeProvider,
    groups,
    credentials: [await credential(nativeProvider)],
  };
  const client = Connection.client({ provider: nativeProvider, groups, trust }, target);
  const server = Connection.server(config);
  let turns = 0;
  queueMicrotask(() => turns++);
  // A value and not a promise comes back from every call, so no microtask can have run.
  assertEquals(client.start(), undefined);
  assertEquals(server.start(), undefined);
  for (let flight = 0; flight < 2; flight++) {
    for (const [from, to] of [[client, server], [server, client]]) {
      const bytes = from.take();
      assert(bytes instanceof Uint8Array);
      assertEquals(to.receive(bytes), undefined);
    }
  }
  client.write(utf8("data"));
  const sealed = client.take();
  assert(sealed instanceof Uint8Array);
  assertEquals(server.receive(sealed), undefined);
  assertEquals(text(server.events()), "data");
  assert(client.complete && server.complete);
  assertEquals(turns, 0);
});
