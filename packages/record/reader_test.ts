import { isPromise } from "@sealane/providers";
import { concat, ContentType, utf8 } from "@sealane/wire";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { RecordReader } from "./reader.ts";
import {
  aes256Suite,
  aesSuite,
  assertCode,
  chachaSuite,
  forgeRecord,
  keyPair,
  Later,
  laterSuite,
  plaintextRecord,
  SECRET,
} from "./testing.ts";
import { TrafficKey } from "./traffic_key.ts";

const { alert, application_data, change_cipher_spec, handshake } = ContentType;
const CCS = plaintextRecord(change_cipher_spec, new Uint8Array([1]));

/** An inner plaintext (RFC 9846 section 5.2). */
function inner(content: Uint8Array, type: number, padding = 0): Uint8Array {
  return concat([content, new Uint8Array([type]), new Uint8Array(padding)]);
}

/** A reader with a key, and the peer's key. */
function protectedReader(suite = aesSuite): { reader: RecordReader; peer: TrafficKey } {
  const { write, read } = keyPair(suite);
  const reader = new RecordReader();
  reader.setKey(read);
  return { reader, peer: write };
}

const suites = [aesSuite, aes256Suite, chachaSuite];

for (const suite of suites) {
  Deno.test(`row 33: full application records are taken, ${suite.name}`, async () => {
    const { reader, peer } = protectedReader(suite);
    for (let i = 0; i < 3; i++) {
      const content = new Uint8Array(2 ** 14).fill(i);
      reader.push(forgeRecord(peer, inner(content, application_data)));
      assertEquals(await reader.next(), { type: application_data, content });
    }
  });

  Deno.test(`row 7: record with a changed bit is bad_record_mac, ${suite.name}`, async () => {
    for (const at of [5, 20, 30]) {
      const { reader, peer } = protectedReader(suite);
      const record = forgeRecord(peer, inner(new Uint8Array(10), application_data));
      record[at] ^= 4;
      reader.push(record);
      const error = await assertCode("peer/bad-record-mac", () => reader.next());
      assertEquals(error.alert, 20);
    }
  });
}

const tooMuch = [[16385, 0], [8192, 8193], [16384, 1], [16385, 100]];
for (const [content, padding] of tooMuch) {
  Deno.test(`row 2: ${content} bytes with ${padding} of padding are record_overflow`, async () => {
    const { reader, peer } = protectedReader();
    const plaintext = inner(new Uint8Array(content).fill(1), application_data, padding);
    reader.push(forgeRecord(peer, plaintext));
    assertEquals((await assertCode("peer/record-overflow", () => reader.next())).alert, 22);
  });
}

const fitting = [[8192, 8192], [16383, 1], [16384, 0], [0, 16384], [1, 255], [1, 1]];
for (const [length, padding] of fitting) {
  Deno.test(`rows 3, 4: ${length} bytes with ${padding} of padding are taken`, async () => {
    const { reader, peer } = protectedReader();
    const content = new Uint8Array(length).fill(0);
    reader.push(forgeRecord(peer, inner(content, application_data, padding)));
    assertEquals(await reader.next(), { type: application_data, content });
  });
}

Deno.test("row 5: inner plaintext without content type is unexpected_message", async () => {
  for (const length of [0, 1, 2, 16, 16385]) {
    const { reader, peer } = protectedReader();
    reader.push(forgeRecord(peer, new Uint8Array(length)));
    assertEquals((await assertCode("peer/bad-inner-plaintext", () => reader.next())).alert, 10);
  }
});

Deno.test("row 6: protected record of another outer type is unexpected_message", async () => {
  for (const type of [alert, handshake]) {
    const { reader, peer } = protectedReader();
    reader.push(forgeRecord(peer, inner(new Uint8Array(4), handshake), { type }));
    assertEquals((await assertCode("peer/record-type", () => reader.next())).alert, 10);
  }
});

Deno.test("row 8: plaintext where a key is in use is bad_record_mac, alerts too", async () => {
  for (const record of [[handshake, 40], [handshake, 2], [alert, 2]]) {
    const { reader } = protectedReader();
    reader.push(plaintextRecord(record[0], new Uint8Array(record[1]).fill(8)));
    assertEquals((await assertCode("peer/bad-record-mac", () => reader.next())).alert, 20);
  }
});

Deno.test("row 9: plaintext application data where a key is in use is bad_record_mac", async () => {
  for (const length of [0, 15, 16, 100]) {
    const { reader } = protectedReader();
    reader.push(plaintextRecord(application_data, new Uint8Array(length)));
    await assertCode("peer/bad-record-mac", () => reader.next());
  }
});

