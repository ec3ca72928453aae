import { assert, assertEquals, assertRejects } from "@std/assert";
import { AlertDescription, TlsError, toHex, utf8 } from "@sealane/wire";
import { pipe, readAll, serverConfig, streams } from "../testing/testing.ts";
import { TlsStream } from "./stream.ts";

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
}

async function rejection(promise: Promise<unknown>): Promise<TlsError> {
  return await assertRejects(() => promise, TlsError);
}

/** Lets everything happen that does not wait for anybody else. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("data written before the handshake is done arrives after it", async () => {
  const { client, server } = streams();
  const sent = client.write(utf8("early bird"));
  assertEquals(client.info, null);
  assertEquals(await server.next(), utf8("early bird"));
  await sent;
  assertEquals((await client.opened).helloRetryRequest, false);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("two megabytes arrive whole in both directions at once", async () => {
  const { client, server } = streams();
  const [up, down] = [pattern(2 ** 21), pattern(2 ** 21 + 1)];
  const [atServer, atClient] = await Promise.all([
    readAll(server),
    readAll(client),
    client.write(up).then(() => client.closeWrite()),
    server.write(down).then(() => server.closeWrite()),
  ]);
  assertEquals(atServer, up);
  assertEquals(atClient, down);
  await Promise.all([client.closed, server.closed]);
});

Deno.test("a side that is closed for writing still reads", async () => {
  const { client, server, clientTransport, serverTransport } = streams();
  await Promise.all([client.closeWrite(), server.next().then((end) => assertEquals(end, null))]);
  const answer = server.write(utf8("answer"));
  assertEquals(await client.next(), utf8("answer"));
  await answer;
  assert(!clientTransport.closed && !serverTransport.closed);
  await Promise.all([server.closeWrite(), client.next()]);
  await Promise.all([client.closed, server.closed]);
  assert(clientTransport.closed && serverTransport.closed);
  const error = await rejection(client.write(utf8("late")));
  assertEquals(error.code, "api/state");
});

Deno.test("nothing is read from the transport that nobody asked for", async () => {
  const { client, server, clientTransport, serverTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  const before = serverTransport.reads;
  clientTransport.blocking = false;
  for (let i = 0; i < 8; i++) await client.write(pattern(1000));
  await settled();
  assertEquals(serverTransport.reads, before);
  await server.next();
  assertEquals(serverTransport.reads, before + 1);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("a write waits until the transport has taken its bytes", async () => {
  const { client, server } = streams();
  await Promise.all([client.opened, server.opened]);
  let done = false;
  const written = client.write(pattern(100_000)).then(() => done = true);
  await settled();
  assertEquals(done, false);
  for (let left = 100_000; left > 0;) left -= (await server.next())?.length ?? left;
  await written;
  await Promise.all([client.close(), server.close()]);
});

Deno.test("the streams pass data, its end and back-pressure on", async () => {
  const { client, server } = streams();
  const echo = server.readable.pipeTo(server.writable);
  const body = new Blob([pattern(300_000).slice()]).stream();
  const sent = body.pipeTo(client.writable);
  const received = new Uint8Array(await new Response(client.readable).arrayBuffer());
  assertEquals(received, pattern(300_000));
  await Promise.all([sent, echo, client.closed, server.closed]);
});

Deno.test("read fills buffers of any size and ends with null", async () => {
  const { client, server } = streams();
  const sent = client.write(pattern(10)).then(() => client.closeWrite());
  const buffer = new Uint8Array(7);
  assertEquals(await server.read(buffer), 7);
  assertEquals(buffer, pattern(7));
  assertEquals(await server.read(buffer), 3);
  assertEquals(await server.read(buffer), null);
  await sent;
  await Promise.all([client.close(), server.close()]);
});

Deno.test("row 26: an end without close_notify is truncation, after the data before it", async () => {
  const { client, server, clientTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  clientTransport.blocking = false;
  await client.write(utf8("the first half"));
  clientTransport.cut();
  assertEquals(await server.next(), utf8("the first half"));
  assertEquals((await rejection(server.next())).code, "peer/truncated");
  assertEquals((await rejection(server.write(utf8("x")))).code, "peer/truncated");
  assertEquals((await rejection(server.closed)).code, "peer/truncated");
  await client.close();
});

Deno.test("row 26: truncation is an end where the options say so", async () => {
  const { client, server, clientTransport } = streams({
    serverOptions: { allowTruncation: true },
  });
  await Promise.all([client.opened, server.opened]);
  clientTransport.cut();
  assertEquals(await server.next(), null);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("a failed transport is a TlsError with its cause", async () => {
  const { client, server, clientTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  const reset = new Error("connection reset by peer");
  clientTransport.cut(reset);
  const error = await rejection(server.next());
  assertEquals(error.code, "local/transport");
  assertEquals(error.cause, reset);
  assertEquals(error.alert, null);
  await client.close();
});

Deno.test("row 241: the alert reaches the peer before the transport closes", async () => {
  const { client, server, clientTransport } = streams({
    client: {
      dangerouslyDisableCertificateVerification: false,
      verifyPeer: () => {
        throw new TlsError("peer/unknown-ca", "nobody knows this authority");
      },
    },
  });
  const error = await rejection(client.opened);
  assertEquals(error.code, "peer/unknown-ca");
  const told = await rejection(server.opened);
  assertEquals(told.receivedAlert, AlertDescription.unknown_ca);
  await Promise.all([rejection(client.closed), rejection(server.closed)]);
  assert(clientTransport.closed);
});

Deno.test("aborting the signal ends a handshake that gets no answer", async () => {
  const [clientTransport, serverTransport] = pipe();
  const controller = new AbortController();
  const { signal } = controller;
  const server = TlsStream.server(serverTransport, serverConfig, { signal });
  const reason = new Error("no patience");
  controller.abort(reason);
  const error = await rejection(server.opened);
  assertEquals(error.code, "local/aborted");
  assertEquals(error.cause, reason);
  const alerts = await clientTransport.read();
  assertEquals(toHex(alerts ?? new Uint8Array()), "1503030002015a" + "15030300020100");
  clientTransport.cut();
  await rejection(server.closed);
  assert(serverTransport.closed);
});

Deno.test("aborting the signal ends a connection in use, and the peer is told", async () => {
  const controller = new AbortController();
  const { client, server } = streams({ clientOptions: { signal: controller.signal } });
  await Promise.all([client.opened, server.opened]);
  const reading = rejection(client.next());
  controller.abort();
  assertEquals((await rejection(client.write(utf8("x")))).code, "local/aborted");
  const told = await rejection(server.next());
  assertEquals(told.receivedAlert, AlertDescription.general_error);
  assertEquals((await reading).code, "local/aborted");
});

Deno.test("a signal that was aborted before ends the stream at once", async () => {
  const [, transport] = pipe();
  const stream = TlsStream.server(transport, serverConfig, { signal: AbortSignal.abort() });
  assertEquals((await rejection(stream.opened)).code, "local/aborted");
  await rejection(stream.closed);
  assert(transport.closed);
});

Deno.test("close does not wait for a peer that never reads", async () => {
  const { client, server, clientTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  await client.close();
  assert(clientTransport.closed);
  await server.close();
});

Deno.test("keys change and exporters agree while data flows", async () => {
  const { client, server } = streams();
  await Promise.all([client.opened, server.opened]);
  for (const requestUpdate of [false, true]) {
    const sent = client.updateKeys(requestUpdate).then(() => client.write(utf8("new key")));
    assertEquals(await server.next(), utf8("new key"));
    await sent;
    const answer = server.write(utf8("answer"));
    assertEquals(await client.next(), utf8("answer"));
    await answer;
  }
  const exported = [client, server].map((side) =>
    side.exportKeyingMaterial("EXPORTER-test", utf8("context"), 32)
  );
  assertEquals(exported[0], exported[1]);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("row 207: a key update that the peer asked for goes out without data, one for all requests", async () => {
  const { client, server, serverTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  const [reading, answered] = [server.next(), client.next()];
  await settled();
  const before = serverTransport.taken;
  // Nothing has to be said for it.
  await client.updateKeys(true);
  await settled();
  const answer = serverTransport.taken - before;
  // A record of a KeyUpdate: header, message, type and tag.
  assertEquals(answer, 5 + 5 + 1 + 16);
  await Promise.all([client.write(utf8("a")), server.write(utf8("b"))]);
  assertEquals([await reading, await answered], [utf8("a"), utf8("b")]);
  assertEquals(serverTransport.taken - before, answer + 5 + 1 + 1 + 16);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("a server that writes and closes at once waits for the client's Finished", async () => {
  const { client, server } = streams();
  const gone = server.write(utf8("good bye")).then(() => server.close());
  assertEquals(await client.next(), utf8("good bye"));
  assertEquals(await client.next(), null);
  await client.close();
  await gone;
  await server.closed;
});

Deno.test("what was written before close is sent even if the handshake is still under way", async () => {
  const { client, server } = streams();
  const sent = client.write(utf8("all of it"));
  const closed = client.close();
  assertEquals(await server.next(), utf8("all of it"));
  assertEquals(await server.next(), null);
  await server.close();
  await Promise.all([sent, closed, client.closed]);
});

Deno.test("a handshake that takes too long is ended", async () => {
  const [clientTransport, serverTransport] = pipe();
  const server = TlsStream.server(serverTransport, serverConfig, { handshakeTimeout: 10 });
  assertEquals((await rejection(server.opened)).code, "local/aborted");
  clientTransport.cut();
  await rejection(server.closed);
});
