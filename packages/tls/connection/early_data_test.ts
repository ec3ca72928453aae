/** CONFORMANCE section 7.8: early data over records, on both sides. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ClientConfig,
  createReplayGuard,
  type KeyLogLabel,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
} from "@sealane/handshake";
import { nativeProvider as provider } from "@sealane/providers/native";
import { RecordWriter, TrafficKey } from "@sealane/record";
import { CipherSuiteId, ContentType, NamedGroup, TlsError, utf8 } from "@sealane/wire";
import { forgedRecord, Link, type RawRecord, splitRecords } from "../testing/link_testing.ts";
import { clientConfig, serverConfig } from "../testing/testing.ts";

const { TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256 } = CipherSuiteId;
const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
/** Takes early data. */
const early: ServerConfig = {
  ...serverConfig,
  tickets,
  earlyData: { replayGuard: createReplayGuard() },
};
/** Resumes, and declines early data. */
const late: ServerConfig = { ...serverConfig, tickets };
const client: ClientConfig = { ...clientConfig, earlyData: true };
const retrying: ClientConfig = { ...client, keyShares: [] };

function session(
  config: ServerConfig = early,
  from: ClientConfig = client,
  change: Partial<Session> = {},
): Session {
  const [first] = new Link(from, config).run().sessions;
  return { ...first, ...change };
}

/** A connection whose client has said hello and sent early data. */
function resumed(
  config: ServerConfig,
  from: ClientConfig = client,
  data: Uint8Array = utf8("early"),
  change: Partial<Session> = {},
): Link {
  const link = new Link(from, config, {
    serverName: "localhost",
    session: session(early, from, change),
  });
  assertEquals(link.client.writeEarlyData(data), data.length);
  return link;
}

function verdict(link: Link, side: "client" | "server"): string | null | undefined {
  return link[side].info?.earlyDataReason;
}

Deno.test("early data arrives first and marked, and the rest after the handshake", () => {
  const link = resumed(early).run();
  link.client.write(utf8("later"));
  link.run();
  assertEquals(link.received("server", true), "early");
  assertEquals(link.received("server", false), "later");
  for (const side of ["client", "server"] as const) {
    assertEquals([link[side].info?.resumed, verdict(link, side)], [true, "accepted"]);
  }
});

const MUCH = { maxEarlyData: 2 ** 20 };

for (const [name, config] of [["", client], [" after a HelloRetryRequest", retrying]] as const) {
  Deno.test(`rows 189, 190: a server skips early data that it declined${name}, up to 16,384 bytes`, () => {
    const good = resumed(late, config, new Uint8Array(12_000), MUCH).run();
    good.client.write(utf8("x"));
    assertEquals(good.run().received("server"), "x");
    assertEquals(good.server.info?.helloRetryRequest, config === retrying);
    const bad = resumed(late, config, new Uint8Array(17_000), MUCH).run();
    assertEquals(bad.failure("server"), ["peer/too-much-skipped-early-data", 10]);
  });
}

Deno.test("row 189: a server that takes much early data skips as much", () => {
  const config: ServerConfig = {
    ...early,
    earlyData: { replayGuard: createReplayGuard(), maxSize: 100_000, accept: () => false },
  };
  const link = resumed(config, client, new Uint8Array(100_000), MUCH).run();
  assertEquals([link.failure("server"), verdict(link, "server")], [null, "application-declined"]);
});

Deno.test("row 190: an alert among skipped early data counts", () => {
  const link = resumed(late, retrying);
  link.pass("client");
  link.deliver("server", Uint8Array.of(21, 3, 3, 0, 2, 2, 40));
  assertEquals(link.failure("server"), ["peer/alert", null]);
});

Deno.test("row 191: early data that was not announced is a record with a bad MAC; with a retry, an unexpected one", () => {
  const plain = new Link(clientConfig, early);
  plain.pass("client");
  plain.deliver("server", forgedRecord(100));
  assertEquals(plain.failure("server"), ["peer/bad-record-mac", 20]);
  const retried = new Link({ ...clientConfig, keyShares: [] }, early);
  retried.pass("client");
  retried.deliver("server", forgedRecord(100));
  assertEquals(retried.failure("server")?.[1], 10);
});

Deno.test("row 192: nothing is skipped after the first good record", () => {
  const link = resumed(late);
  link.pass("client");
  link.pass("server");
  link.pass("client");
  assert(link.server.complete);
  link.deliver("server", forgedRecord(100));
  assertEquals(link.failure("server"), ["peer/bad-record-mac", 20]);
});

