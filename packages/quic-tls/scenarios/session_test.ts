import { assert, assertEquals, assertThrows } from "@std/assert";
import { AlertDescription, CipherSuiteId, concat, TlsError } from "@sealane/wire";
import { type CryptoProvider, isPromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { parsePacket } from "../packets/header.ts";
import { writeRetry } from "../start/retry.ts";
import { QuicTls } from "../session.ts";
import {
  CLIENT_ID,
  clientConfig,
  clock,
  cryptoFrame,
  exchange,
  ORIGINAL_ID,
  pair,
  SERVER_ID,
  serverConfig,
  TestEnd,
} from "../testing/test_end.ts";
import { QUIC_V1, QUIC_V2 } from "../packets/version.ts";

function assertComplete(...ends: TestEnd[]): void {
  for (const end of ends) {
    assertEquals(end.close, null);
    assert(end.tls.complete, `${end.tls.role} is complete`);
  }
}

function assertClosed(end: TestEnd, code: number, message = ""): void {
  assert(end.close !== null, `${end.tls.role} closes`);
  assertEquals(end.close.code, code);
  assert(end.close.error.message.includes(message), end.close.error.message);
  assertEquals(end.events.at(-1), end.close, "close is the last event");
}

Deno.test("client and server shake hands and exchange data", async () => {
  const [client, server] = await pair();
  await exchange(client, server);
  assertComplete(client, server);
  assert(client.tls.confirmed && server.tls.confirmed);
  assertEquals(client.info?.alpn, "test");
  assertEquals(client.tls.peerTransportParameters?.initialMaxData, 100_000);
  assertEquals(server.tls.peerTransportParameters?.initialSourceConnectionId, CLIENT_ID);
  client.write("ping");
  server.write("pong");
  await exchange(client, server);
  assertEquals([client.datagrams, server.datagrams], [["pong"], ["ping"]]);
  const context = new Uint8Array(0);
  assertEquals(
    client.tls.exportKeyingMaterial("test", context, 32),
    server.tls.exportKeyingMaterial("test", context, 32),
  );
});

Deno.test("keys come and go in the order of RFC 9001 section 4.9", async () => {
  const [client, server] = await pair();
  await exchange(client, server);
  assertEquals(client.story, [
    "write initial",
    "read initial",
    "write handshake",
    "read handshake",
    "transportParameters",
    "write application",
    "read application",
    "complete",
    "discard initial",
    "confirmed",
    "discard handshake",
  ]);
  assertEquals(server.story, [
    "write initial",
    "read initial",
    "transportParameters",
    "write handshake",
    "write application",
    "read handshake",
    "discard initial",
    "read application",
    "complete",
    "confirmed",
    "discard handshake",
  ]);
});

Deno.test("a synchronous provider makes no promise", async () => {
  const client = TestEnd.client();
  const server = new TestEnd(QuicTls.server(await serverConfig()));
  assertEquals(client.tls.start(), undefined);
  assertEquals(server.tls.start(), undefined);
  const chunk = client.tls.nextCrypto("initial", 10_000);
  assert(chunk !== null);
  const bytes = client.packet("initial", cryptoFrame(chunk.offset, chunk.data));
  assert(!isPromise(bytes));
  const packet = parsePacket(bytes, 0, { connectionIdLength: 8 });
  assert(packet.type === "initial");
  assert(!isPromise(server.tls.open(packet)));
  assertEquals(server.tls.receiveCrypto("initial", chunk.offset, chunk.data), undefined);
  assert(server.tls.hasCrypto("handshake"));
});

Deno.test("CRYPTO data in small pieces, reversed and doubled, shakes hands", async () => {
  const [client, server] = await pair();
  client.chunk = server.chunk = 60;
  await exchange(client, server, (all) => [...all, ...all].reverse());
  // What came before its keys was dropped; sending it again is enough.
  for (let i = 0; i < 5; i++) {
    client.resend();
    server.resend();
    await exchange(client, server, (all) => [...all, ...all].reverse());
  }
  assertComplete(client, server);
});

Deno.test("seeded loss of 30 percent, reordering and duplication never stop a handshake", async () => {
  let seed = 12345;
  const random = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x80000000;
  };
  for (let run = 0; run < 100; run++) {
    const [client, server] = await pair({ heldPackets: run % 2 * 8 }, { heldPackets: run % 2 * 8 });
    client.chunk = server.chunk = 300;
    const path = (all: Uint8Array[]): Uint8Array[] =>
      all.filter(() => random() > 0.3).flatMap((one) => random() > 0.8 ? [one, one] : [one])
        .sort(() => random() - 0.5);
    for (let round = 0; round < 60 && !(client.tls.confirmed && server.tls.confirmed); round++) {
      await exchange(client, server, path);
      client.resend();
      server.resend();
    }
    assertComplete(client, server);
    assert(client.tls.confirmed, `run ${run} is stuck`);
  }
});

