import { assert, assertEquals } from "@std/assert";
import {
  createCredential,
  createReplayGuard,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { QUIC_V1, QUIC_V2 } from "@sealane/quic-tls";
import { connect, type ConnectOptions, type ListenOptions, QuicListener } from "./endpoint.ts";
import type { QuicConnection } from "./connection.ts";
import type { QuicStream } from "./stream.ts";
import { denoSocket, nodeSocket, type UdpSocket } from "./udp.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
const trust = TrustStore.fromCertificates([authority.certificate]);
const keys = new RotatingTicketKeys(provider);

const SERVER: ListenOptions = {
  tls: {
    provider,
    alpn: ["echo"],
    credentials: [credential],
    tickets: sealedTickets({ provider, keys }),
    earlyData: { replayGuard: createReplayGuard() },
  },
};
const CLIENT: ConnectOptions = {
  tls: { provider, alpn: ["echo"], trust },
  target: { serverName: "localhost" },
};

/** Sends every stream's bytes back. */
async function echo(listener: QuicListener): Promise<void> {
  for await (const connection of listener.connections()) {
    (async () => {
      for await (const stream of connection.streams()) {
        stream.readable.pipeTo(stream.writable).catch(() => {});
      }
    })();
  }
}

/** Sends bytes and reads the answer to its end. */
async function ask(connection: QuicConnection, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await connection.openStream();
  const sent = send(stream, bytes);
  const answer = new Uint8Array(await new Response(stream.readable as BodyInit).arrayBuffer());
  await sent;
  return answer;
}

async function send(stream: QuicStream, bytes: Uint8Array): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(bytes);
  await writer.close();
}

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

/** A socket that loses, doubles and delays what it sends, by a seed. */
function lossy(socket: UdpSocket, loss: number, seed: number): UdpSocket {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
  let late: [Uint8Array, Parameters<UdpSocket["send"]>[1]] | null = null;
  return {
    ...socket,
    send(datagram, to) {
      if (random() < loss) return;
      const again = random() < 0.1;
      if (late === null && random() < 0.1) {
        late = [datagram, to];
        return;
      }
      socket.send(datagram, to);
      if (again) socket.send(datagram, to);
      if (late !== null) socket.send(...late);
      late = null;
    },
  };
}

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
    assertEquals([again.earlyDataAccepted, again.tls.info?.resumed], [true, true]);
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
    assertEquals([connection.earlyDataAccepted, connection.tls.info?.resumed], [false, true]);
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

Deno.test("bytes come back through 10 percent loss, reordering and duplication", async () => {
  let seed = 1;
  const sockets = (): UdpSocket => lossy(denoSocket(), 0.1, seed++);
  await withEcho({ sockets }, async (connection) => {
    assertEquals(await ask(connection, BYTES), BYTES);
  });
});