Deno.test("row 193: nothing is skipped after the second ClientHello", () => {
  const link = resumed(late, retrying);
  link.pass("client");
  link.pass("server");
  link.pass("client");
  link.deliver("server", forgedRecord(100));
  assertEquals(link.failure("server"), ["peer/bad-record-mac", 20]);
});

Deno.test("row 194: a server takes as much early data as it said", () => {
  assertEquals(resumed(early, client, new Uint8Array(14_336), MUCH).run().failure("server"), null);
  const link = resumed(early, client, new Uint8Array(14_337), MUCH).run();
  assertEquals(link.failure("server"), ["peer/too-much-early-data", 10]);
});

/** The secrets of a client. */
function watched(
  from: ClientConfig,
): { config: ClientConfig; secrets: Map<KeyLogLabel, Uint8Array> } {
  const secrets = new Map<KeyLogLabel, Uint8Array>();
  const observer = {
    secret: (label: KeyLogLabel, _random: Uint8Array, secret: Uint8Array) => {
      secrets.set(label, secret.slice());
    },
  };
  return { config: { ...from, observer }, secrets };
}

Deno.test("row 195: EndOfEarlyData cannot be left out", () => {
  const link = resumed(early);
  link.pass("client");
  link.pass("server");
  // change_cipher_spec came with the early data: the first record is EndOfEarlyData.
  link.pass("client", (records) => records.slice(1));
  assertEquals(link.failure("server"), ["peer/bad-record-mac", 20]);
});

Deno.test("row 195: no other handshake message may come among early data", () => {
  for (const message of [[24, 0, 0, 1, 0], [20, 0, 0, 1, 0], [1, 0, 0, 1, 0]]) {
    const { config, secrets } = watched(client);
    const link = resumed(early, config);
    link.pass("client");
    const secret = secrets.get("CLIENT_EARLY_TRAFFIC_SECRET");
    const suite = link.server.info?.suite;
    assert(secret !== undefined && suite !== undefined);
    const writer = new RecordWriter();
    writer.setKey(new TrafficKey(suite, secret, { sequenceNumber: 1 }));
    writer.write(ContentType.handshake, Uint8Array.from(message));
    const bytes = writer.take();
    assert(bytes instanceof Uint8Array);
    link.deliver("server", bytes);
    assertEquals(link.failure("server"), ["peer/unexpected-message", 10]);
  }
});

Deno.test("row 196: a server declines early data and resumes all the same", () => {
  const { x25519, secp256r1 } = NamedGroup;
  const both = [TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256];
  const cases: [string, string, ServerConfig, Partial<ClientConfig>, Partial<ServerConfig>][] = [
    ["another protocol", "alpn-mismatch", { ...early, alpn: ["b"] }, { alpn: ["a", "b"] }, {
      alpn: ["a"],
    }],
    ["no protocol", "alpn-mismatch", early, { alpn: ["a"] }, { alpn: ["a"] }],
    [
      "another suite",
      "cipher-suite-mismatch",
      { ...early, cipherSuites: [TLS_CHACHA20_POLY1305_SHA256] },
      { cipherSuites: both },
      { cipherSuites: [TLS_AES_128_GCM_SHA256] },
    ],
    [
      "a retry",
      "hello-retry-request",
      { ...early, groups: [secp256r1] },
      { groups: [x25519, secp256r1], keyShares: [x25519] },
      {},
    ],
    ["early data switched off", "disabled", late, {}, {}],
    [
      "another context",
      "transport-context-mismatch",
      { ...early, earlyDataContext: utf8("new settings") },
      {},
      {},
    ],
  ];
  for (const [name, reason, config, more, before] of cases) {
    const from = { ...client, ...more };
    const link = new Link(from, config, {
      serverName: "localhost",
      session: session({ ...early, ...before }, from),
    });
    assert(link.client.writeEarlyData(utf8("early")) > 0, name);
    link.run();
    assertEquals([link.server.info?.resumed, verdict(link, "server")], [true, reason], name);
    assertEquals(link.received("server"), "", name);
    assertEquals(link.client.info?.earlyDataAccepted, false, name);
  }
});

Deno.test("rows 196, 198: a session without early data brings none", () => {
  const link = new Link(client, early, { serverName: "localhost", session: session(late) });
  assertEquals(link.client.writeEarlyData(utf8("early")), 0);
  link.run();
  assertEquals([link.client.info?.resumed, verdict(link, "server")], [true, null]);
});