Deno.test("packets before their keys are reported, or held where the program wants that", async () => {
  for (const heldPackets of [0, 2]) {
    const [client, server] = await pair({ heldPackets });
    server.chunk = 100;
    for (const datagram of await client.flight()) await server.receive(datagram);
    const flight = await server.flight();
    const isInitial = (datagram: Uint8Array) => (datagram[0] & 0x30) === 0;
    const later = flight.filter((datagram) => !isInitial(datagram));
    const expected: string[] = later.map(() => heldPackets === 0 ? "keys-unavailable" : "held");
    if (heldPackets > 0) expected.fill("hold-queue-full", heldPackets);
    for (const datagram of later) await client.receive(datagram);
    assertEquals(client.drops, expected);
    const initials = flight.filter(isInitial);
    for (const datagram of initials) await client.receive(datagram);
    assertEquals(client.opened.length, initials.length + heldPackets);
  }
});

Deno.test("a server opens no 1-RTT packet before the handshake is complete", async () => {
  const [client, server] = await pair({}, { heldPackets: 4 });
  for (const datagram of await client.flight()) await server.receive(datagram);
  for (const datagram of await server.flight()) await client.receive(datagram);
  assert(client.tls.complete && !server.tls.complete);
  client.write("early bird");
  const flight = await client.flight();
  await server.receive(flight[flight.length - 1]);
  assertEquals([server.drops, server.datagrams], [["held"], []]);
  for (const datagram of flight.slice(0, -1)) await server.receive(datagram);
  assertEquals(server.datagrams, ["early bird"]);
});

Deno.test("an unheld 1-RTT packet before completion is handshake-incomplete", async () => {
  const [client, server] = await pair();
  for (const datagram of await client.flight()) await server.receive(datagram);
  for (const datagram of await server.flight()) await client.receive(datagram);
  client.write("early bird");
  const flight = await client.flight();
  await server.receive(flight[flight.length - 1]);
  assertEquals(server.drops, ["handshake-incomplete"]);
});

Deno.test("both ends update keys after the handshake is confirmed, and not before", async () => {
  const [client, server] = await pair();
  assertThrows(() => client.tls.updateKeys(), TlsError);
  await exchange(client, server);
  for (let phase = 1; phase <= 4; phase++) {
    const [first, second] = phase % 2 ? [client, server] : [server, client];
    assert(first.tls.canUpdateKeys);
    first.tls.updateKeys();
    const packetNumber = 100 * phase;
    await second.receive(await first.packet("application", Uint8Array.of(1), packetNumber));
    await first.receive(await second.packet("application", Uint8Array.of(1), packetNumber));
    first.tls.onAcknowledged(packetNumber, first.opened.at(-1)?.firstByte ?? 0);
    second.tls.onAcknowledged(packetNumber, second.opened.at(-1)?.firstByte ?? 0);
    await second.receive(await first.packet("application", Uint8Array.of(1)));
    second.tls.onAcknowledged(packetNumber, second.opened.at(-1)?.firstByte ?? 0);
    assertEquals([client.tls.keyPhase, server.tls.keyPhase], [phase, phase]);
    clock.time = Math.max(client.tls.timeout, server.tls.timeout);
    client.tls.onTimeout();
    server.tls.onTimeout();
    clock.time += 1000;
  }
  client.write("still here");
  await exchange(client, server);
  assertEquals(server.datagrams, ["still here"]);
  assertEquals([client.close, server.close], [null, null]);
});

Deno.test("version 2 from the start", async () => {
  const [client, server] = await pair({ version: QUIC_V2 }, { version: QUIC_V2 });
  await exchange(client, server);
  assertComplete(client, server);
  assertEquals(client.tls.version, QUIC_V2);
});

Deno.test("a server upgrades a client from version 1 to 2", async () => {
  const versions = [QUIC_V2, QUIC_V1];
  const [client, server] = await pair({ versions }, { versions });
  await exchange(client, server);
  assertComplete(client, server);
  assertEquals([client.tls.version, server.tls.version], [QUIC_V2, QUIC_V2]);
  assertEquals(client.tls.originalVersion, QUIC_V1);
  assertEquals(client.story.filter((event) => event === "version").length, 1);
  client.write("hello");
  await exchange(client, server);
  assertEquals(server.datagrams, ["hello"]);
});

Deno.test("a client that does not offer version 2 stays with version 1", async () => {
  const [client, server] = await pair({ versions: [QUIC_V1] }, { versions: [QUIC_V2, QUIC_V1] });
  await exchange(client, server);
  assertComplete(client, server);
  assertEquals(server.tls.version, QUIC_V1);
});

