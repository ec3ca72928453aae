/** Early data under external PSKs (RFC 9846 sections 4.3.10 and 8). */
import { isPromise } from "@sealane/providers";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type ClientConfig,
  createReplayGuard,
  type ExternalPsk,
  type ExternalPskEarlyData,
  Handshake,
  importPsk,
  MemoryStore,
  PACKETS,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "@sealane/handshake";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CipherSuiteId, TlsError, utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig, streams } from "../testing/testing.ts";

const { TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256 } =
  CipherSuiteId;
const HOUR = 3_600_000;
const START = Date.now();

/** A PSK with early data, for the suite that nobody prefers. */
function sensor(early: Partial<ExternalPskEarlyData> = {}, name = "sensor"): ExternalPsk {
  return {
    identity: utf8(name),
    key: new Uint8Array(32).fill(name.length),
    earlyData: {
      maxSize: 1_000,
      cipherSuite: TLS_AES_128_GCM_SHA256,
      alpn: "sealane/1",
      expires: START + HOUR,
      ...early,
    },
  };
}

const alpn = ["sealane/2", "sealane/1"];
const store = new MemoryStore({ whenFull: "refuse" });
const client: ClientConfig = {
  ...clientConfig,
  alpn: ["sealane/1"],
  earlyData: true,
  externalPsks: [sensor()],
};
const server: ServerConfig = {
  ...serverConfig,
  alpn,
  externalPsks: [sensor()],
  earlyData: { replayGuard: createReplayGuard({ store }) },
};

/** A connection on which early data was sent, as much as was taken of it. */
function sent(
  from: Partial<ClientConfig> = {},
  to: Partial<ServerConfig> = {},
  data: Uint8Array = utf8("early"),
): Link {
  const link = new Link({ ...client, ...from }, { ...server, ...to });
  link.client.writeEarlyData(data);
  return link;
}

function verdicts(link: Link): (string | null | undefined)[] {
  return [link.client.info?.earlyDataReason, link.server.info?.earlyDataReason];
}

Deno.test("early data goes out under the first external PSK, with the suite that belongs to it", () => {
  for (const pskOnly of [false, true]) {
    const link = sent({ pskOnly }, { allowPskOnly: true }).run();
    link.client.write(utf8("later"));
    link.run();
    assertEquals([link.received("server", true), link.received("server", false)], [
      "early",
      "later",
    ]);
    assertEquals(verdicts(link), ["accepted", "accepted"]);
    for (const { info } of [link.client, link.server]) {
      assertEquals([info?.externalPsk, info?.alpn], [true, "sealane/1"]);
      assertEquals(info?.suite.id, TLS_AES_128_GCM_SHA256);
      assertEquals(info?.group === null, pskOnly);
    }
    const { post } = link.client.handshake;
    assertEquals(
      post.exportEarlyKeyingMaterial("test", utf8(""), 20),
      link.server.handshake.post.exportEarlyKeyingMaterial("test", utf8(""), 20),
    );
  }
});

Deno.test("an imported PSK brings early data too, and its sessions do", () => {
  const source = { identity: utf8("imported"), key: new Uint8Array(32).fill(1) };
  const [{ hash }] = provider.cipherSuites;
  const { earlyData } = sensor({ cipherSuite: TLS_AES_256_GCM_SHA384 });
  const psk = { ...importPsk({ ...source, hash }, "SHA-384"), earlyData };
  const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
  const [from, to] = [{ externalPsks: [psk] }, { externalPsks: [psk], tickets }];
  const first = sent(from, to).run();
  assertEquals(verdicts(first), ["accepted", "accepted"]);
  const [session] = first.sessions;
  const second = new Link({ ...client, ...from }, { ...server, ...to }, {
    serverName: "localhost",
    session,
  });
  second.client.writeEarlyData(utf8("again"));
  second.run();
  assertEquals([second.received("server", true), second.server.info?.resumed], ["again", true]);
});

