/** Records as a connection meets them, row by row: what comes is refused with its alert, or has its effect. */
import { assert, assertEquals } from "@std/assert";
import { client, server, target } from "@sealane/handshake/conformance";
import type { Level } from "@sealane/handshake";
import { AlertDescription as A, concat, ContentType, fromHex, utf8 } from "@sealane/wire";
import { other, type Side, Wire } from "../testing/wire_testing.ts";

const { alert, application_data, change_cipher_spec, handshake } = ContentType;
const SIDES = ["client", "server"] as const;

function connected(more = {}): Wire {
  const wire = new Wire(client, { ...server, ...more }, target).run();
  assert(wire.ends.client.complete && wire.ends.server.complete);
  return wire;
}

/** A client and a server that have their hellos, and nothing behind them. */
function inTheMiddle(): Wire {
  const hellos = (message: Uint8Array) => message[0] === 1 || message[0] === 2 ? message : null;
  const wire = new Wire(client, server, target, hellos).run();
  for (const by of SIDES) assert(wire.ends[by].error === null && !wire.ends[by].complete);
  return wire;
}

/** A plaintext record. */
function plain(type: number, content: Uint8Array, version = 0x0303): Uint8Array {
  const header = [type, version >> 8, version & 0xff, content.length >> 8, content.length & 0xff];
  return concat([Uint8Array.from(header), content]);
}

/** The first protected record of `from` at a level, with whatever inner plaintext and header. */
function forged(
  wire: Wire,
  from: Side,
  level: Level,
  inner: Uint8Array,
  { type = application_data as number, version = 0x0303 } = {},
): Uint8Array {
  const key = wire.key(from, level, other(from));
  assert(key !== null);
  const record = plain(type, new Uint8Array(inner.length + key.tagLength), version);
  key.seal(record.subarray(0, 5), inner, record.subarray(5));
  return record;
}

/** Asserts what an end did: its error, one alert with it at a level, and that the other end understood. */
function assertRefused(wire: Wire, by: Side, code: string, description: A | null, level: Level) {
  wire.run();
  const { error } = wire.ends[by];
  assertEquals([error?.code, error?.alert], [code, description], error?.message);
  const expected = description === null ? [] : [[level, 2, description]];
  assertEquals(wire.alerts(by).map((seen) => [seen.level, ...seen.content]), expected);
  assertEquals(wire.alerts(other(by)), []);
}

const DATA = concat([utf8("data"), Uint8Array.of(application_data)]);

interface Bad {
  readonly row: number;
  readonly what: string;
  /** Inner plaintext, where the record is protected. */
  readonly inner?: Uint8Array;
  readonly outer?: { type?: number; version?: number };
  /** The whole record, where it is not. */
  readonly record?: Uint8Array;
  readonly code: string;
  readonly alert: A;
}

