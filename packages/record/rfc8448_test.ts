import { concat, ContentType, fromHex, toHex } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import { RecordReader } from "./reader.ts";
import { aesSuite } from "./testing.ts";
import { TrafficKey } from "./traffic_key.ts";
import { RecordWriter } from "./writer.ts";
import vectors from "./testdata/rfc8448_records.json" with { type: "json" };
import type { CipherSuite } from "@sealane/providers";

/** The records of one side of a trace, with the key change that comes before each. */
function* recordsOf(trace: typeof vectors.traces[number], sender: string) {
  let secret: string | undefined;
  for (const record of trace.records.filter((each) => each.sender === sender)) {
    const change = record.secret !== undefined && record.secret !== secret;
    if (change) secret = record.secret;
    yield {
      type: ContentType[record.type as keyof typeof ContentType], // the data name registered types
      content: fromHex(record.content),
      key: change && secret !== undefined ? new TrafficKey(aesSuite, fromHex(secret)) : null,
    };
  }
}

function wire(trace: typeof vectors.traces[number], sender: string): Uint8Array {
  const records = trace.records.filter((each) => each.sender === sender);
  return concat(records.map(({ record }) => fromHex(record)));
}

for (const trace of vectors.traces) {
  for (const sender of ["client", "server"]) {
    Deno.test(`writer makes the ${sender}'s records of RFC 8448 section ${trace.section}, ${trace.id}`, async () => {
      const writer = new RecordWriter({
        initialVersion: sender === "client" ? 0x0301 : 0x0303,
      });
      const records: Uint8Array[] = [];
      for (const { type, content, key } of recordsOf(trace, sender)) {
        if (key !== null) writer.setKey(key);
        if (type === ContentType.change_cipher_spec) writer.changeCipherSpec();
        else writer.write(type, content);
        records.push(await writer.take());
      }
      assertEquals(toHex(concat(records)), toHex(wire(trace, sender)));
    });

    Deno.test(`reader opens the ${sender}'s records of RFC 8448 section ${trace.section}, ${trace.id}`, async () => {
      const reader = new RecordReader();
      reader.allowChangeCipherSpec(true);
      reader.push(wire(trace, sender));
      for (const { type, content, key } of recordsOf(trace, sender)) {
        if (key !== null) reader.setKey(key);
        if (type === ContentType.change_cipher_spec) continue;
        assertEquals(await reader.next(), { type, content });
      }
      assertEquals(await reader.next(), null);
    });
  }
}

Deno.test("traffic secrets of RFC 8448 give its keys and IVs", () => {
  let checked = 0;
  for (const { records } of vectors.traces) {
    for (const { secret, key, iv, sequenceNumber } of records) {
      if (secret === undefined || key === undefined || iv === undefined) continue;
      const seen: string[] = [];
      const suite: CipherSuite = {
        ...aesSuite,
        aead: {
          ...aesSuite.aead,
          importKey(bytes) {
            seen.push(toHex(bytes));
            return {
              seal(nonce, _aad, { length }, out = new Uint8Array(length + 16)) {
                seen.push(toHex(nonce));
                return out.subarray(0, length + 16);
              },
              open: () => null,
            };
          },
        },
      };
      const nothing = new Uint8Array(0);
      new TrafficKey(suite, fromHex(secret)).seal(nothing, nothing, new Uint8Array(16));
      assertEquals(seen, [key, iv]);
      assert(sequenceNumber !== undefined);
      checked++;
    }
  }
  assertEquals(checked, 27);
});
