/** Every end has a bound, whatever the peer and the transport do. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TlsError, utf8 } from "@sealane/wire";
import { clientConfig, pipe, serverConfig, streams } from "../testing/testing.ts";
import { TlsStream } from "./stream.ts";
import type { ByteTransport } from "./transport.ts";

/** As long as a bound may be late on a machine under load: milliseconds. */
const LATE = 1_500;

async function elapsed(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

async function code(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, TlsError)).code;
}

/** A transport whose next writes never end, nor do its reads, not even when it is closed. */
function stuck(transport: ByteTransport): ByteTransport & { block(): void } {
  let blocked = false;
  const never = new Promise<never>(() => {});
  return {
    read: () => blocked ? never : transport.read(),
    write: (bytes) => blocked ? never : transport.write(bytes),
    closeWrite: () => blocked ? never : transport.closeWrite(),
    close: () => transport.close(),
    block: () => blocked = true,
  };
}

/** A client whose transport can be blocked, with its server. */
async function blocked(closeTimeout?: number) {
  const [below, serverTransport] = pipe();
  const transport = stuck(below);
  const server = TlsStream.server(serverTransport, serverConfig);
  const client = TlsStream.client(transport, clientConfig, { serverName: "localhost" }, {
    closeTimeout,
  });
  await Promise.all([client.opened, server.opened]);
  transport.block();
  return { client, server, below };
}

for (
  const [how, end, bound] of [
    ["close", (stream: TlsStream) => stream.close(), 100],
    ["close after closeWrite", (stream: TlsStream) => (stream.closeWrite(), stream.close()), 100],
    ["asyncDispose", (stream: TlsStream) => stream[Symbol.asyncDispose](), 100],
    ["abort", (stream: TlsStream) => stream.abort(), 0],
    ["abort of writable", (stream: TlsStream) => stream.writable.abort(), 0],
  ] as const
) {
  Deno.test(`row 252: ${how} ends within its bound while a write is blocked`, async () => {
    const { client, server, below } = await blocked(bound === 0 ? 60_000 : bound);
    const writing = code(client.write(new Uint8Array(200_000)));
    const after = await elapsed(end(client).catch(() => {}));
    assert(after < bound + LATE, `${after} ms`);
    assertEquals(await writing, "local/aborted");
    const closed = code(client.closed);
    assert(await elapsed(closed) < LATE);
    assertEquals(await closed, "local/aborted");
    assert(below.closed);
    await server.abort();
  });
}

Deno.test("row 252: abort of a stream whose writer is blocked does not wait for the write", async () => {
  const { client, server, below } = await blocked(60_000);
  const writer = client.writable.getWriter();
  const writing = writer.write(new Uint8Array(200_000)).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert(await elapsed(writer.abort().catch(() => {})) < LATE);
  assert(await elapsed(code(client.closed)) < LATE);
  assert(below.closed);
  await writing;
  await server.abort();
});

Deno.test("row 252: a key update that is blocked ends with the stream", async () => {
  const { client, server } = await blocked(60_000);
  const updating = code(client.updateKeys());
  await client.abort();
  assertEquals(await updating, "local/aborted");
  await server.abort();
});

Deno.test("row 252: a signal ends a blocked write now", async () => {
  const [below, serverTransport] = pipe();
  const transport = stuck(below);
  const controller = new AbortController();
  const server = TlsStream.server(serverTransport, serverConfig);
  const client = TlsStream.client(transport, clientConfig, {}, {
    signal: controller.signal,
    closeTimeout: 60_000,
  });
  await Promise.all([client.opened, server.opened]);
  transport.block();
  const writing = client.write(new Uint8Array(10));
  controller.abort();
  assert(await elapsed(code(writing)) < LATE);
  assert(await elapsed(code(client.closed)) < LATE);
  assert(below.closed);
  await server.abort();
});

Deno.test("row 252: a read that waits when its stream is closed ends at once, and so do the others", async () => {
  for (const end of ["close", "abort"] as const) {
    const { client, server } = streams({ clientOptions: { closeTimeout: 60_000 } });
    await Promise.all([client.opened, server.opened]);
    const reading = client.next();
    const buffered = client.read(new Uint8Array(9));
    const closing = client[end]();
    const both = Promise.allSettled([reading, buffered]);
    assert(await elapsed(both) < LATE);
    for (const result of await both) {
      if (end === "close") assertEquals(result, { status: "fulfilled", value: null });
      else assertEquals(result.status, "rejected");
    }
    await server.close();
    await closing;
    if (end === "close") await client.closed;
  }
});

Deno.test("row 252: after close nothing that the peer or the transport does is an error", async () => {
  const { client, server, clientTransport, serverTransport } = streams();
  await Promise.all([client.opened, server.opened]);
  const closing = client.close();
  serverTransport.cut(new Error("reset"));
  await closing;
  await client.closed;
  assert(clientTransport.closed);
  await server.abort();
});

Deno.test("row 252: what the transport still takes is not cut off by the bound", async () => {
  const { client, server } = streams({ clientOptions: { closeTimeout: 150 } });
  await Promise.all([client.opened, server.opened]);
  const sent = client.write(new Uint8Array(400_000));
  const closing = client.close();
  let received = 0;
  for (let chunk = await server.next(); chunk !== null; chunk = await server.next()) {
    received += chunk.length;
    if (received % 65_536 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assertEquals(received, 400_000);
  await sent;
  await server.close();
  await closing;
  await client.closed;
});

Deno.test("row 252: close during a handshake that gets no answer has the same bound", async () => {
  const [transport, peer] = pipe();
  const server = TlsStream.server(transport, serverConfig, { closeTimeout: 50 });
  const writing = code(server.write(utf8("x")));
  assert(await elapsed(server.close()) < 50 + LATE);
  assertEquals(await writing, "local/aborted");
  assert(transport.closed);
  peer.close();
});

Deno.test("row 252: web streams that do not move are ended too", async () => {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  const server = TlsStream.server({ readable: up.readable, writable: down.writable }, serverConfig);
  const client = TlsStream.client(
    { readable: down.readable, writable: up.writable },
    clientConfig,
    {},
    { closeTimeout: 50 },
  );
  await Promise.all([client.opened, server.opened]);
  const writing = code(client.write(new Uint8Array(500_000)));
  assert(await elapsed(client.close()) < 50 + LATE);
  assertEquals(await writing, "local/aborted");
  await server.abort();
});