const DECLINED: readonly [string, Partial<ClientConfig>, Partial<ServerConfig>, string][] = [
  ["no early data is taken", {}, { earlyData: undefined }, "disabled"],
  [
    "its own PSK has none",
    {},
    { externalPsks: [{ ...sensor(), earlyData: undefined }] },
    "unsupported-for-session",
  ],
  ["its clock is past the time", {}, { now: () => START + HOUR }, "unsupported-for-session"],
  [
    "the first PSK is not known",
    { externalPsks: [sensor({}, "stranger"), sensor()] },
    {},
    "session-not-resumed",
  ],
  ["no PSK is known", {}, { externalPsks: undefined }, "session-not-resumed"],
  [
    "it has not the suite",
    {},
    { cipherSuites: [TLS_CHACHA20_POLY1305_SHA256] },
    "cipher-suite-mismatch",
  ],
  ["it chooses another protocol", { alpn }, {}, "alpn-mismatch"],
  [
    "it has another context",
    {},
    { earlyDataContext: utf8("settings 2") },
    "transport-context-mismatch",
  ],
  ["it asks for another share", { keyShares: [] }, {}, "hello-retry-request"],
  [
    "the application says no",
    {},
    { earlyData: { replayGuard: createReplayGuard({ store }), accept: () => false } },
    "application-declined",
  ],
  [
    "its guard forgets with the process",
    {},
    {
      externalPsks: undefined,
      findPsk: () => sensor(),
      earlyData: { replayGuard: createReplayGuard() },
    },
    "unsupported-for-session",
  ],
];

for (const [why, from, to, reason] of DECLINED) {
  Deno.test(`a server declines and skips early data under an external PSK where ${why}`, () => {
    const link = sent(from, to).run();
    link.client.write(utf8("later"));
    link.run();
    assertEquals([link.failure("client"), link.failure("server")], [null, null]);
    assertEquals(link.server.info?.earlyDataReason, reason);
    assertEquals([link.received("server"), link.client.info?.earlyDataAccepted], ["later", false]);
  });
}

const NOT_SENT: readonly [string, Partial<ClientConfig>, string][] = [
  ["it is not wanted", { earlyData: false }, "disabled"],
  [
    "the PSK has none",
    { externalPsks: [{ ...sensor(), earlyData: undefined }] },
    "no-session-offered",
  ],
  ["its time is over", { now: () => START + HOUR }, "unsupported-for-session"],
  ["its protocol is not offered", { alpn: ["sealane/2"] }, "alpn-mismatch"],
  [
    "its suite is not offered",
    { cipherSuites: [TLS_CHACHA20_POLY1305_SHA256] },
    "cipher-suite-mismatch",
  ],
];

for (const [why, from, reason] of NOT_SENT) {
  Deno.test(`a client sends no early data under an external PSK where ${why}`, () => {
    const link = new Link({ ...client, ...from }, server);
    assertEquals(link.client.writeEarlyData(utf8("early")), 0);
    link.run();
    assertEquals([link.client.info?.externalPsk, link.client.info?.earlyDataReason], [
      true,
      reason,
    ]);
  });
}

Deno.test("the application is told the PSK, and has the last word", () => {
  const seen: unknown[] = [];
  const link = sent({}, {
    earlyData: {
      replayGuard: createReplayGuard({ store }),
      accept: (_hello, session, identity) => {
        seen.push(session, identity);
        return true;
      },
    },
  }).run();
  assertEquals([seen, verdicts(link)], [[null, utf8("sensor")], ["accepted", "accepted"]]);
});

