/** How flights go over records, row by row: fragments, packing, change_cipher_spec, sizes, and alerts on a socket. */
import { assert, assertEquals } from "@std/assert";
import { createReplayGuard, type ServerConfig } from "@sealane/handshake";
import { client, type Interference, server, target } from "@sealane/handshake/conformance";
import { RotatingTicketKeys, sealedTickets } from "@sealane/handshake";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription as A,
  CipherSuiteId as C,
  ContentType,
  encodePem,
  fromHex,
  NamedGroup,
  utf8,
} from "@sealane/wire";
import { listen } from "../deno.ts";
import { Link, type Side, splitRecords } from "../testing/link_testing.ts";
import { streams } from "../testing/testing.ts";
import { other, Wire } from "../testing/wire_testing.ts";

const { alert, application_data, change_cipher_spec, handshake } = ContentType;
const SIDES = ["client", "server"] as const;
const requiring: ServerConfig = { ...server, clientAuthentication: "required" };
const retrying: ServerConfig = { ...requiring, groups: [NamedGroup.secp256r1] };
const resuming: ServerConfig = {
  ...server,
  tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
  earlyData: { replayGuard: createReplayGuard() },
};
const early = { ...client, earlyData: true };

/** The lengths of the fragments that each end sends, with their types, until neither has anything to say. */
function flights(link: Link): Record<Side, [number, number][]> {
  const sent: Record<Side, [number, number][]> = { client: [], server: [] };
  const note = (from: Side) =>
    link.pass(from, (records) => {
      sent[from].push(...records.map((bytes): [number, number] => [bytes[0], bytes.length - 5]));
      return records;
    });
  while (note("client") || note("server")) { /* goes on */ }
  for (const side of SIDES) assertEquals(link.failure(side), null);
  return sent;
}

for (const [what, to] of [["", requiring], [" with a HelloRetryRequest", retrying]] as const) {
  Deno.test(`row 34: every handshake byte may come in a record of its own${what}`, () => {
    const wire = new Wire(client, to, target);
    wire.bytewise = true;
    wire.run();
    for (const side of SIDES) assert(wire.ends[side].complete, `${wire.ends[side].error}`);
    wire.ends.client.write(utf8("data"));
    wire.run();
    assertEquals(wire.events.server.some(({ type }) => type === "data"), true);
  });

  Deno.test(`rows 32, 35: the messages of a flight share records, and are taken so${what}`, () => {
    const sent = flights(new Link(client, to, target));
    // Between two changes of the key there is one record, and change_cipher_spec once.
    const types = (side: Side) => sent[side].map(([type]) => type);
    const [hello, ccs, data] = [handshake, change_cipher_spec, application_data];
    if (to === requiring) {
      assertEquals(types("client"), [hello, ccs, data]);
      assertEquals(types("server"), [hello, ccs, data]);
    } else {
      assertEquals(types("client"), [hello, ccs, hello, data]);
      assertEquals(types("server"), [hello, ccs, hello, data]);
    }
  });
}

Deno.test("row 34: every byte of a resumption with early data and of its tickets may come in its own record", () => {
  const [session] = new Wire(early, resuming, target).run().sessions;
  const wire = new Wire(early, resuming, { ...target, session });
  wire.bytewise = true;
  assertEquals(wire.ends.client.writeEarlyData(utf8("early")), 5);
  wire.run();
  assertEquals(wire.ends.server.info?.earlyDataAccepted, true);
  assert(wire.sessions.length > 0);
});

Deno.test("row 37: EncryptedExtensions in ServerHello's record are refused, with change_cipher_spec behind it or not", () => {
  for (const withCcs of [true, false]) {
    const on: Interference = (message, from) =>
      from === "server" && message[0] === 2
        ? Uint8Array.from([...message, ...fromHex("080000020000")])
        : message;
    const wire = new Wire(client, server, target, on);
    wire.pass("client");
    if (withCcs) wire.deliver("client", fromHex("140303000101"));
    wire.run();
    assertEquals(wire.ends.client.error?.code, "peer/excess-handshake-data");
    assertEquals(wire.ends.client.error?.alert, A.unexpected_message);
  }
});

Deno.test("row 25: a warning before ServerHello does not end a client, with early data or without", () => {
  const [session] = new Wire(early, resuming, target).run().sessions;
  for (const more of [{}, { session }]) {
    const wire = new Wire(early, resuming, { ...target, ...more });
    wire.deliver("client", Uint8Array.of(alert, 3, 3, 0, 2, 1, A.unrecognized_name));
    wire.run();
    assertEquals([wire.ends.client.error, wire.ends.client.complete], [null, true]);
  }
});