Deno.test("early data is taken once: a replayed ClientHello and its data are not", () => {
  const link = resumed(early);
  const replay: RawRecord[] = [];
  link.pass("client", (records) => {
    replay.push(...records);
    return records;
  });
  link.pass("server");
  assertEquals(link.received("server", true), "early");
  const again = new Link(client, early);
  for (const record of replay) again.deliver("server", record);
  assertEquals(again.failure("server"), null);
  assertEquals(again.received("server"), "");
  assertEquals(verdict(again, "server"), "replay");
});

Deno.test("the application has a veto, and knows the session", () => {
  const asked: (string | null | undefined)[] = [];
  const config: ServerConfig = {
    ...early,
    earlyData: {
      replayGuard: createReplayGuard(),
      accept: (hello, session) => {
        asked.push(hello.serverName, session?.serverName);
        return false;
      },
    },
  };
  const link = resumed(config).run();
  assertEquals(verdict(link, "server"), "application-declined");
  assertEquals(verdict(link, "client"), "peer-declined");
  assertEquals(asked, ["localhost", "localhost"]);
});

Deno.test("row 197: before the client has finished, a server sends and receives and its exporter works", () => {
  const link = resumed(early);
  link.pass("client");
  assert(!link.server.complete && link.server.writable);
  assertEquals(link.received("server", true), "early");
  link.server.write(utf8("half"));
  const exported = link.server.exportKeyingMaterial("label", utf8(""), 32);
  link.run();
  assertEquals(link.received("client"), "half");
  assertEquals(link.client.exportKeyingMaterial("label", utf8(""), 32), exported);
});

Deno.test("row 198: a client sends early data only where the ticket and the protocols allow it, and no more than it may", () => {
  const some = session(early, client, { maxEarlyData: 10 });
  const target = { serverName: "localhost", session: some };
  const link = new Link(client, early, target);
  assertEquals(link.client.writeEarlyData(new Uint8Array(7)), 7);
  assertEquals(link.client.writeEarlyData(new Uint8Array(7)), 3);
  assertEquals(link.client.writeEarlyData(new Uint8Array(7)), 0);
  for (
    const [config, session] of [
      [client, { ...some, maxEarlyData: 0 }],
      [{ ...client, earlyData: false }, some],
      [client, { ...some, alpn: utf8("not offered") }],
    ] as const
  ) {
    const none = new Link(config, early, { ...target, session });
    assertEquals(none.client.writeEarlyData(new Uint8Array(7)), 0);
  }
});

Deno.test("row 203: a client goes on with early data while the server's flight arrives", () => {
  const link = resumed(early);
  link.pass("client");
  const flight = link.server.take();
  assert(flight instanceof Uint8Array);
  const records = splitRecords(flight);
  for (const [i, record] of records.entries()) {
    const last = i === records.length - 1;
    assertEquals(link.client.writeEarlyData(utf8(`${i}`)), last ? 1 : 1);
    link.deliver("client", record);
  }
  assertEquals(link.client.writeEarlyData(utf8("too late")), 0);
  link.run();
  assertEquals(link.received("server", true), "early" + records.map((_, i) => i).join(""));
});

Deno.test("rows 202, 203: after a rejection nothing more goes out early, and the same connection is used for it", () => {
  const { config } = watched({ ...client, alpn: ["b", "a"] });
  const link = new Link(config, { ...early, alpn: ["b"] }, {
    serverName: "localhost",
    session: session({ ...early, alpn: ["a"] }, config),
  });
  link.client.writeEarlyData(utf8("early"));
  link.run();
  assertEquals(link.events.client.filter(({ type }) => type === "earlyData"), [
    { type: "earlyData", accepted: false, reason: "peer-declined", afterHelloRetryRequest: false },
  ]);
  assertEquals(link.client.writeEarlyData(utf8("early")), 0);
  // What it was for is another protocol now: the program has to look before it says it again.
  assertEquals(link.client.info?.alpn, "b");
  link.client.write(utf8("again"));
  assertEquals(link.run().received("server"), "again");
});

Deno.test("row 204: while early data is open a client has the early exporter only, and the server has the same", () => {
  const link = resumed(early);
  const error = assertThrows(() => link.client.exportKeyingMaterial("l", utf8(""), 32), TlsError);
  assertEquals(error.code, "api/state");
  link.pass("client");
  const [ours, theirs] = [link.client, link.server].map((end) =>
    end.handshake.post.exportEarlyKeyingMaterial("label", utf8("context"), 32)
  );
  assertEquals(ours, theirs);
  assert(ours.some((byte) => byte !== 0));
});
