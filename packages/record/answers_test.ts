/** What an AEAD may answer: bytes in their place, by way of whatever promise; nothing else leaves, or is taken. */
import { type AeadKey, type CipherSuite, isPromise, type MaybePromise } from "@sealane/providers";
import { laterProvider, thenable } from "@sealane/providers/conformance";
import { nobleProvider } from "@sealane/providers/noble";
import { ContentType, toHex, utf8 } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import { RecordReader } from "./reader.ts";
import { assertCode, SECRET } from "./testing.ts";
import { TrafficKey } from "./traffic_key.ts";
import { RecordWriter } from "./writer.ts";

const CONTENT = utf8("what nobody may read on the way");
const [direct] = nobleProvider.cipherSuites;

function writer(suite: CipherSuite): RecordWriter {
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(suite, SECRET));
  return writer;
}

Deno.test("records of a provider that answers with thenables are those of one that answers at once", async () => {
  const [later] = laterProvider(nobleProvider, thenable).cipherSuites;
  const [now, then] = [writer(direct), writer(later)];
  for (const each of [now, then]) each.write(ContentType.application_data, CONTENT);
  const taken = then.take();
  assert(isPromise(taken));
  const records = await taken;
  assertEquals(toHex(records), toHex(await now.take()));
  const reader = new RecordReader();
  reader.setKey(new TrafficKey(later, SECRET));
  reader.push(records);
  assertEquals((await reader.next())?.content, CONTENT);
});

/** The first suite of noble with answers changed. */
function suiteWith(change: (key: AeadKey) => Partial<AeadKey>): CipherSuite {
  const { aead } = direct;
  const importKey = async (bytes: Uint8Array) => {
    const key = await aead.importKey(bytes.slice());
    return { ...key, ...change(key) };
  };
  return { ...direct, aead: { ...aead, importKey } };
}

// Providers that break their types.
const WRONG_SEALS: Readonly<Record<string, (key: AeadKey) => Partial<AeadKey>>> = {
  "nothing": () => ({ seal: () => undefined as unknown as Uint8Array }),
  "true": () => ({ seal: () => true as unknown as Uint8Array }),
  "a list of numbers": () => ({ seal: () => [1, 2, 3] as unknown as Uint8Array }),
  "bytes elsewhere": (key) => ({ seal: (nonce, aad, text) => key.seal(nonce, aad, text) }),
  "bytes elsewhere, later": (key) => ({
    seal: (nonce, aad, text) =>
      thenable(key.seal(nonce, aad, text)) as unknown as MaybePromise<Uint8Array>,
  }),
  "the plaintext alone": () => ({ seal: (_nonce, _aad, text) => text }),
};

for (const [what, change] of Object.entries(WRONG_SEALS)) {
  Deno.test(`a record does not leave whose AEAD answered with ${what}`, async () => {
    const writing = writer(suiteWith(change));
    const error = await assertCode("local/internal", async () => {
      writing.write(ContentType.application_data, CONTENT);
      const bytes = await writing.take();
      assert(!toHex(bytes).includes(toHex(CONTENT)), "the plaintext left");
    });
    assertEquals(error.alert, 80);
  });
}

const WRONG_OPENS: Readonly<Record<string, unknown>> = {
  "nothing": undefined,
  "true": true,
  "false": false,
  "a list of numbers": [1, 2, 23],
  "a byte more": new Uint8Array(CONTENT.length + 2),
  "a byte less": new Uint8Array(CONTENT.length),
  "words": new Uint16Array(CONTENT.length + 1),
  "an ArrayBuffer": new ArrayBuffer(CONTENT.length + 1),
};

for (const [what, opened] of Object.entries(WRONG_OPENS)) {
  Deno.test(`a record is not taken whose AEAD opened to ${what}`, async () => {
    const sending = writer(direct);
    sending.write(ContentType.application_data, CONTENT);
    const reader = new RecordReader();
    const suite = suiteWith(() => ({ open: () => opened as Uint8Array }));
    reader.setKey(new TrafficKey(suite, SECRET));
    reader.push(await sending.take());
    await assertCode("local/internal", async () => await reader.next());
  });
}