Deno.test("row 31: records are cut at the size that is configured, and all but the last are full", () => {
  const link = new Link(client, requiring, target, { maxFragment: 512 });
  const sent = flights(link);
  const [protectedLength, plainLength] = [512 + 1 + 16, 512];
  for (const side of SIDES) {
    for (const [type, full] of [[handshake, plainLength], [application_data, protectedLength]]) {
      const lengths = sent[side].filter(([of]) => of === type).map(([, length]) => length);
      assertEquals(lengths.slice(0, -1).filter((length) => length !== full), []);
      assert(lengths.length > 0 && lengths.every((length) => length <= full));
    }
    link[side].write(new Uint8Array(1300));
  }
  const data = flights(link);
  for (const side of SIDES) {
    assertEquals(data[side].map(([, length]) => length - 17), [512, 512, 276]);
  }
});

for (
  const suite of [
    C.TLS_AES_128_GCM_SHA256,
    C.TLS_AES_256_GCM_SHA384,
    C.TLS_CHACHA20_POLY1305_SHA256,
  ]
) {
  Deno.test(`row 33: full records go both ways with suite 0x${suite.toString(16)}`, () => {
    const only = { cipherSuites: [suite] };
    const link = new Link({ ...client, ...only }, { ...server, ...only }, target);
    flights(link);
    for (const side of SIDES) link[side].write(utf8("x".repeat(3 * 16_384)));
    const sent = flights(link);
    for (const side of SIDES) {
      assertEquals(sent[side].map(([, length]) => length - 17), [16_384, 16_384, 16_384]);
      assertEquals(link.received(side), "x".repeat(3 * 16_384));
    }
  });
}

Deno.test("row 100: change_cipher_spec follows the server's first message, once, even for an empty session id", () => {
  const empty: Interference = (message, from) => {
    if (from !== "client" || message[0] !== 1) return message;
    const bytes = Uint8Array.from([...message.subarray(0, 38), 0, ...message.subarray(71)]);
    bytes.set([bytes.length - 4 >> 8, bytes.length - 4 & 0xff], 2);
    return bytes;
  };
  for (
    const [to, on] of [[server, undefined], [retrying, undefined], [server, empty], [
      retrying,
      empty,
    ]] as const
  ) {
    const wire = new Wire(client, to, target, on).run();
    const types = wire.seen.filter(({ from }) => from === "server").map(({ type }) => type);
    assertEquals(types.slice(0, 2), [handshake, change_cipher_spec]);
    assertEquals(types.filter((type) => type === change_cipher_spec).length, 1);
  }
});

Deno.test("row 13: change_cipher_spec is refused before the first ClientHello is whole, and between fragments of any message", () => {
  const spec = Uint8Array.of(change_cipher_spec, 3, 3, 0, 1, 1);
  /** A record, cut in two at this byte of its content, with change_cipher_spec in between. */
  const cut = (record: Uint8Array, at: number) => {
    const part = (content: Uint8Array) =>
      Uint8Array.of(handshake, 3, 3, content.length >> 8, content.length & 0xff, ...content);
    return [part(record.slice(5, 5 + at)), spec, part(record.slice(5 + at))];
  };
  for (const [from, to] of [["client", "server"], ["server", "client"]] as const) {
    for (const at of [1, 4, 60]) {
      const link = new Link(client, server, target);
      if (from === "server") link.pass("client");
      link.pass(from, ([first, ...rest]) => [...cut(first, at), ...rest]);
      assertEquals(link[to].error?.code, "peer/bad-change-cipher-spec", `${from} at ${at}`);
    }
  }
  const link = new Link(client, server, target);
  link.pass("client", (records) => [spec, ...records]);
  assertEquals(link.server.error?.code, "peer/bad-change-cipher-spec");
});

Deno.test("row 13: an end that sends no change_cipher_spec is fine", () => {
  const link = new Link(client, retrying, target);
  const drop = (records: Uint8Array[]) => records.filter(([type]) => type !== change_cipher_spec);
  while (link.pass("client", drop) || link.pass("server", drop)) { /* goes on */ }
  for (const side of SIDES) assert(link[side].complete);
});

