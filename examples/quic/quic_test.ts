import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryClientCache } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { QUIC_V1, QUIC_V2 } from "@sealane/quic-tls";
import type { QuicConnection } from "./connection.ts";
import { connect, type ConnectOptions, type ListenOptions, QuicListener } from "./endpoint.ts";
import { MAX_STREAMS } from "./stream_set.ts";
import { ask, CLIENT, echo, SERVER } from "./testing/echo.ts";
import { denoSocket, nodeSocket, type UdpSocket } from "./machine.ts";

interface Run {
  server?: Partial<ListenOptions>;
  client?: Partial<ConnectOptions>;
  sockets?: () => UdpSocket | Promise<UdpSocket>;
}

/** Runs `body` with a client that is connected to an echo server. */
async function withEcho(
  { server, client, sockets = denoSocket }: Run,
  body: (connection: QuicConnection, listener: QuicListener) => Promise<void>,
): Promise<void> {
  const listener = new QuicListener(await sockets(), { ...SERVER, ...server });
  const served = echo(listener);
  const connection = await connect(await sockets(), listener.address, { ...CLIENT, ...client });
  try {
    await body(connection, listener);
    await connection.close();
    assertEquals(await connection.closed, null);
  } finally {
    await connection.close();
    await listener.close();
    await served;
  }
}

const BYTES = crypto.getRandomValues(new Uint8Array(60_000));

for (const [name, sockets] of [["Deno", denoSocket], ["node:dgram", nodeSocket]] as const) {
  Deno.test(`bytes come back over sockets of ${name}`, async () => {
    await withEcho({ sockets: () => sockets() }, async (connection) => {
      assertEquals(await ask(connection, BYTES), BYTES);
      assert(connection.tls.confirmed);
    });
  });
}

Deno.test("more bytes than the flow control windows come back on several streams", async () => {
  const large = new Uint8Array(1_500_000).map((_, i) => i * 31 >> 3);
  await withEcho({}, async (connection) => {
    const answers = await Promise.all([ask(connection, large), ask(connection, BYTES)]);
    assertEquals(answers, [large, BYTES]);
  });
});

Deno.test("a Retry packet is followed", async () => {
  await withEcho({ server: { retry: true } }, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
    assert(connection.tls.token.length > 0);
  });
});

Deno.test("version 2 from the start, and by compatible negotiation", async () => {
  const versions = [QUIC_V2, QUIC_V1];
  for (const client of [{ version: QUIC_V2 }, { versions }]) {
    await withEcho({ client, server: { versions } }, async (connection) => {
      assertEquals(await ask(connection, BYTES), BYTES);
      assertEquals(connection.tls.version, QUIC_V2);
    });
  }
});

Deno.test("keys are updated while bytes flow", async () => {
  await withEcho({}, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
    await connection.updateKeys();
    assertEquals(connection.tls.keyPhase, 1);
    assertEquals(await ask(connection, BYTES), BYTES);
  });
});

Deno.test("a second connection resumes, with 0-RTT", async () => {
  const tls = { ...CLIENT.tls, sessionCache: new MemoryClientCache(), earlyData: true };
  await withEcho({ client: { tls } }, async (connection, listener) => {
    assertEquals(await ask(connection, BYTES), BYTES);
    const again = await connect(denoSocket(), listener.address, { ...CLIENT, tls });
    assert(again.tls.canSend("early"));
    assertEquals(await ask(again, BYTES), BYTES);
    assertEquals([again.tls.info?.earlyDataAccepted, again.tls.info?.resumed], [true, true]);
    await again.close();
  });
});

Deno.test("0-RTT that is declined is sent again", async () => {
  const tls = { ...CLIENT.tls, sessionCache: new MemoryClientCache(), earlyData: true };
  await withEcho({ client: { tls } }, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
  });
  const { earlyData: _, ...withoutEarlyData } = SERVER.tls;
  await withEcho({ client: { tls }, server: { tls: withoutEarlyData } }, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
    assertEquals([connection.tls.info?.earlyDataAccepted, connection.tls.info?.resumed], [
      false,
      true,
    ]);
  });
});

Deno.test("a certificate that is not trusted closes the connection", async () => {
  const tls = { ...CLIENT.tls, trust: TrustStore.fromCertificates([]) };
  const listener = new QuicListener(denoSocket(), SERVER);
  const served = echo(listener);
  const connection = await connect(denoSocket(), listener.address, { ...CLIENT, tls });
  const error = await connection.closed;
  assert(error !== null && "code" in error, String(error));
  assertEquals(error.code, "peer/unknown-ca");
  await listener.close();
  await served;
});

Deno.test("a client follows a Version Negotiation packet, once", async () => {
  // The server has version 2 only; the client begins with version 1.
  const client = { versions: [QUIC_V1, QUIC_V2] };
  await withEcho({ client, server: { versions: [QUIC_V2] } }, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
    assertEquals(connection.tls.originalVersion, QUIC_V2);
  });
});

Deno.test("a client gives up where the server has none of its versions", async () => {
  const listener = new QuicListener(denoSocket(), { ...SERVER, versions: [QUIC_V2] });
  const served = echo(listener);
  const options = { ...CLIENT, versions: [QUIC_V1] };
  const connection = await connect(denoSocket(), listener.address, options);
  const error = await connection.closed;
  assert(error?.message.includes("none of QUIC v1"), String(error));
  await listener.close();
  await served;
});

Deno.test("more streams than the first limit are opened, one after the other and together", async () => {
  const small = Uint8Array.of(1, 2, 3);
  await withEcho({}, async (connection) => {
    for (let round = 0; round < 3; round++) {
      const asked = Array.from({ length: MAX_STREAMS }, () => ask(connection, small));
      for (const answer of await Promise.all(asked)) assertEquals(answer, small);
    }
  });
});

Deno.test("streams that are given up cost the others no credit", async () => {
  await withEcho({}, async (connection) => {
    for (let i = 0; i < 20; i++) {
      const stream = await connection.streams.open();
      const writer = stream.writable.getWriter();
      // More than all of the connection's credit in 20 rounds.
      await writer.write(new Uint8Array(120_000));
      await stream.readable.cancel();
      await writer.abort(new Error("given up"));
      await assertRejects(() => writer.write(Uint8Array.of(1)));
    }
    assertEquals(await ask(connection, BYTES), BYTES);
  });
});