/** What may not come on a connection that is in use. */
const BAD: readonly Bad[] = [
  {
    row: 1,
    what: "a ciphertext of 2^14 + 257 bytes",
    record: plain(application_data, new Uint8Array(16_641)),
    code: "peer/record-overflow",
    alert: A.record_overflow,
  },
  {
    row: 2,
    what: "16,385 bytes of data",
    inner: concat([new Uint8Array(16_385).fill(1), Uint8Array.of(23)]),
    code: "peer/record-overflow",
    alert: A.record_overflow,
  },
  {
    row: 2,
    what: "8192 bytes of data with 8193 of padding",
    inner: concat([new Uint8Array(8192).fill(1), Uint8Array.of(23), new Uint8Array(8193)]),
    code: "peer/record-overflow",
    alert: A.record_overflow,
  },
  {
    row: 5,
    what: "an inner plaintext of zeros",
    inner: new Uint8Array(10),
    code: "peer/bad-inner-plaintext",
    alert: A.unexpected_message,
  },
  {
    row: 5,
    what: "an empty inner plaintext",
    inner: new Uint8Array(),
    code: "peer/bad-inner-plaintext",
    alert: A.unexpected_message,
  },
  {
    row: 6,
    what: "a protected record of the outer type handshake",
    inner: DATA,
    outer: { type: handshake },
    code: "peer/record-type",
    alert: A.unexpected_message,
  },
  {
    row: 7,
    what: "a record that does not authenticate",
    record: plain(application_data, new Uint8Array(40)),
    code: "peer/bad-record-mac",
    alert: A.bad_record_mac,
  },
  {
    row: 11,
    what: "a content of an unknown type",
    inner: concat([utf8("data"), Uint8Array.of(99)]),
    code: "peer/record-type",
    alert: A.unexpected_message,
  },
  {
    row: 11,
    what: "a record of an unknown type",
    record: plain(99, utf8("data")),
    code: "peer/record-type",
    alert: A.unexpected_message,
  },
  {
    row: 15,
    what: "change_cipher_spec after the handshake",
    record: plain(change_cipher_spec, Uint8Array.of(1)),
    code: "peer/bad-change-cipher-spec",
    alert: A.unexpected_message,
  },
  {
    row: 17,
    what: "a protected record of version 0x0301",
    inner: DATA,
    outer: { version: 0x0301 },
    code: "peer/record-version",
    alert: A.protocol_version,
  },
  ...[[[2, 40, 2, 40], "two alerts"], [[2], "half an alert"]].map(([bytes, what]): Bad => ({
    row: 20,
    what: `a record of ${what}`,
    inner: Uint8Array.of(...bytes as number[], alert),
    code: "peer/bad-alert",
    alert: A.decode_error,
  })),
  ...[0, 3, 42].map((level): Bad => ({
    row: 21,
    what: `an alert of the level ${level}`,
    inner: Uint8Array.of(level, 0, alert),
    code: "peer/bad-alert-level",
    alert: A.illegal_parameter,
  })),
  ...[A.unrecognized_name, A.no_renegotiation, A.handshake_failure].map((description): Bad => ({
    row: 22,
    what: `the alert ${description} as a warning`,
    inner: Uint8Array.of(1, description, alert),
    code: "peer/bad-alert",
    alert: A.decode_error,
  })),
  {
    row: 43,
    what: "a KeyUpdate with bytes behind it",
    inner: Uint8Array.of(24, 0, 0, 1, 0, 24, handshake),
    code: "peer/excess-handshake-data",
    alert: A.unexpected_message,
  },
  {
    row: 206,
    what: "a KeyUpdate that requests 2",
    inner: Uint8Array.of(24, 0, 0, 1, 2, handshake),
    code: "peer/key-update-request",
    alert: A.illegal_parameter,
  },
];

for (const { row, what, inner, outer, record, code, alert } of BAD) {
  for (const by of SIDES) {
    Deno.test(`row ${row}: a ${by} in use refuses ${what}`, () => {
      const wire = connected();
      const bytes = record ?? forged(wire, other(by), "application", inner ?? DATA, outer);
      wire.deliver(by, bytes);
      assertRefused(wire, by, code, alert, "application");
    });
  }
}

Deno.test("row 8: EncryptedExtensions in the clear is bad_record_mac", () => {
  const wire = inTheMiddle();
  wire.deliver("client", plain(handshake, fromHex("080000020000")));
  assertRefused(wire, "client", "peer/bad-record-mac", A.bad_record_mac, "handshake");
});

for (const length of [0, 20]) {
  Deno.test(`row 9: ${length} bytes of application data in the clear after ServerHello are bad_record_mac`, () => {
    const wire = inTheMiddle();
    wire.deliver("client", plain(application_data, new Uint8Array(length)));
    assertRefused(wire, "client", "peer/bad-record-mac", A.bad_record_mac, "handshake");
  });
  for (const by of SIDES) {
    Deno.test(`row 10: ${length} bytes of application data before any message are refused by a ${by}`, () => {
      const wire = new Wire(client, server, target);
      wire.deliver(by, plain(application_data, new Uint8Array(length)));
      const code = "peer/unexpected-application-data";
      assertRefused(wire, by, code, A.unexpected_message, "initial");
    });
  }
}