Deno.test("row 130: the first record is of version 0x0301 with a session id of 32 bytes, and change_cipher_spec is next", () => {
  const link = new Link(client, server, target);
  let [hello, next]: Uint8Array[] = [];
  link.pass("client", (records) => {
    assertEquals(records.length, 1);
    [hello] = records;
    return records;
  });
  link.pass("server");
  link.pass("client", (records) => {
    [next] = records;
    return records;
  });
  assertEquals([...hello.subarray(0, 3)], [handshake, 3, 1]);
  // A record header of 5, a message header of 4, the version and the random.
  assertEquals(hello[5 + 4 + 2 + 32], 32);
  assertEquals([...next], [change_cipher_spec, 3, 3, 0, 1, 1]);
});

Deno.test("row 208: the answer to a key update goes out behind a write that is under way", async () => {
  const updates: number[] = [];
  const observer = {
    message: (direction: string, _level: string, bytes: Uint8Array) =>
      void (direction === "read" && bytes[0] === 24 && updates.push(bytes[4])),
  };
  const { client: from, server: to } = streams({ client: { observer } });
  await Promise.all([from.opened, to.opened]);
  const large = new Uint8Array(300_000).fill(5);
  const written = to.write(large);
  const asked = from.updateKeys(true).then(() => from.write(utf8("under the new key")));
  assertEquals(await to.next(), utf8("under the new key"));
  await asked;
  const after = to.write(utf8("after"));
  let length = 0;
  let last: Uint8Array | null = null;
  while (length < large.length + 5) {
    last = await from.next();
    assert(last !== null);
    length += last.length;
  }
  assertEquals(last?.slice(-5), utf8("after"));
  assertEquals(updates, [0]);
  await Promise.all([written, after]);
  await Promise.all([from.close(), to.close()]);
});

Deno.test("row 241: the alert arrives over a socket although much of what came was not read", async () => {
  const authority = await createTestAuthority(provider);
  const issued = await authority.issue({ names: ["localhost"] });
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    cert: encodePem("CERTIFICATE", issued.chain[0]),
    key: encodePem("PRIVATE KEY", issued.privateKey),
  });
  const serving = (async () => {
    for await (const conn of listener) await conn.handshake().catch(() => {});
  })();
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const writing = (async () => {
    const junk = new Uint8Array(200_000).fill(0x47);
    for (let at = 0; at < junk.length;) at += await socket.write(junk.subarray(at));
  })();
  const received: number[] = [];
  for (const buffer = new Uint8Array(100);;) {
    const length = await socket.read(buffer);
    if (length === null) break;
    received.push(...buffer.subarray(0, length));
  }
  await writing;
  socket.close();
  listener.close();
  await serving;
  const records = splitRecords(Uint8Array.from(received));
  assertEquals(records.map((bytes) => [...bytes]), [[alert, 3, 3, 0, 2, 2, A.protocol_version]]);
});

Deno.test("row 242: a client that has accepted ServerHello speaks under the handshake key, before in the clear", () => {
  const cases = [[2, "initial"], [8, "handshake"], [20, "handshake"]] as const;
  for (const [type, level] of cases) {
    const on: Interference = (message, from) =>
      from === "server" && message[0] === type
        ? Uint8Array.of(42, ...message.subarray(1))
        : message;
    const wire = new Wire(client, server, target, on).run();
    const alerts = wire.alerts("client").map((seen) => [seen.level, ...seen.content]);
    assertEquals(alerts, [[level, 2, A.unexpected_message]]);
  }
});

Deno.test("row 243: a client speaks under the early key while early data is open, and under the handshake key after a rejection", () => {
  for (
    const [to, level] of [[resuming, "early"], [
      { ...resuming, earlyData: undefined },
      "handshake",
    ]] as const
  ) {
    const [session] = new Wire(early, resuming, target).run().sessions;
    const on: Interference = (message, from) =>
      from === "server" && message[0] === 20 ? Uint8Array.of(42, ...message.subarray(1)) : message;
    const wire = new Wire(early, to, { ...target, session }, on).run();
    const alerts = wire.alerts("client").map((seen) => [seen.level, ...seen.content]);
    assertEquals(alerts, [[level, 2, A.unexpected_message]]);
    assertEquals(wire.ends[other("client")].error?.receivedAlert, A.unexpected_message);
  }
});

Deno.test("row 244: a server that has sent Finished speaks under its application key", () => {
  const on: Interference = (message, from) =>
    from === "client" && message[0] === 11 ? Uint8Array.of(42, ...message.subarray(1)) : message;
  const wire = new Wire(client, requiring, target, on).run();
  const alerts = wire.alerts("server").map((seen) => [seen.level, ...seen.content]);
  assertEquals(alerts, [["application", 2, A.unexpected_message]]);
  assertEquals(wire.ends.client.error?.receivedAlert, A.unexpected_message);
});