Deno.test("row 10: application data without a key is unexpected_message", async () => {
  for (const length of [0, 20]) {
    const reader = new RecordReader();
    reader.push(plaintextRecord(application_data, new Uint8Array(length)));
    const error = await assertCode("peer/unexpected-application-data", () => reader.next());
    assertEquals(error.alert, 10);
  }
});

Deno.test("row 11: inner content of an unknown type is unexpected_message", async () => {
  for (const type of [1, 19, change_cipher_spec, 24, 255]) {
    const { reader, peer } = protectedReader();
    reader.allowChangeCipherSpec(true);
    reader.push(forgeRecord(peer, inner(new Uint8Array([1]), type)));
    assertEquals((await assertCode("peer/record-type", () => reader.next())).alert, 10);
  }
});

Deno.test("row 12: 32 empty records in a row are taken, the 33rd is unexpected_message", async () => {
  const { reader, peer } = protectedReader();
  const empty = { type: application_data, content: new Uint8Array(0) };
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 32; i++) {
      reader.push(forgeRecord(peer, inner(empty.content, application_data, i)));
      assertEquals(await reader.next(), empty);
    }
    if (round === 0) {
      reader.push(forgeRecord(peer, inner(new Uint8Array(1), application_data)));
      await reader.next();
    }
  }
  reader.push(forgeRecord(peer, inner(empty.content, application_data)));
  assertEquals((await assertCode("peer/too-many-empty-records", () => reader.next())).alert, 10);
});

Deno.test("handshake and alert records without content are unexpected_message", async () => {
  for (const type of [handshake, alert]) {
    const { reader, peer } = protectedReader();
    reader.push(forgeRecord(peer, inner(new Uint8Array(0), type, 3)));
    assertEquals((await assertCode("peer/bad-inner-plaintext", () => reader.next())).alert, 10);
    const plain = new RecordReader();
    plain.push(plaintextRecord(type, new Uint8Array(0)));
    assertEquals((await assertCode("peer/bad-inner-plaintext", () => plain.next())).alert, 10);
  }
});

Deno.test("rows 13, 14: 32 change_cipher_spec are dropped in a handshake, the 33rd is unexpected_message", async () => {
  const { reader, peer } = protectedReader();
  reader.allowChangeCipherSpec(true);
  for (let i = 0; i < 32; i++) reader.push(CCS);
  reader.push(forgeRecord(peer, inner(utf8("hello"), handshake)));
  assertEquals(await reader.next(), { type: handshake, content: utf8("hello") });
  reader.push(CCS);
  const error = await assertCode("peer/too-many-change-cipher-specs", () => reader.next());
  assertEquals(error.alert, 10);
});

Deno.test("row 15: change_cipher_spec outside of the handshake is unexpected_message", async () => {
  for (const reader of [new RecordReader(), protectedReader().reader]) {
    reader.allowChangeCipherSpec(true);
    reader.push(CCS);
    assertEquals(await reader.next(), null);
    reader.allowChangeCipherSpec(false);
    reader.push(CCS);
    const error = await assertCode("peer/bad-change-cipher-spec", () => reader.next());
    assertEquals(error.alert, 10);
  }
  const fresh = new RecordReader();
  fresh.push(CCS);
  await assertCode("peer/bad-change-cipher-spec", () => fresh.next());
});

Deno.test("row 16: change_cipher_spec with another body is unexpected_message", async () => {
  for (const body of [[], [0], [2], [1, 1]]) {
    const reader = new RecordReader();
    reader.allowChangeCipherSpec(true);
    reader.push(plaintextRecord(change_cipher_spec, new Uint8Array(body)));
    await assertCode("peer/bad-change-cipher-spec", () => reader.next());
  }
});

Deno.test("a plaintext alert counts until the peer has shown that it has the key", async () => {
  const unknownCa = plaintextRecord(alert, new Uint8Array([2, 48]), 0x0301);
  const { reader, peer } = protectedReader();
  reader.allowPlaintextAlerts();
  reader.push(unknownCa);
  assertEquals(await reader.next(), { type: alert, content: new Uint8Array([2, 48]) });
  reader.push(forgeRecord(peer, inner(utf8("hello"), handshake)));
  assertEquals((await reader.next())?.type, handshake);
  reader.push(unknownCa);
  await assertCode("peer/bad-record-mac", () => reader.next());
  // Where nothing allows it, and for other records, it never counts.
  const strict = protectedReader().reader;
  strict.push(unknownCa);
  await assertCode("peer/bad-record-mac", () => strict.next());
  const other = protectedReader().reader;
  other.allowPlaintextAlerts();
  other.push(plaintextRecord(handshake, new Uint8Array(20)));
  await assertCode("peer/bad-record-mac", () => other.next());
});

