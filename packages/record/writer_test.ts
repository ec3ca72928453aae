import { isPromise } from "@sealane/providers";
import { concat, ContentType, fromHex, TlsError, utf8 } from "@sealane/wire";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { padRandomly, padToMultiple } from "./padding.ts";
import { RecordReader } from "./reader.ts";
import {
  aesSuite,
  assertCode,
  chachaSuite,
  keyPair,
  Later,
  laterSuite,
  limitedSuite,
  SECRET,
} from "./testing.ts";
import { TrafficKey } from "./traffic_key.ts";
import { RecordWriter, type RecordWriterOptions } from "./writer.ts";

const { alert, application_data, handshake } = ContentType;

/** A writer with a key, and a reader with the same. */
function protectedPair(
  options: RecordWriterOptions = {},
  suite = aesSuite,
): { writer: RecordWriter; reader: RecordReader } {
  const { write, read } = keyPair(suite);
  const writer = new RecordWriter(options);
  const reader = new RecordReader();
  writer.setKey(write);
  reader.setKey(read);
  return { writer, reader };
}

function takeNow(writer: RecordWriter): Uint8Array {
  const records = writer.take();
  assert(!isPromise(records), "a synchronous provider made a promise");
  return records;
}

/** All records that `bytes` hold. */
async function contents(
  reader: RecordReader,
  bytes: Uint8Array,
): Promise<{ type: number; content: Uint8Array }[]> {
  reader.push(bytes);
  const list: { type: number; content: Uint8Array }[] = [];
  for (let next = await reader.next(); next !== null; next = await reader.next()) list.push(next);
  return list;
}

/** The lengths of the fragments of `bytes`. */
function fragmentLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + lengths[lengths.length - 1]) {
    lengths.push(bytes[at + 3] << 8 | bytes[at + 4]);
  }
  return lengths;
}

Deno.test("plaintext records have the version of their time", () => {
  const writer = new RecordWriter({ initialVersion: 0x0301 });
  writer.write(handshake, new Uint8Array([1]));
  writer.changeCipherSpec();
  writer.write(handshake, new Uint8Array([2]));
  writer.alert(40);
  const expected = "1603010001 01  140303000101  1603030001 02  1503030002 0228";
  assertEquals(takeNow(writer), fromHex(expected));
  assertEquals(takeNow(writer).length, 0);
});

Deno.test("change_cipher_spec is not protected", () => {
  const { writer } = protectedPair();
  writer.changeCipherSpec();
  assertEquals(takeNow(writer), fromHex("140303000101"));
});

Deno.test("row 31: non-final records are filled to maxFragment, for messages and for data", async () => {
  const { writer, reader } = protectedPair({ maxFragment: 512 });
  writer.write(handshake, new Uint8Array(1000));
  writer.write(handshake, new Uint8Array(100));
  writer.write(application_data, new Uint8Array(1024));
  writer.write(application_data, new Uint8Array(1025));
  const records = await contents(reader, takeNow(writer));
  assertEquals(
    records.map(({ type, content }) => [type, content.length]),
    [[22, 512], [22, 512], [22, 76], [23, 512], [23, 512], [23, 512], [23, 512], [23, 1]],
  );
  const plain = new RecordWriter({ maxFragment: 512 });
  plain.write(handshake, new Uint8Array(1300));
  assertEquals(fragmentLengths(takeNow(plain)), [512, 512, 276]);
});

Deno.test("row 32: messages of a flight share records, and only the last is not full", async () => {
  const { writer, reader } = protectedPair();
  const messages = [30, 20000, 5000, 300, 36].map((length, i) => new Uint8Array(length).fill(i));
  for (const message of messages) writer.write(handshake, message);
  const records = await contents(reader, takeNow(writer));
  assertEquals(records.map(({ content }) => content.length), [16384, 8982]);
  assertEquals(concat(records.map(({ content }) => content)), concat(messages));
});

Deno.test("messages before a key change are in records of their own, under the old key", async () => {
  const first = keyPair();
  const second = keyPair(chachaSuite);
  const writer = new RecordWriter();
  const reader = new RecordReader();
  writer.write(handshake, utf8("ServerHello"));
  writer.setKey(first.write);
  writer.write(handshake, utf8("Finished"));
  writer.setKey(second.write);
  writer.write(application_data, utf8("data"));
  assert(writer.pending);
  reader.push(takeNow(writer));
  assert(!writer.pending);
  assertEquals((await reader.next())?.content, utf8("ServerHello"));
  reader.setKey(first.read);
  assertEquals((await reader.next())?.content, utf8("Finished"));
  reader.setKey(second.read);
  assertEquals((await reader.next())?.content, utf8("data"));
});

Deno.test("empty application data is a record, an empty message is none", async () => {
  const { writer, reader } = protectedPair();
  writer.write(handshake, new Uint8Array(0));
  writer.write(application_data, new Uint8Array(0));
  assertEquals(await contents(reader, takeNow(writer)), [
    { type: application_data, content: new Uint8Array(0) },
  ]);
});

