import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concat } from "@sealane/wire";
import {
  encodeQuicRecord,
  initialKeys,
  type QuicByteSource,
  QuicFrameError,
  readQuicRecord,
} from "./quic_frame.ts";

function source(...parts: Uint8Array[]): QuicByteSource {
  let bytes: Uint8Array = concat(parts);
  return {
    readExactly(length) {
      if (bytes.length < length) return Promise.resolve(null);
      const taken = bytes.slice(0, length);
      bytes = bytes.subarray(length);
      return Promise.resolve(taken);
    },
  };
}

const handshakeKeys = { suite: 0x1301, secret: new Uint8Array(32).fill(7) };

Deno.test("a record at the initial level has neither suite nor secret", () => {
  const payload = new Uint8Array([1, 2, 3]);
  const bytes = encodeQuicRecord({ type: 22, level: "initial", payload }, initialKeys());
  assertEquals(bytes, new Uint8Array([22, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]));
});

Deno.test("a record comes out as it went in, under the keys of its level", async () => {
  const keys = initialKeys().set("handshake", handshakeKeys);
  const record = { type: 22, level: "handshake", payload: new Uint8Array([9]) } as const;
  const bytes = encodeQuicRecord(record, keys);
  assertEquals(bytes.length, 8 + 32 + 1);
  assertEquals(await readQuicRecord(source(bytes), keys), record);
});

Deno.test("early data without keys is skipped, other levels are refused", async () => {
  const early = encodeQuicRecord(
    { type: 23, level: "early", payload: new Uint8Array([1]) },
    initialKeys().set("early", handshakeKeys),
  );
  const hello = encodeQuicRecord(
    { type: 22, level: "initial", payload: new Uint8Array([2]) },
    initialKeys(),
  );
  const record = await readQuicRecord(source(early, hello), initialKeys());
  assertEquals(record?.payload, new Uint8Array([2]));
  const application = encodeQuicRecord(
    { type: 23, level: "application", payload: new Uint8Array([1]) },
    initialKeys().set("application", handshakeKeys),
  );
  await assertRejects(() => readQuicRecord(source(application), initialKeys()), QuicFrameError);
});

Deno.test("a wrong suite and a wrong secret are refused", async () => {
  const sent = initialKeys().set("handshake", handshakeKeys);
  const bytes = encodeQuicRecord(
    { type: 22, level: "handshake", payload: new Uint8Array(1) },
    sent,
  );
  for (
    const wrong of [
      { ...handshakeKeys, suite: 0x1302 },
      { ...handshakeKeys, secret: new Uint8Array(32).fill(8) },
    ]
  ) {
    const keys = initialKeys().set("handshake", wrong);
    await assertRejects(() => readQuicRecord(source(bytes), keys), QuicFrameError);
  }
  assertThrows(
    () => encodeQuicRecord({ type: 22, level: "early", payload: new Uint8Array() }, initialKeys()),
    QuicFrameError,
  );
});

Deno.test("the end of the stream is no record, also in the middle of one", async () => {
  assertEquals(await readQuicRecord(source(), initialKeys()), null);
  const cut = new Uint8Array([22, 0, 0, 0, 0, 0, 0, 3, 1]);
  assertEquals(await readQuicRecord(source(cut), initialKeys()), null);
});