Deno.test("row 23: another record starts the count of warnings again", async () => {
  const { reader, peer } = protectedReader();
  const cancel = new Uint8Array([1, 90]);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) {
      reader.push(forgeRecord(peer, inner(cancel, alert)));
      const record = await reader.next();
      assertEquals(reader.alerts.receive(record?.content ?? new Uint8Array(0), true), "ignore");
    }
    if (round === 1) break;
    reader.push(forgeRecord(peer, inner(new Uint8Array(1), application_data)));
    await reader.next();
  }
  await assertCode("peer/too-many-warning-alerts", () => reader.alerts.receive(cancel, true));
});

Deno.test("record_size_limit counts content, type and padding", async () => {
  const { reader, peer } = protectedReader();
  reader.setRecordSizeLimit(100);
  reader.push(forgeRecord(peer, inner(new Uint8Array(90), application_data, 9)));
  assertEquals((await reader.next())?.content.length, 90);
  reader.push(forgeRecord(peer, inner(new Uint8Array(90), application_data, 10)));
  await assertCode("peer/record-overflow", () => reader.next());
});

Deno.test("key changes between two records of one chunk", async () => {
  const first = keyPair();
  const secret = new Uint8Array(32).fill(9);
  const second = {
    write: new TrafficKey(chachaSuite, secret),
    read: new TrafficKey(chachaSuite, secret),
  };
  const reader = new RecordReader();
  reader.push(concat([
    plaintextRecord(handshake, utf8("plain")),
    forgeRecord(first.write, inner(utf8("first"), handshake)),
    forgeRecord(second.write, inner(utf8("second"), handshake)),
  ]));
  assertEquals((await reader.next())?.content, utf8("plain"));
  reader.setKey(first.read);
  assertEquals((await reader.next())?.content, utf8("first"));
  reader.setKey(second.read);
  assertEquals((await reader.next())?.content, utf8("second"));
});

Deno.test("record that came in part before the key is read with the key", async () => {
  const { write, read } = keyPair();
  const reader = new RecordReader();
  const record = forgeRecord(write, inner(new Uint8Array(16000), handshake));
  reader.push(record.slice(0, 100));
  assertEquals(await reader.next(), null);
  reader.setKey(read);
  reader.push(record.slice(100));
  assertEquals((await reader.next())?.content.length, 16000);
  assertEquals([reader.buffered, reader.capacity], [0, 0]);
});

// Early data that was declined

/** A record under a key that the reader never has, `length` bytes with its header. */
function earlyRecord(length: number): Uint8Array {
  const key = new TrafficKey(aesSuite, new Uint8Array(32).fill(1));
  return forgeRecord(key, inner(new Uint8Array(length - 22), application_data));
}

Deno.test("row 189: undecryptable records up to the limit are skipped, until the first good one", async () => {
  const { reader, peer } = protectedReader();
  reader.skipEarlyData(16384);
  reader.allowChangeCipherSpec(true);
  reader.push(concat([CCS, earlyRecord(16000), earlyRecord(384)]));
  assertEquals(await reader.next(), null);
  reader.push(forgeRecord(peer, inner(utf8("Finished"), handshake)));
  assertEquals((await reader.next())?.content, utf8("Finished"));
});

Deno.test("row 189: one byte more than the limit is unexpected_message", async () => {
  const { reader } = protectedReader();
  reader.skipEarlyData(16384);
  reader.push(concat([earlyRecord(16000), earlyRecord(385)]));
  const error = await assertCode("peer/too-much-skipped-early-data", () => reader.next());
  assertEquals(error.alert, 10);
});

Deno.test("row 190: without a key records that look like application data are skipped", async () => {
  const reader = new RecordReader();
  reader.skipEarlyData(16384);
  reader.push(concat([earlyRecord(16000), plaintextRecord(application_data, new Uint8Array(379))]));
  assertEquals(await reader.next(), null);
  reader.push(plaintextRecord(handshake, utf8("second ClientHello")));
  assertEquals((await reader.next())?.content, utf8("second ClientHello"));

  const beyond = new RecordReader();
  beyond.skipEarlyData(16384);
  beyond.push(concat([earlyRecord(16000), earlyRecord(385)]));
  await assertCode("peer/too-much-skipped-early-data", () => beyond.next());
});

