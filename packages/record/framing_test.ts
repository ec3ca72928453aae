import { concat, ContentType, fromHex, utf8 } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RecordFramer } from "./framing.ts";
import { assertCode, plaintextRecord } from "./testing.ts";

Deno.test("framer gives views over the chunk when a record lies in it", () => {
  const chunk = concat([
    plaintextRecord(22, new Uint8Array([1, 2, 3])),
    plaintextRecord(21, new Uint8Array([2, 40])),
  ]);
  const framer = new RecordFramer();
  framer.push(chunk);
  const first = framer.next(false);
  const second = framer.next(false);
  assertEquals(first?.type, ContentType.handshake);
  assertEquals(first?.fragment, new Uint8Array([1, 2, 3]));
  assertEquals(first?.header, fromHex("1603030003"));
  assertEquals(second?.fragment, new Uint8Array([2, 40]));
  assert(first?.fragment.buffer === chunk.buffer && second?.fragment.buffer === chunk.buffer);
  assertEquals(framer.next(false), null);
  assertEquals([framer.buffered, framer.capacity], [0, 0]);
});

Deno.test("framer gives the same records however the bytes are split", () => {
  const records = fc.array(
    fc.record({
      type: fc.constantFrom(20, 21, 22, 23),
      content: fc.uint8Array({ maxLength: 700 }),
    }, { noNullPrototype: true }),
    { maxLength: 6 },
  );
  const cuts = fc.array(fc.nat(4000), { maxLength: 12 });
  fc.assert(
    fc.property(records, cuts, fc.boolean(), (expected, positions, pushAllFirst) => {
      const bytes = concat(expected.map(({ type, content }) => plaintextRecord(type, content)));
      const ends = [...positions.map((p) => Math.min(p, bytes.length)), bytes.length];
      ends.sort((a, b) => a - b);
      const framer = new RecordFramer();
      const actual: { type: number; content: Uint8Array }[] = [];
      const drain = () => {
        for (let frame = framer.next(false); frame !== null; frame = framer.next(false)) {
          actual.push({ type: frame.type, content: frame.fragment.slice() });
        }
      };
      let start = 0;
      for (const end of ends) {
        const chunk = bytes.slice(start, end);
        framer.push(chunk);
        if (!pushAllFirst) {
          drain();
          chunk.fill(0xff); // the chunk is the transport's again
        }
        start = end;
      }
      drain();
      assertEquals(actual, expected);
      assertEquals(framer.buffered, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("framer passes over empty chunks, wherever they are", () => {
  const record = plaintextRecord(22, new Uint8Array([1, 2, 3]));
  const empty = new Uint8Array(0);
  const framer = new RecordFramer();
  const parts = [empty, record.subarray(0, 2), empty, empty, record.subarray(2, 6), empty];
  for (const chunk of [...parts, record.subarray(6)]) framer.push(chunk);
  assertEquals(framer.next(false)?.fragment, new Uint8Array([1, 2, 3]));
});

Deno.test("framer takes a record of the largest size one byte at a time", () => {
  const record = plaintextRecord(23, new Uint8Array(2 ** 14 + 256).fill(9));
  const framer = new RecordFramer();
  for (const byte of record.subarray(0, -1)) {
    framer.push(new Uint8Array([byte]));
    assertEquals(framer.next(true), null);
  }
  assert(framer.capacity <= record.length);
  framer.push(record.subarray(-1));
  assertEquals(framer.next(true)?.fragment, record.subarray(5));
});

Deno.test("framer keeps no more than twice what has arrived of a record", () => {
  const framer = new RecordFramer();
  framer.push(plaintextRecord(22, new Uint8Array(2 ** 14)).subarray(0, 6));
  assertEquals(framer.next(false), null);
  assertEquals(framer.buffered, 6);
  assert(framer.capacity <= 512, `6 bytes arrived and ${framer.capacity} are held`);
  framer.push(new Uint8Array(3000));
  assertEquals(framer.next(false), null);
  assertEquals(framer.buffered, 3006);
  assert(framer.capacity <= 2 * 3006, `3006 bytes arrived and ${framer.capacity} are held`);
});

const tooLong = [
  { rule: "plaintext record of 2^14 + 1 bytes", length: 2 ** 14 + 1, protection: false },
  { rule: "row 1: protected record of 2^14 + 257 bytes", length: 2 ** 14 + 257, protection: true },
];
for (const { rule, length, protection } of tooLong) {
  Deno.test(`${rule} is record_overflow as soon as its header is there`, async () => {
    const framer = new RecordFramer();
    framer.push(new Uint8Array([protection ? 23 : 22, 3, 3, length >> 8, length & 0xff]));
    const error = await assertCode("peer/record-overflow", () => framer.next(protection));
    assertEquals(error.alert, 22);
  });
}

Deno.test("records of 2^14 plaintext and of 2^14 + 256 protected bytes are taken", () => {
  const framer = new RecordFramer();
  framer.push(plaintextRecord(22, new Uint8Array(2 ** 14)));
  assertEquals(framer.next(false)?.fragment.length, 2 ** 14);
  framer.push(plaintextRecord(23, new Uint8Array(2 ** 14 + 256)));
  assertEquals(framer.next(true)?.fragment.length, 2 ** 14 + 256);
});

Deno.test("row 17: protected record with another version than 0x0303 is protocol_version", async () => {
  for (const version of [0x0300, 0x0301, 0x0304, 0x03ff]) {
    const framer = new RecordFramer();
    framer.push(plaintextRecord(23, new Uint8Array(17), version));
    const error = await assertCode("peer/record-version", () => framer.next(true));
    assertEquals(error.alert, 70);
  }
});

Deno.test("a plaintext record among protected ones may have any version 0x03xx", () => {
  // A client sends change_cipher_spec, and maybe an alert, before it knows what was agreed.
  for (const type of [20, 21]) {
    const framer = new RecordFramer();
    framer.push(plaintextRecord(type, new Uint8Array(2), 0x0301));
    assertEquals(framer.next(true)?.type, type);
  }
});

Deno.test("row 18: plaintext record may have any version 0x03xx", () => {
  for (const version of [0x0300, 0x0301, 0x0303, 0x0304, 0x03ff]) {
    const framer = new RecordFramer();
    framer.push(plaintextRecord(22, new Uint8Array(4), version));
    assertEquals(framer.next(false)?.fragment.length, 4);
  }
});

Deno.test("row 18: plaintext record with version 0xffff is protocol_version", async () => {
  const framer = new RecordFramer();
  framer.push(plaintextRecord(22, new Uint8Array(4), 0xffff));
  assertEquals((await assertCode("peer/record-version", () => framer.next(false))).alert, 70);
});

for (const method of ["GET", "POST", "HEAD", "PUT", "CONNECT", "OPTIONS", "DELETE"]) {
  Deno.test(`row 19: HTTP ${method} is told from TLS`, async () => {
    const framer = new RecordFramer();
    framer.push(utf8(`${method} / HTTP/1.1\r\n\r\n`));
    const error = await assertCode("peer/not-tls", () => framer.next(false));
    assert(error.message.includes("HTTP"), error.message);
  });
}

Deno.test("row 19: garbage and SSL 2.0 are told from TLS", async () => {
  for (const bytes of ["802b010301", "ffffffffff", "0000000000", "5353482d32"]) {
    const framer = new RecordFramer();
    framer.push(fromHex(bytes));
    const error = await assertCode("peer/not-tls", () => framer.next(false));
    assertEquals(error.message.includes("SSL 2.0"), bytes.startsWith("80"));
  }
});

Deno.test("row 11: record of an unknown type is unexpected_message", async () => {
  for (const type of [0, 19, 24, 25, 255]) {
    for (const protection of [false, true]) {
      const framer = new RecordFramer();
      framer.push(plaintextRecord(type, new Uint8Array(1)));
      const error = await assertCode("peer/record-type", () => framer.next(protection));
      assertEquals(error.alert, 10);
    }
  }
});