for (const by of SIDES) {
  const level = by === "client" ? "handshake" : "application";

  Deno.test(`row 10: a ${by} refuses application data under the handshake key`, () => {
    const wire = inTheMiddle();
    wire.inject(other(by), "handshake", application_data, utf8("data"));
    assertRefused(wire, by, "peer/unexpected-application-data", A.unexpected_message, level);
  });

  Deno.test(`row 245: close_notify in the handshake ends a ${by}, which says nothing to it`, () => {
    const wire = inTheMiddle();
    wire.inject(other(by), "handshake", alert, Uint8Array.of(1, 0));
    assertRefused(wire, by, "peer/truncated", null, level);
  });
}

for (const by of SIDES) {
  Deno.test(`row 12: a ${by} takes 32 empty records in a row, and no more`, () => {
    const wire = connected();
    const from = other(by);
    for (let i = 0; i < 32; i++) {
      wire.inject(from, "application", application_data, new Uint8Array());
    }
    wire.inject(from, "application", application_data, utf8("x"));
    for (let i = 0; i < 32; i++) {
      wire.inject(from, "application", application_data, new Uint8Array());
    }
    assertEquals(wire.ends[by].error, null);
    wire.inject(from, "application", application_data, new Uint8Array());
    assertRefused(wire, by, "peer/too-many-empty-records", A.unexpected_message, "application");
  });

  Deno.test(`rows 13, 14: a ${by} takes 32 change_cipher_spec records in a handshake, and no more`, () => {
    const wire = inTheMiddle();
    const ccs = plain(change_cipher_spec, Uint8Array.of(1));
    const sent = wire.seen.filter(({ type, from }) => type === change_cipher_spec && from !== by);
    for (let i = sent.length; i < 32; i++) wire.deliver(by, ccs);
    assertEquals(wire.ends[by].error, null);
    wire.deliver(by, ccs);
    const level = by === "client" ? "handshake" : "application";
    const code = "peer/too-many-change-cipher-specs";
    assertRefused(wire, by, code, A.unexpected_message, level);
  });

  Deno.test(`row 16: a ${by} refuses change_cipher_spec with another body`, () => {
    for (const body of [[0], [1, 1], []]) {
      const wire = inTheMiddle();
      wire.deliver(by, plain(change_cipher_spec, Uint8Array.from(body)));
      const level = by === "client" ? "handshake" : "application";
      assertRefused(wire, by, "peer/bad-change-cipher-spec", A.unexpected_message, level);
    }
  });

  Deno.test(`row 23: a ${by} ignores four user_canceled in a row, and no more`, () => {
    const wire = connected();
    const from = other(by);
    for (let i = 0; i < 4; i++) wire.inject(from, "application", alert, Uint8Array.of(1, 90));
    wire.inject(from, "application", application_data, utf8("x"));
    for (let i = 0; i < 4; i++) wire.inject(from, "application", alert, Uint8Array.of(1, 90));
    assertEquals(wire.ends[by].error, null);
    wire.inject(from, "application", alert, Uint8Array.of(1, 90));
    assertRefused(wire, by, "peer/too-many-warning-alerts", A.unexpected_message, "application");
  });

  Deno.test(`rows 24, 245: a ${by} says nothing to a fatal alert, and knows which it was`, () => {
    const inUse = connected();
    const middle = inTheMiddle();
    for (const [wire, level] of [[inUse, "application"], [middle, "handshake"]] as const) {
      wire.inject(other(by), level, alert, Uint8Array.of(2, A.access_denied));
      assertRefused(wire, by, "peer/alert", null, level);
      assertEquals(wire.ends[by].error?.receivedAlert, A.access_denied);
    }
    const early = new Wire(client, server, target);
    early.deliver(by, plain(alert, Uint8Array.of(2, A.handshake_failure)));
    assertRefused(early, by, "peer/alert", null, "initial");
  });

  Deno.test(`row 27: a fatal alert to a ${by} that has closed its side is an error, not an end`, () => {
    const wire = connected();
    wire.ends[by].close();
    wire.pass(by);
    wire.inject(other(by), "application", alert, Uint8Array.of(2, A.internal_error));
    assertEquals(wire.ends[by].error?.receivedAlert, A.internal_error);
    assertEquals(wire.events[by].some(({ type }) => type === "close"), false);
  });

  Deno.test(`row 28: a ${by} that has closed its side still takes empty records, warnings and key updates`, () => {
    const wire = connected();
    const from = other(by);
    wire.ends[by].close();
    wire.run();
    assertEquals(wire.alerts(by).map(({ content }) => [...content]), [[1, 0]]);
    wire.inject(from, "application", application_data, new Uint8Array());
    wire.inject(from, "application", alert, Uint8Array.of(1, 90));
    wire.inject(from, "application", application_data, utf8("more"));
    wire.inject(from, "application", handshake, Uint8Array.of(24, 0, 0, 1, 1));
    const received = wire.events[by].flatMap((e) => e.type === "data" ? [...e.data] : []);
    assertEquals(Uint8Array.from(received), utf8("more"));
    assertEquals([wire.ends[by].error, wire.ends[by].readClosed], [null, false]);
  });

  Deno.test(`row 29: a ${by} sends the very alert that is asked for`, () => {
    const wire = connected();
    wire.ends[by].closeWithAlert(A.decompression_failure);
    wire.run();
    assertEquals(wire.alerts(by).map(({ content }) => [...content]), [[2, 30]]);
    assertEquals(wire.ends[other(by)].error?.receivedAlert, 30);
  });

  Deno.test(`row 36: a ${by} refuses another record in the middle of a handshake message`, () => {
    const cases = [
      [alert, [1, 90]],
      [application_data, [7]],
    ] as const;
    for (const [type, content] of cases) {
      const wire = connected();
      wire.inject(other(by), "application", handshake, Uint8Array.of(24, 0));
      wire.inject(other(by), "application", type, Uint8Array.from(content));
      const code = "peer/interleaved-record";
      assertRefused(wire, by, code, A.unexpected_message, "application");
    }
  });

  Deno.test(`row 245: a ${by} says nothing to close_notify but its own`, () => {
    const wire = connected();
    wire.inject(other(by), "application", alert, Uint8Array.of(1, 0));
    wire.run();
    assertEquals([wire.ends[by].readClosed, wire.alerts(by)], [true, []]);
    wire.ends[by].write(utf8("still here"));
    wire.ends[by].close();
    wire.run();
    assertEquals(wire.alerts(by).map(({ content }) => [...content]), [[1, 0]]);
  });
}

Deno.test("row 18: a first record of version 0x03ff is taken, one of 0xffff is not", () => {
  const hello = (version: number): Wire => {
    const wire = new Wire(client, server, target);
    const bytes = wire.ends.client.take();
    assert(bytes instanceof Uint8Array);
    bytes.set([version >> 8, version & 0xff], 1);
    wire.deliver("server", bytes);
    return wire;
  };
  assertEquals(hello(0x03ff).ends.server.error, null);
  assertRefused(hello(0xffff), "server", "peer/record-version", A.protocol_version, "initial");
});

for (const what of ["GET ", "POST ", "HEAD ", "PUT ", "CONNECT ", "\xff\xff\xff\xff\xff"]) {
  Deno.test(`row 19: ${JSON.stringify(what)} in place of a record is told from TLS`, () => {
    const wire = new Wire(client, server, target);
    wire.deliver("server", Uint8Array.from(what + "/ HTTP/1.1", (c) => c.charCodeAt(0)));
    assertRefused(wire, "server", "peer/not-tls", A.protocol_version, "initial");
  });
}