Deno.test("row 190: a skipped record may be as long as a protected one", async () => {
  const reader = new RecordReader();
  reader.skipEarlyData(32768);
  reader.push(earlyRecord(5 + 16640));
  assertEquals(await reader.next(), null);
  reader.push(plaintextRecord(handshake, utf8("second ClientHello")));
  assertEquals((await reader.next())?.content, utf8("second ClientHello"));
});

Deno.test("row 190: alert among skipped records comes out", async () => {
  const reader = new RecordReader();
  reader.skipEarlyData(16384);
  reader.push(concat([earlyRecord(100), plaintextRecord(alert, new Uint8Array([2, 40]))]));
  assertEquals(await reader.next(), { type: alert, content: new Uint8Array([2, 40]) });
});

Deno.test("row 191: early data that nothing announced is refused", async () => {
  const { reader } = protectedReader();
  reader.push(earlyRecord(100));
  assertEquals((await assertCode("peer/bad-record-mac", () => reader.next())).alert, 20);
  const afterRetry = new RecordReader();
  afterRetry.push(earlyRecord(100));
  await assertCode("peer/unexpected-application-data", () => afterRetry.next());
});

Deno.test("row 192: undecryptable record after the first good one is bad_record_mac", async () => {
  const { reader, peer } = protectedReader();
  reader.skipEarlyData(16384);
  const good = forgeRecord(peer, inner(utf8("part of a message"), handshake));
  reader.push(concat([earlyRecord(100), good, earlyRecord(100)]));
  assertEquals((await reader.next())?.type, handshake);
  await assertCode("peer/bad-record-mac", () => reader.next());
});

Deno.test("rows 192, 193: early data after a second ClientHello is refused", async () => {
  for (const withKey of [false, true]) {
    const reader = new RecordReader();
    reader.skipEarlyData(16384);
    reader.push(concat([
      earlyRecord(100),
      plaintextRecord(handshake, utf8("second ClientHello")),
      earlyRecord(100),
    ]));
    assertEquals((await reader.next())?.type, handshake);
    if (withKey) reader.setKey(keyPair().read);
    const code = withKey ? "peer/bad-record-mac" : "peer/unexpected-application-data";
    await assertCode(code, () => reader.next());
  }
});

// Synchronous and asynchronous providers

Deno.test("synchronous provider: nothing is a promise", () => {
  const { reader, peer } = protectedReader();
  reader.push(forgeRecord(peer, inner(utf8("now"), application_data)));
  const record = reader.next();
  assert(!isPromise(record));
  assertEquals(record?.content, utf8("now"));
  assertEquals(reader.next(), null);
  reader.push(plaintextRecord(application_data, new Uint8Array(20)));
  assertThrows(() => reader.next(), TlsError, "authenticate");
});

Deno.test("after an error the reader gives that error again", async () => {
  const { reader, peer } = protectedReader();
  const good = forgeRecord(peer, inner(utf8("good"), application_data));
  reader.push(concat([plaintextRecord(handshake, new Uint8Array(20)), good]));
  const first = await assertCode("peer/bad-record-mac", () => reader.next());
  assert(await assertCode("peer/bad-record-mac", () => reader.next()) === first);
});

Deno.test("asynchronous provider: records come one at a time, whatever happens to the chunk", async () => {
  const later = new Later();
  const { write } = keyPair();
  const reader = new RecordReader();
  reader.setKey(new TrafficKey(laterSuite(aesSuite, later, true), SECRET));
  const record = forgeRecord(write, inner(utf8("one"), application_data));
  reader.push(record);
  const next = reader.next();
  assert(isPromise(next));
  assertThrows(() => reader.next(), TlsError, "still being opened");
  record.fill(0); // copied by now
  while (later.waiting > 0) {
    later.runLastFirst();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals((await next)?.content, utf8("one"));
  const second = forgeRecord(write, inner(utf8("two"), application_data));
  second[7] ^= 1;
  reader.push(second);
  const failing = reader.next();
  later.runLastFirst();
  await assertCode("peer/bad-record-mac", () => failing);
});

Deno.test("plaintext is written to the memory that is given for it", async () => {
  const { reader, peer } = protectedReader();
  const out = new Uint8Array(2 ** 14 + 256);
  reader.push(forgeRecord(peer, inner(utf8("here"), application_data)));
  const record = await reader.next(out);
  assertEquals(record?.content, utf8("here"));
  assert(record?.content.buffer === out.buffer);
});
