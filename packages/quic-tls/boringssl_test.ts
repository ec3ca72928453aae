import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createReplayGuard,
  type Level,
  RotatingTicketKeys,
  sealedTickets,
  type Session,
} from "@sealane/handshake";
import { nativeProvider } from "@sealane/providers/native";
import { AlertDescription, TlsError, toHex, utf8 } from "@sealane/wire";
import { type QuicMethod, QuicSsl } from "./boringssl.ts";
import { clientConfig, serverConfig } from "./testing/test_end.ts";

/** A stack that writes down every call and carries the data to its peer. */
class Stack implements QuicMethod {
  readonly ssl: QuicSsl;
  readonly calls: string[] = [];
  readonly secrets = new Map<string, string>();
  readonly out: { level: Level; data: Uint8Array }[] = [];
  readonly sessions: Session[] = [];
  flushed = 0;

  constructor(ssl: QuicSsl, parameters: string) {
    this.ssl = ssl;
    ssl.setQuicMethod(this);
    ssl.setQuicTransportParams(utf8(parameters));
  }

  setReadSecret(level: Level, _suite: unknown, secret: Uint8Array): void {
    this.calls.push(`read ${level}`);
    this.secrets.set(`read ${level}`, toHex(secret));
  }

  setWriteSecret(level: Level, _suite: unknown, secret: Uint8Array): void {
    this.calls.push(`write ${level}`);
    this.secrets.set(`write ${level}`, toHex(secret));
  }

  addHandshakeData(level: Level, data: Uint8Array): void {
    if (this.calls.at(-1) !== `data ${level}`) this.calls.push(`data ${level}`);
    this.out.push({ level, data });
  }

  flushFlight(): void {
    this.calls.push("flush");
    this.flushed = this.out.length;
  }

  sendAlert(level: Level, alert: AlertDescription): void {
    this.calls.push(`alert ${alert} ${level}`);
  }

  newSession(session: Session): void {
    this.sessions.push(session);
  }
}

/** Carries everything that was flushed to the other end. */
async function run(client: Stack, server: Stack): Promise<void> {
  await client.ssl.doHandshake();
  await server.ssl.doHandshake();
  for (let moved = true; moved;) {
    moved = false;
    for (const [from, to] of [[client, server], [server, client]]) {
      assertEquals(from.flushed, from.out.length, "all data is flushed");
      for (const { level, data } of from.out.splice(0)) {
        moved = true;
        assertEquals(to.ssl.quicReadLevel, level);
        assert(to.ssl.provideQuicData(level, data));
        await to.ssl.doHandshake();
      }
      from.flushed = 0;
    }
  }
}

async function stacks(): Promise<[Stack, Stack, () => Promise<[Stack, Stack]>]> {
  const { tls: serverTls } = await serverConfig();
  const { tls } = clientConfig();
  const keys = new RotatingTicketKeys(nativeProvider);
  const config = {
    ...serverTls,
    tickets: sealedTickets({ provider: nativeProvider, keys }),
    earlyData: { replayGuard: createReplayGuard() },
  };
  const target = { serverName: "localhost" };
  const first: [Stack, Stack] = [
    new Stack(QuicSsl.client(tls, target), "client"),
    new Stack(QuicSsl.server(config), "server"),
  ];
  first[1].ssl.setQuicEarlyDataContext(utf8("context"));
  const again = (): Promise<[Stack, Stack]> => {
    const [session] = first[0].sessions;
    const client = QuicSsl.client({ ...tls, earlyData: true }, { ...target, session });
    const server = new Stack(QuicSsl.server(config), "server");
    server.ssl.setQuicEarlyDataContext(utf8("context"));
    return Promise.resolve([new Stack(client, "client"), server]);
  };
  return [...first, again];
}

Deno.test("the calls come in the order that ssl.h promises", async () => {
  const [client, server] = await stacks();
  await run(client, server);
  assert(client.ssl.complete && server.ssl.complete);
  assertEquals(client.calls, [
    "data initial",
    "flush",
    "write handshake",
    "read handshake",
    "data handshake",
    "write application",
    "read application",
    "flush",
  ]);
  assertEquals(server.calls, [
    "data initial",
    "write handshake",
    "data handshake",
    "write application",
    "read handshake",
    "flush",
    "read application",
    "data application",
    "flush",
  ]);
  for (const level of ["handshake", "application"]) {
    assertEquals(client.secrets.get(`read ${level}`), server.secrets.get(`write ${level}`));
    assertEquals(client.secrets.get(`write ${level}`), server.secrets.get(`read ${level}`));
  }
  assertEquals(client.ssl.getPeerQuicTransportParams(), utf8("server"));
  assertEquals(server.ssl.getPeerQuicTransportParams(), utf8("client"));
  assertEquals(await client.ssl.processQuicPostHandshake(), "ok");
});

Deno.test("a server has the 1-RTT write secret before the 0-RTT read secret", async () => {
  const [client, server, again] = await stacks();
  await run(client, server);
  const [second, accepting] = await again();
  await second.ssl.doHandshake();
  assertEquals(second.calls, ["data initial", "write early", "flush"]);
  assert(second.ssl.inEarlyData);
  await run(second, accepting);
  assert(second.ssl.earlyDataAccepted && accepting.ssl.earlyDataAccepted);
  const order = ["write handshake", "write application", "read early"];
  const places = order.map((call) => accepting.calls.indexOf(call));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assert(places[0] >= 0);
  assertEquals(second.secrets.get("write early"), accepting.secrets.get("read early"));
});

Deno.test("data at another level, and too much of it, is refused", async () => {
  const [client] = await stacks();
  await client.ssl.doHandshake();
  assert(!client.ssl.provideQuicData("handshake", Uint8Array.of(1)));
  assert(!client.ssl.provideQuicData("early", Uint8Array.of(1)));
  const limit = client.ssl.quicMaxHandshakeFlightLen("initial");
  assert(!client.ssl.provideQuicData("initial", new Uint8Array(limit + 1)));
});

Deno.test("a bad message is an alert at the write level, and the end", async () => {
  const [client] = await stacks();
  await client.ssl.doHandshake();
  client.ssl.provideQuicData("initial", Uint8Array.of(8, 0, 0, 0));
  assertEquals(await client.ssl.doHandshake(), "error");
  assertEquals(client.calls.at(-1), `alert ${AlertDescription.unexpected_message} initial`);
  assertEquals(client.ssl.error?.code, "peer/unexpected-message");
  const { length } = client.calls;
  assertEquals(await client.ssl.doHandshake(), "error");
  assert(!client.ssl.provideQuicData("initial", Uint8Array.of(1)));
  assertEquals(client.calls.length, length);
});

Deno.test("without a method or transport parameters there is no handshake", async () => {
  const ssl = QuicSsl.client(clientConfig().tls, {});
  assertEquals(await ssl.doHandshake(), "error");
  assertEquals(ssl.error?.code, "api/config");
  assertThrows(() => ssl.processQuicPostHandshake(), TlsError, "not complete");
});