async function retry(token = Uint8Array.of(1, 2, 3)): Promise<Uint8Array> {
  return await writeRetry(nativeProvider, {
    version: QUIC_V1,
    destinationConnectionId: CLIENT_ID,
    sourceConnectionId: SERVER_ID,
    originalDestinationConnectionId: ORIGINAL_ID,
    token,
  });
}

Deno.test("a client follows one Retry packet, and both ends authenticate it", async () => {
  const client = TestEnd.client();
  await client.start();
  await client.flight();
  await client.receive(await retry());
  assertEquals(client.tls.token, Uint8Array.of(1, 2, 3));
  assertEquals(client.tls.destinationConnectionId, SERVER_ID);
  await client.receive(await retry());
  assertEquals(client.drops, ["retry-late"]);
  const server = await TestEnd.server({
    destinationConnectionId: SERVER_ID,
    originalDestinationConnectionId: ORIGINAL_ID,
  });
  await server.start();
  await exchange(client, server);
  assertComplete(client, server);
  assertEquals(client.tls.peerTransportParameters?.retrySourceConnectionId, SERVER_ID);
});

Deno.test("a forged Retry packet is dropped", async () => {
  const client = TestEnd.client();
  await client.start();
  const packet = await retry();
  packet[20] ^= 1;
  await client.receive(packet);
  assertEquals(client.drops, ["retry-integrity"]);
  assertEquals(client.tls.token.length, 0);
});

Deno.test("a server that hides a Retry packet is found out", async () => {
  const client = TestEnd.client();
  await client.start();
  await client.flight();
  await client.receive(await retry());
  const server = await TestEnd.server({ destinationConnectionId: SERVER_ID });
  await server.start();
  await exchange(client, server);
  assertClosed(client, TransportErrorCode.PROTOCOL_VIOLATION, "original_destination");
});

Deno.test("CRYPTO beyond the bound closes with CRYPTO_BUFFER_EXCEEDED", async () => {
  const [client, server] = await pair({}, { cryptoBuffer: 4096 });
  await server.receive(await client.packet("initial", cryptoFrame(4096, Uint8Array.of(1))));
  server.drain();
  assertClosed(server, TransportErrorCode.CRYPTO_BUFFER_EXCEEDED, "4096");
  await server.receive(await client.packet("initial", Uint8Array.of(1)));
  assertEquals(server.drops, ["closed"]);
});

Deno.test("row 216: handshake messages that QUIC does not have close with unexpected_message", async () => {
  const code = 0x100 + AlertDescription.unexpected_message;
  // RFC 9001 §6 and §8.3: KeyUpdate and EndOfEarlyData.
  for (const message of [Uint8Array.of(24, 0, 0, 1, 0), Uint8Array.of(5, 0, 0, 0)]) {
    const [client, server] = await pair();
    await exchange(client, server);
    const at = server.tls.cryptoSender("application").written;
    await client.receive(await server.packet("application", cryptoFrame(at, message)));
    assertClosed(client, code);
    await server.receive(await client.packet("application", cryptoFrame(0, message)));
    assertClosed(server, code);
  }
});

Deno.test("row 209: handshake bytes left at a level that is over close the connection", async () => {
  const [client, server] = await pair();
  for (const datagram of await client.flight()) await server.receive(datagram);
  const hello = server.tls.nextCrypto("initial", 10_000);
  assert(hello !== null);
  const excess = concat([hello.data, Uint8Array.of(8, 0)]);
  await client.receive(await server.packet("initial", cryptoFrame(0, excess)));
  assertClosed(client, 0x100 + AlertDescription.unexpected_message);
});

Deno.test("a gap in a level that is over closes with PROTOCOL_VIOLATION", async () => {
  const [client, server] = await pair();
  for (const datagram of await client.flight()) await server.receive(datagram);
  await client.receive(await server.packet("initial", cryptoFrame(5000, Uint8Array.of(1))));
  for (const datagram of await server.flight()) await client.receive(datagram);
  assertClosed(client, TransportErrorCode.PROTOCOL_VIOLATION, "is left when handshake begins");
});

Deno.test("row 209: a CRYPTO frame in a 0-RTT packet closes with PROTOCOL_VIOLATION", async () => {
  const [, server] = await pair();
  await server.tls.receiveCrypto("early", 0, Uint8Array.of(5, 0, 0, 0));
  server.drain();
  assertClosed(server, TransportErrorCode.PROTOCOL_VIOLATION, "0-RTT");
});

