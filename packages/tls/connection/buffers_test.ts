/** What a peer can fill has a bound, and is refused beyond it. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ContentType, HandshakeType, TlsError, utf8 } from "@sealane/wire";
import { RecordWriter, TrafficKey } from "@sealane/record";
import { Connection } from "./connection.ts";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig, streams } from "../testing/testing.ts";

/** A record without protection. */
function record(content: Uint8Array): Uint8Array {
  return Uint8Array.of(
    ContentType.handshake,
    3,
    1,
    content.length >> 8,
    content.length,
    ...content,
  );
}

for (
  const [what, header, code] of [
    [
      "ClientHello over its limit",
      [HandshakeType.client_hello, 0, 0x80, 0],
      "peer/message-too-large",
    ],
    [
      "ClientHello of 16 MB",
      [HandshakeType.client_hello, 0xff, 0xff, 0xff],
      "peer/message-too-large",
    ],
    ["Finished first", [HandshakeType.finished, 0, 0, 32], "peer/unexpected-message"],
  ] as const
) {
  Deno.test(`row 248: ${what} is refused when its header has come`, () => {
    const server = Connection.server(serverConfig);
    server.start();
    const error = assertThrows(() => server.receive(record(Uint8Array.from(header))), TlsError);
    assertEquals(error.code, code);
  });
}

/** A link that is done, and a writer of the client's records. */
function afterHandshake(side: "client" | "server"): [Link, (message: Uint8Array) => void] {
  const link = new Link(clientConfig, serverConfig).run();
  const { suite, writeSecret } = link[side].handshake.post.keys;
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(suite, writeSecret));
  return [link, (message) => {
    writer.write(ContentType.handshake, message);
    const bytes = writer.take();
    assert(bytes instanceof Uint8Array);
    link.deliver(side === "client" ? "server" : "client", bytes);
  }];
}

Deno.test("row 248: a KeyUpdate that announces a long body is refused when its header has come", () => {
  for (const length of [2, 65_000]) {
    const [link, send] = afterHandshake("client");
    send(Uint8Array.of(HandshakeType.key_update, 0, length >> 8, length));
    assertEquals(link.failure("server"), ["peer/decode-error", 50]);
  }
});

Deno.test("row 248: a Finished that announces a long body is refused when its header has come", () => {
  const server = Connection.server(serverConfig);
  server.start();
  const client = Connection.client(clientConfig);
  client.start();
  server.receive(client.take() as Uint8Array); // both are synchronous
  client.receive(server.take() as Uint8Array);
  const long = Uint8Array.of(HandshakeType.finished, 0, 0x40, 0);
  const error = assertThrows(() => server.handshake.receive("handshake", long), TlsError);
  assertEquals(error.code, "peer/decode-error");
});

/** A server whose callback is pending until `release`. */
function pending(
  pendingBytes?: number,
): { server: Connection; hello: Uint8Array; release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = Connection.server({ ...serverConfig, onClientHello: () => promise }, {
    pendingBytes,
  });
  server.start();
  const client = Connection.client(clientConfig, { serverName: "localhost" });
  client.start();
  return { server, hello: client.take() as Uint8Array, release: resolve }; // synchronous
}

Deno.test("row 251: bytes beyond the bound during a pending callback are refused, and the connection ends", async () => {
  for (const bound of [undefined, 1_000]) {
    const { server, hello } = pending(bound);
    const first = Promise.resolve(server.receive(hello)).catch((error) => error);
    let received = 0;
    let refused: unknown = null;
    while (refused === null && received < 10_000_000) {
      try {
        Promise.resolve(server.receive(new Uint8Array(100))).catch(() => {});
        received += 100;
      } catch (error) {
        refused = error;
      }
    }
    assert(refused instanceof TlsError);
    assertEquals(refused.code, "peer/message-too-large");
    assertEquals(received, Math.floor((bound ?? 262_144) / 100) * 100);
    assertEquals(await first, refused);
    assertThrows(() => server.receive(new Uint8Array(1)), TlsError);
  }
});

Deno.test("row 251: what waits within the bound is taken in order", async () => {
  const { server, hello, release } = pending();
  const waiting: unknown[] = [];
  for (const byte of hello) waiting.push(server.receive(Uint8Array.of(byte)));
  // The first bytes were taken; the others wait since the ClientHello is whole, which is now.
  release();
  await Promise.all(waiting);
  assertEquals(server.error, null);
  assertEquals(server.handshake.readLevel, "handshake");
});

Deno.test("row 250: while our output is blocked, one KeyUpdate answer waits, whatever comes in", async () => {
  const { client, server, serverTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  const blocked = server.write(new Uint8Array(200_000));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const reading = (async () => {
    let received = 0;
    while (received < 500) received += (await server.next())?.length ?? 500;
  })();
  const before = server.connection.pendingOutput;
  for (let i = 0; i < 500; i++) {
    await client.connection.updateKeys(true);
    await client.write(utf8("x"));
  }
  await reading;
  assert(server.connection.pendingOutput <= before + 32, `${server.connection.pendingOutput}`);
  const taken = serverTransport.taken;
  let received = 0;
  while (received < 200_000) received += (await client.next())?.length ?? 200_000;
  await blocked;
  // 13 records of data, and one KeyUpdate for all 500 requests, in front of the data that was not sealed yet.
  assert(serverTransport.taken - taken < 200_000 + 14 * 22 + 27 + 100);
  await Promise.all([client.close(), server.close()]);
});
