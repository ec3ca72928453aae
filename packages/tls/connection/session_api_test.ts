/** What connections and streams offer for sessions and early data. */
import { isPromise } from "@sealane/providers";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createReplayGuard,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { nativeProvider as provider } from "@sealane/providers/native";
import { RecordReader, RecordWriter, TrafficKey } from "@sealane/record";
import { ContentType, TlsError, utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { padToMultiple } from "../mod.ts";
import type { TlsStream } from "../stream/stream.ts";
import { clientConfig, serverConfig, streams } from "../testing/testing.ts";

Deno.test("the channel binding is the same at both ends, and another one for each connection (RFC 9266)", () => {
  const [one, two] = [1, 2].map(() => new Link(clientConfig, serverConfig).run());
  assertEquals(one.client.channelBinding().length, 32);
  assertEquals(one.client.channelBinding(), one.server.channelBinding());
  assert(one.client.channelBinding().join() !== two.client.channelBinding().join());
  const early = new Link(clientConfig, serverConfig);
  assertEquals(assertThrows(() => early.client.channelBinding(), TlsError).code, "api/state");
});

Deno.test("somebody else goes on with the keys of a connection", () => {
  const link = new Link(clientConfig, serverConfig).run();
  link.client.updateKeys(true);
  link.client.write(utf8("some"));
  link.run();
  link.server.write(utf8("data"));
  link.run();
  const { suite, read, write } = link.client.extractTrafficSecrets();
  assertEquals([read.sequenceNumber, write.sequenceNumber], [1, 1]);
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(suite, write.secret, write));
  writer.write(ContentType.application_data, utf8(" more"));
  const sent = writer.take();
  assert(sent instanceof Uint8Array);
  link.deliver("server", sent);
  assertEquals(link.received("server"), "some more");
  link.server.write(utf8("answer"));
  const reader = new RecordReader();
  reader.setKey(new TrafficKey(suite, read.secret, read));
  const taken = link.server.take();
  assert(taken instanceof Uint8Array);
  reader.push(taken);
  const record = reader.next();
  assert(record !== null && !isPromise(record));
  assertEquals(new TextDecoder().decode(record.content), "answer");
  assertEquals([write.key.length, write.iv.length], [suite.aead.keyLength, suite.aead.nonceLength]);
  // The connection itself is at its end.
  for (
    const call of [() => link.client.write(utf8("x")), () => link.client.extractTrafficSecrets()]
  ) {
    assertEquals(assertThrows(call, TlsError).code, "api/state");
  }
});

Deno.test("keys are not handed over before the handshake is done, nor while something is under way", () => {
  const link = new Link(clientConfig, serverConfig);
  assertThrows(() => link.client.extractTrafficSecrets(), TlsError);
  link.run();
  link.client.write(utf8("not taken"));
  assertThrows(() => link.client.extractTrafficSecrets(), TlsError);
  link.run();
  link.client.close();
  assertThrows(() => link.client.extractTrafficSecrets(), TlsError);
});

Deno.test("the secrets are gone when both sides are closed", () => {
  const link = new Link(clientConfig, serverConfig).run();
  link.client.close();
  link.run();
  link.server.close();
  link.run();
  for (const end of [link.client, link.server]) {
    assertThrows(() => end.exportKeyingMaterial("l", new Uint8Array(), 32), TlsError);
    assertThrows(() => end.handshake.post.keys, TlsError);
    assertEquals(end.error, null);
  }
});

Deno.test("records are padded as the options say", () => {
  const link = new Link(clientConfig, serverConfig, undefined, { padding: padToMultiple(512) })
    .run();
  const lengths = new Set<number>();
  for (const length of [1, 100, 511]) {
    link.client.write(new Uint8Array(length));
    link.pass("client", (records) => {
      for (const record of records) lengths.add(record.length);
      return records;
    });
  }
  assertEquals([...lengths], [5 + 512 + 1 + 16]);
});

const early = {
  tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
  earlyData: { replayGuard: createReplayGuard() },
};