Deno.test("a ClientHello brings early data once, however late and wherever it is repeated", () => {
  const shared = new MemoryStore({ whenFull: "refuse", now: () => now });
  let now = START;
  const config = (): ServerConfig => ({
    ...server,
    now: () => now,
    earlyData: { replayGuard: createReplayGuard({ store: shared, now: () => now }) },
  });
  const link = new Link(client, config());
  link.client.writeEarlyData(utf8("early"));
  const flight = link.client.take();
  if (isPromise(flight)) throw new Error("the provider is asynchronous");
  link.deliver("server", flight);
  assertEquals(link.received("server", true), "early");
  for (const later of [0, 1_000, HOUR / 2, HOUR - 1]) {
    now = START + later;
    const replayed = new Link(client, config());
    replayed.deliver("server", flight);
    assertEquals([replayed.received("server"), replayed.failure("server")], ["", null]);
    assertEquals(verdicts(replayed)[1], "replay");
  }
});

Deno.test("a client sends no more than the PSK allows, and a server takes no more", () => {
  const link = new Link(client, server);
  assertEquals(link.client.writeEarlyData(new Uint8Array(2_000)), 1_000);
  assertEquals(link.run().received("server", true).length, 1_000);
  const more = { externalPsks: [sensor({ maxSize: 1_001 })] };
  const greedy = sent(more, {}, new Uint8Array(1_001)).run();
  assertEquals(greedy.failure("server"), ["peer/too-much-early-data", 10]);
  // What a server was configured to take it also skips.
  const much = { externalPsks: [sensor({ maxSize: 100_000 })] };
  const skipped = sent(much, { ...much, now: () => START + HOUR }, new Uint8Array(100_000)).run();
  assertEquals([skipped.failure("server"), verdicts(skipped)[1]], [
    null,
    "unsupported-for-session",
  ]);
});

Deno.test("a client refuses early data that was taken for another protocol or suite", () => {
  const other = { externalPsks: [sensor({ alpn: "sealane/2" })] };
  const link = sent({ alpn }, other).run();
  assertEquals(link.failure("client"), ["peer/early-data", 47]);
  const suite = { externalPsks: [sensor({ cipherSuite: TLS_CHACHA20_POLY1305_SHA256 })] };
  // The server takes the ClientHello, and cannot open what follows it.
  assertEquals(sent({}, suite).run().failure("server"), ["peer/bad-record-mac", 20]);
});

Deno.test("a configuration is refused that cannot work", () => {
  const wrong: [() => unknown, string][] = [
    [
      () => new Link(client, { ...server, earlyData: { replayGuard: createReplayGuard() } }),
      "store of its own",
    ],
    [() => new Link({ ...client, externalPsks: [sensor({ maxSize: 0 })] }, server), "maxSize"],
    [
      () =>
        new Link(
          { ...client, externalPsks: [sensor({ cipherSuite: TLS_AES_256_GCM_SHA384 })] },
          server,
        ),
      "not for an external PSK of SHA-256",
    ],
  ];
  for (const [make, message] of wrong) {
    assertEquals(assertThrows(make, TlsError, message).code, "api/config");
  }
});

Deno.test("over QUIC there is none, since a PSK remembers no transport parameters", () => {
  const ours = Handshake.client(client, { serverName: "localhost" }, { carrier: PACKETS });
  ours.start();
  assertEquals(ours.earlyDataParameters, null);
});

Deno.test("a stream says what became of it, for which protocol", async () => {
  const ends = streams({ client, server });
  const [result, early] = await Promise.all([
    ends.client.sendEarlyData(utf8("early")),
    ends.server.nextEarly(),
  ]);
  assertEquals(early, utf8("early"));
  assertEquals([result.accepted, result.sameProtocol, result.unsent.length], [true, true, 0]);
  await Promise.all([ends.client.close(), ends.server.close()]);
  const others = streams({ client: { ...client, alpn }, server });
  const declined = await others.client.sendEarlyData(utf8("early"));
  assertEquals([declined.accepted, declined.sameProtocol], [false, false]);
  assertEquals(declined.unsent, utf8("early"));
  await Promise.all([others.client.close(), others.server.close()]);
});