Deno.test("application data is never written without a key", async () => {
  const writer = new RecordWriter();
  await assertCode("local/internal", () => writer.write(application_data, new Uint8Array(1)));
  assertEquals(takeNow(writer).length, 0);
});

Deno.test("maxFragment is 64 to 16,384", async () => {
  for (const maxFragment of [0, 63, 64.5, 16385, NaN]) {
    await assertCode("api/config", () => new RecordWriter({ maxFragment }));
  }
  for (const maxFragment of [64, 16384]) {
    assertEquals(new RecordWriter({ maxFragment }).capacity, maxFragment);
  }
});

Deno.test("record_size_limit of the peer bounds inner plaintexts, not plaintext records", () => {
  const { writer } = protectedPair({ padding: () => 1000 });
  writer.setRecordSizeLimit(64);
  assertEquals(writer.capacity, 63);
  writer.write(application_data, new Uint8Array(130));
  assertEquals(fragmentLengths(takeNow(writer)), [64 + 16, 64 + 16, 64 + 16]);
  const plain = new RecordWriter();
  plain.setRecordSizeLimit(64);
  plain.write(handshake, new Uint8Array(200));
  assertEquals(fragmentLengths(takeNow(plain)), [200]);
});

Deno.test("padding goes to a multiple, as far as a record goes", async () => {
  const { writer, reader } = protectedPair({ padding: padToMultiple(1000) });
  for (const length of [0, 1, 1000, 1001, 16384]) writer.write(23, new Uint8Array(length));
  writer.alert(0);
  const records = takeNow(writer);
  const inner = fragmentLengths(records).map((length) => length - 17);
  assertEquals(inner, [0, 1000, 1000, 2000, 16384, 1000]);
  const read = await contents(reader, records);
  assertEquals(read.map(({ content }) => content.length), [0, 1, 1000, 1001, 16384, 2]);
});

Deno.test("random padding has the bounds that are given, and uses them", () => {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const { writer } = protectedPair({ padding: padRandomly(3, random) });
  for (let i = 0; i < 400; i++) writer.write(application_data, new Uint8Array(10));
  const lengths = new Set(fragmentLengths(takeNow(writer)).map((length) => length - 27));
  assertEquals([...lengths].sort(), [0, 1, 2, 3]);
});

Deno.test("padding of one's own is asked for type, length and room", () => {
  const asked: number[][] = [];
  const padding = (...args: number[]) => (asked.push(args), 0);
  const { writer } = protectedPair({ padding });
  writer.write(application_data, new Uint8Array(16384 + 84));
  writer.alert(0);
  takeNow(writer);
  assertEquals(asked, [[23, 16384, 0], [23, 84, 16300], [21, 2, 16382]]);
});

Deno.test("padding that is no number of bytes is refused", async () => {
  for (const amount of [-1, 0.5, NaN]) {
    const { writer } = protectedPair({ padding: () => amount });
    await assertCode("local/callback", () => writer.write(23, new Uint8Array(1)));
  }
  for (const size of [0, -1, 0.5, 2 ** 14 + 1]) {
    await assertCode("api/config", () => padToMultiple(size));
  }
  const random = (length: number) => new Uint8Array(length);
  for (const most of [-1, 0.5, 2 ** 14 + 1]) {
    await assertCode("api/config", () => padRandomly(most, random));
  }
});

Deno.test("key update becomes due before the key may not be used any more", async () => {
  const { writer } = protectedPair({}, limitedSuite(aesSuite, 4));
  assertEquals(writer.keyUpdateDue, false);
  for (let i = 0; i < 3; i++) writer.write(application_data, new Uint8Array(1));
  assertEquals(writer.keyUpdateDue, true);
  writer.write(handshake, utf8("KeyUpdate"));
  takeNow(writer);
  await assertCode("local/aead-limit", () => writer.write(application_data, new Uint8Array(1)));
  writer.setKey(new TrafficKey(aesSuite, SECRET));
  assertEquals(writer.keyUpdateDue, false);
  writer.write(application_data, new Uint8Array(1));
});

// Synchronous and asynchronous providers

Deno.test("synchronous provider: everything is there when the call returns", () => {
  const { writer } = protectedPair({ padding: padToMultiple(64) });
  writer.write(handshake, new Uint8Array(40000));
  writer.write(application_data, new Uint8Array(40000));
  writer.alert(0);
  assertEquals(fragmentLengths(takeNow(writer)).length, 7);
});

Deno.test("asynchronous provider: several records are sealed at once and come out in order", async () => {
  const later = new Later();
  const expected = protectedPair().writer;
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(laterSuite(aesSuite, later), SECRET));
  const taken: Uint8Array[] = [];
  const takes: Promise<void>[] = [];
  for (let i = 0; i < 3; i++) {
    for (const each of [expected, writer]) each.write(23, new Uint8Array(20000).fill(i));
    const records = writer.take();
    assert(isPromise(records));
    takes.push(records.then((bytes) => void taken.push(bytes)));
  }
  assertEquals(later.waiting, 6);
  later.runLastFirst();
  await Promise.all(takes);
  assertEquals(concat(taken), takeNow(expected));
});