/** Reads text until there is that much. */
async function text(from: () => Promise<Uint8Array | null>, length = Infinity): Promise<string> {
  let all = "";
  while (all.length < length) {
    const chunk = await from();
    if (chunk === null) break;
    all += new TextDecoder().decode(chunk);
  }
  return all;
}

/** Waits until the client has its tickets: they come before the data. */
async function tickets(client: TlsStream, server: TlsStream): Promise<void> {
  await server.opened;
  await Promise.all([server.write(utf8("x")), text(() => client.next(), 1)]);
}

async function close(...ends: TlsStream[]): Promise<void> {
  await Promise.all(ends.map((end) => end.close()));
}

async function withSession(sessionCache: MemoryClientCache, alpn: string[]): Promise<void> {
  const { client, server } = streams({
    client: { sessionCache, alpn },
    server: { ...early, alpn },
  });
  await tickets(client, server);
  await close(client, server);
}

Deno.test("early data arrives apart from what follows it", async () => {
  const sessionCache = new MemoryClientCache();
  await withSession(sessionCache, ["a"]);
  const { client, server } = streams({
    client: { sessionCache, earlyData: true, alpn: ["a"] },
    server: { ...early, alpn: ["a"] },
  });
  const sending = client.sendEarlyData(utf8("early"));
  const later = client.write(utf8("later"));
  const chunks: string[] = [];
  for await (const chunk of server.earlyData) chunks.push(new TextDecoder().decode(chunk));
  assertEquals(chunks, ["early"]);
  assertEquals(await text(() => server.next(), 5), "later");
  await later;
  const { unsent, ...result } = await sending;
  assertEquals(result, { accepted: true, reason: "accepted", sameProtocol: true });
  assertEquals(unsent.length, 0);
  assertEquals(await server.nextEarly(), null);
  await close(client, server);
});

Deno.test("early data that nobody takes apart comes first", async () => {
  const sessionCache = new MemoryClientCache();
  await withSession(sessionCache, ["a"]);
  const { client, server } = streams({
    client: { sessionCache, earlyData: true, alpn: ["a"] },
    server: { ...early, alpn: ["a"] },
  });
  const sending = client.sendEarlyData(utf8("early"));
  const later = client.write(utf8("later"));
  assertEquals(await text(() => server.next(), 10), "earlylater");
  await Promise.all([sending, later]);
  await close(client, server);
});

Deno.test("early data that was declined is the program's to send again, if the protocol is the same", async () => {
  for (const [alpn, sameProtocol] of [["a", true], ["b", false]] as const) {
    const sessionCache = new MemoryClientCache();
    await withSession(sessionCache, ["a"]);
    const { client, server } = streams({
      client: { sessionCache, earlyData: true, alpn: ["a", "b"] },
      server: { tickets: early.tickets, alpn: [alpn] },
    });
    const result = await client.sendEarlyData(utf8("early"));
    assertEquals([result.accepted, result.reason], [false, "peer-declined"]);
    assertEquals([new TextDecoder().decode(result.unsent), result.sameProtocol], [
      "early",
      sameProtocol,
    ]);
    assertEquals(await server.nextEarly(), null);
    const again = client.write(result.unsent);
    assertEquals(await text(() => server.next(), 5), "early");
    await again;
    await close(client, server);
  }
});

Deno.test("without a session nothing goes out early; with a cache that takes its time it does", async () => {
  const inner = new MemoryClientCache();
  const sessionCache = {
    async take(name: string) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return inner.take(name);
    },
    put: async (...args: Parameters<MemoryClientCache["put"]>) => await inner.put(...args),
  };
  const client = { sessionCache, earlyData: true };
  for (const [reason, unsent] of [["no-session-offered", "early"], ["accepted", ""]]) {
    const both = streams({ client, server: early });
    const result = await both.client.sendEarlyData(utf8("early"));
    assertEquals([result.reason, new TextDecoder().decode(result.unsent)], [reason, unsent]);
    await tickets(both.client, both.server);
    await close(both.client, both.server);
  }
});