Deno.test("HANDSHAKE_DONE before the handshake is complete closes with PROTOCOL_VIOLATION", async () => {
  const [client] = await pair();
  client.tls.confirm();
  client.drain();
  assertClosed(client, TransportErrorCode.PROTOCOL_VIOLATION, "HANDSHAKE_DONE");
});

Deno.test("bad transport parameters close with TRANSPORT_PARAMETER_ERROR on either end", async () => {
  const bad = new Map([[BigInt(0x1f7), new Uint8Array(1)], [0x21n, new Uint8Array(0)]]);
  const good = await pair({ transportParameters: { unknown: bad } });
  await exchange(...good);
  assertComplete(...good);
  const [client, server] = await pair({ sourceConnectionId: ORIGINAL_ID });
  await exchange(client, server);
  assertClosed(server, TransportErrorCode.PROTOCOL_VIOLATION, "initial_source_connection_id");
});

Deno.test("row 215: no common application protocol closes with no_application_protocol", async () => {
  const { tls } = clientConfig();
  const [client, server] = await pair({ tls: { ...tls, alpn: ["other"] } });
  await exchange(client, server);
  assertClosed(server, 0x100 + AlertDescription.no_application_protocol);
  const { alpn: _, ...without } = tls;
  assertThrows(() => TestEnd.client(clientConfig({ tls: without })), TlsError, "alpn");
});

Deno.test("suites without header protection are refused at configuration, or left out", async () => {
  const { tls } = clientConfig();
  const bare: CryptoProvider = {
    ...nativeProvider,
    cipherSuites: nativeProvider.cipherSuites.map((suite) =>
      suite.id === CipherSuiteId.TLS_AES_256_GCM_SHA384
        ? { ...suite, headerProtection: undefined }
        : suite
    ),
  };
  const cipherSuites = [CipherSuiteId.TLS_AES_256_GCM_SHA384];
  const error = assertThrows(
    () => TestEnd.client(clientConfig({ tls: { ...tls, provider: bare, cipherSuites } })),
    TlsError,
    "TLS_AES_256_GCM_SHA384 has no QUIC header protection",
  );
  assertEquals(error.code, "api/config");
  const [client, server] = await pair({ tls: { ...tls, provider: bare } });
  await exchange(client, server);
  assertComplete(client, server);
});

Deno.test("every suite of the provider that is for QUIC shakes hands", async () => {
  for (const { id, name, headerProtection } of nativeProvider.cipherSuites) {
    if (headerProtection === undefined || id === CipherSuiteId.TLS_AES_128_CCM_8_SHA256) continue;
    const { tls } = clientConfig();
    const [client, server] = await pair({ tls: { ...tls, cipherSuites: [id] } });
    await exchange(client, server);
    assertComplete(client, server);
    assertEquals(client.info?.suite.name, name);
  }
});

Deno.test("asynchronous callbacks and providers shake hands, too", async () => {
  const { tls } = await serverConfig();
  const slow: CryptoProvider = {
    ...nativeProvider,
    cipherSuites: nativeProvider.cipherSuites.map((suite) => ({
      ...suite,
      aead: {
        ...suite.aead,
        importKey: async (key: Uint8Array) => {
          const inner = suite.aead.importKey(key.slice());
          await new Promise((resolve) => setTimeout(resolve, 1));
          return inner;
        },
      },
    })),
  };
  const config = {
    tls: { ...tls, provider: slow, onClientHello: () => Promise.resolve() },
  };
  const client = clientConfig();
  const verify = { ...client.tls, provider: slow };
  const [a, b] = await pair({ tls: verify }, config);
  await exchange(a, b);
  assertComplete(a, b);
});

Deno.test("an end that is aborted says so once and opens nothing more", async () => {
  const [client, server] = await pair();
  await exchange(client, server);
  client.tls.abort(new QuicError(TransportErrorCode.NO_ERROR, "done"));
  client.tls.abort();
  client.drain();
  assertClosed(client, TransportErrorCode.NO_ERROR, "done");
  const packet = parsePacket(await server.packet("application", Uint8Array.of(1)), 0, {
    connectionIdLength: 8,
  });
  assert(packet.type === "1rtt");
  assertEquals(await client.tls.open(packet), "closed");
  // The close itself can still be sent.
  assert(client.tls.canSend("application"));
});

Deno.test("forged packets change nothing", async () => {
  const [client, server] = await pair();
  for (const datagram of await client.flight()) await server.receive(datagram);
  for (const datagram of await server.flight()) {
    for (let i = 0; i < 50; i++) {
      const forged = datagram.slice();
      forged[(i * 37) % forged.length] ^= 1 + i % 255;
      await client.receive(forged);
    }
  }
  assertEquals(client.opened.length, 0);
  assertEquals(client.close, null);
  client.resend();
  server.resend();
  await exchange(client, server);
  assertComplete(client, server);
});