Deno.test("asynchronous provider: what needs no sealing does not overtake what does", async () => {
  const later = new Later();
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(laterSuite(aesSuite, later), SECRET));
  writer.write(application_data, utf8("data"));
  const order: string[] = [];
  const first = Promise.resolve(writer.take()).then(() => order.push("data"));
  writer.changeCipherSpec();
  const second = Promise.resolve(writer.take()).then(() => order.push("change_cipher_spec"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(order, []);
  later.runLastFirst();
  await Promise.all([first, second]);
  assertEquals(order, ["data", "change_cipher_spec"]);
  writer.changeCipherSpec();
  takeNow(writer); // nothing is under way any more
});

Deno.test("asynchronous provider: records wait for a key that is being imported", async () => {
  const later = new Later();
  const { writer: expected } = protectedPair();
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(laterSuite(aesSuite, later, true), SECRET));
  for (const each of [expected, writer]) {
    each.write(application_data, utf8("one"));
    each.write(application_data, utf8("two"));
  }
  const records = writer.take();
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    later.runLastFirst();
  }
  assertEquals(await records, takeNow(expected));
});

Deno.test("nothing is taken after a record that could not be sealed", async () => {
  const suite = laterSuite(aesSuite, new Later());
  let fail = true;
  const broken = {
    seal: (_n: Uint8Array, _a: Uint8Array, plaintext: Uint8Array) =>
      fail ? Promise.reject(new Error("the device is gone")) : Promise.resolve(plaintext),
    open: () => null,
  };
  const writer = new RecordWriter();
  writer.setKey(
    new TrafficKey({ ...suite, aead: { ...suite.aead, importKey: () => broken } }, SECRET),
  );
  const failures: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    writer.write(application_data, utf8("data"));
    fail = false;
    await Promise.resolve(writer.take()).catch((error) => failures.push(error));
  }
  assertEquals(failures.map(String), Array(2).fill("Error: the device is gone"));
});

Deno.test("contents come through every suite, padding, fragment size and split", async () => {
  const content = fc.record({
    type: fc.constantFrom(handshake, application_data, alert),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 900 }),
  });
  const run = fc.asyncProperty(
    fc.array(content, { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 64, max: 1000 }),
    fc.constantFrom(undefined, padToMultiple(64), padToMultiple(1000)),
    fc.constantFrom(aesSuite, chachaSuite),
    fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
    async (written, maxFragment, padding, suite, splits) => {
      const { writer, reader } = protectedPair({ maxFragment, padding }, suite);
      for (const { type, bytes } of written) writer.write(type, bytes);
      const records = takeNow(writer);
      const read: { type: number; content: Uint8Array }[] = [];
      for (let at = 0, i = 0; at < records.length; i++) {
        const size = splits[i % splits.length];
        read.push(...await contents(reader, records.slice(at, at + size)));
        at += size;
      }
      assertEquals(reader.buffered, 0);
      for (const type of [handshake, application_data, alert]) {
        const sent = written.filter((each) => each.type === type).map(({ bytes }) => bytes);
        const received = read.filter((each) => each.type === type).map(({ content }) => content);
        assertEquals(concat(received), concat(sent));
      }
      const order = (types: number[]) => types.filter((type, i) => type !== types[i - 1]);
      assertEquals(order(read.map(({ type }) => type)), order(written.map(({ type }) => type)));
    },
  );
  await fc.assert(run, { numRuns: 60 });
});

Deno.test("records come through split at every byte", async () => {
  const sent = new RecordWriter();
  sent.write(handshake, utf8("hello"));
  const { write } = keyPair();
  sent.setKey(write);
  sent.write(handshake, utf8("finished"));
  sent.write(application_data, utf8("data"));
  const records = takeNow(sent);
  for (let cut = 0; cut <= records.length; cut++) {
    const reader = new RecordReader();
    const read: Uint8Array[] = [];
    for (const part of [records.slice(0, cut), records.slice(cut)]) {
      reader.push(part);
      for (let next = await reader.next(); next !== null; next = await reader.next()) {
        read.push(next.content);
        if (read.length === 1) reader.setKey(keyPair().read);
      }
    }
    assertEquals(read, [utf8("hello"), utf8("finished"), utf8("data")]);
  }
});

Deno.test("a forged record length is caught by its header's protection", async () => {
  const { writer, reader } = protectedPair();
  writer.write(application_data, new Uint8Array(100));
  const records = takeNow(writer);
  records[4]--;
  reader.push(records);
  assertThrows(() => reader.next(), TlsError, "authenticate");
  await assertCode("peer/bad-record-mac", () => reader.next());
});
