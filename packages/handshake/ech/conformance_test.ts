/**
 * What a server does with an inner hello that breaks the rules, row by row, as a client seals it: the client's AEAD changes
 * what it is given to seal.
 */
import { assertEquals } from "@std/assert";
import { type CryptoProvider, isPromise } from "@sealane/providers";
import { concat, ExtensionType as E, Reader } from "@sealane/wire";
import {
  echOuterExtensionsInClientHelloInner,
  encodeExtension,
  type RawExtension,
} from "../extensions/mod.ts";
import { encodeClientHello, readClientHello } from "../messages/client_hello.ts";
import { client, provider, retryServer, run, server } from "../testdata/ech_ends.ts";

type EditInner = (encoded: Uint8Array) => Uint8Array;

/** Changes the extensions of an EncodedClientHelloInner, and leaves its length by way of its padding. */
function inner(edit: (list: readonly RawExtension[]) => readonly RawExtension[]): EditInner {
  return (encoded) => {
    const hello = readClientHello(new Reader(encoded, "inner"));
    const bytes = encodeClientHello({ ...hello, extensions: edit(hello.extensions) }).subarray(4);
    if (bytes.length > encoded.length) throw new Error("there is no room");
    return concat([bytes, new Uint8Array(encoded.length - bytes.length)]);
  };
}

/** Changes the references to extensions of the outer hello. */
const references = (edit: (types: number[]) => number[]): EditInner =>
  inner((list) =>
    list.map((extension) => {
      if (extension.type !== E.ech_outer_extensions) return extension;
      const types = [];
      for (let at = 1; at < extension.data.length; at += 2) {
        types.push(extension.data[at] << 8 | extension.data[at + 1]);
      }
      return encodeExtension(echOuterExtensionsInClientHelloInner, edit(types));
    })
  );

const dataOfEch = (...bytes: number[]): EditInner =>
  inner((list) =>
    list.map((extension) =>
      extension.type === E.encrypted_client_hello
        ? { ...extension, data: Uint8Array.from(bytes) }
        : extension
    )
  );

/** A client's provider whose `nth` sealing of a ClientHelloInner seals something else. */
function hostile(edit: EditInner, nth: number): CryptoProvider {
  let seen = 0;
  const isInner = (bytes: Uint8Array) => bytes.length > 100 && bytes[0] === 3 && bytes[1] === 3;
  return {
    ...provider,
    cipherSuites: provider.cipherSuites.map((suite) => ({
      ...suite,
      aead: {
        ...suite.aead,
        importKey(bytes: Uint8Array) {
          const key = suite.aead.importKey(bytes);
          if (isPromise(key)) throw new Error("the provider is asynchronous");
          return {
            open: key.open.bind(key),
            seal: (nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out?: Uint8Array) => {
              const changed = isInner(plaintext) && seen++ === nth ? edit(plaintext) : plaintext;
              return key.seal(nonce, aad, changed, out);
            },
          };
        },
      },
    })),
  };
}

const versions = (hex: number[]): EditInner =>
  inner((list) => [
    ...list.flatMap((extension) =>
      extension.type === E.ech_outer_extensions ? [withoutVersions(extension)] : [extension]
    ),
    { type: E.supported_versions, data: Uint8Array.from(hex) },
  ]);

/** The references but that to supported_versions. */
function withoutVersions({ type, data }: RawExtension): RawExtension {
  const kept: number[] = [];
  for (let at = 1; at < data.length; at += 2) {
    if ((data[at] << 8 | data[at + 1]) !== E.supported_versions) kept.push(data[at], data[at + 1]);
  }
  return { type, data: Uint8Array.of(kept.length, ...kept) };
}

const ROWS: readonly (readonly [number, string, EditInner, string, number])[] = [
  [220, "that offers TLS 1.2 too", versions([4, 3, 4, 3, 3]), "peer/ech", 47],
  [220, "that does not offer TLS 1.3", versions([2, 3, 5]), "peer/ech", 47],
  [
    220,
    "without encrypted_client_hello",
    inner((list) => list.filter(({ type }) => type !== E.encrypted_client_hello)),
    "peer/ech",
    47,
  ],
  [221, "with references out of order", references(([a, b, ...c]) => [b, a, ...c]), "peer/ech", 47],
  [221, "with a reference twice", references(([a, ...b]) => [a, a, ...b]), "peer/ech", 47],
  [221, "with a reference to nothing", references((list) => [...list, 0x7777]), "peer/ech", 47],
  [
    221,
    "with a reference to encrypted_client_hello",
    references((list) => [...list.slice(1), E.encrypted_client_hello]),
    "peer/ech",
    47,
  ],
  [
    221,
    "with a reference to ech_outer_extensions",
    references((list) => [...list.slice(1), E.ech_outer_extensions]),
    "peer/ech",
    47,
  ],
  [
    222,
    "with padding that is not zero",
    (encoded) => {
      const changed = encoded.slice();
      changed[changed.length - 1] = 1;
      return changed;
    },
    "peer/ech",
    47,
  ],
  [223, "whose encrypted_client_hello has content", dataOfEch(1, 42), "peer/decode-error", 50],
];

for (const [row, what, edit, code, alert] of ROWS) {
  for (const nth of [0, 1]) {
    Deno.test(`row ${row}: a server refuses an inner ClientHello ${nth + 1} ${what}`, async () => {
      const from = { ...client, provider: hostile(edit, nth) };
      const outcome = await run(from, nth === 0 ? server : retryServer);
      assertEquals([outcome.server?.code, outcome.server?.alert], [code, alert]);
    });
  }
}

Deno.test("row 220: an inner ClientHello that is not changed is taken", async () => {
  for (const to of [server, retryServer]) {
    const outcome = await run(
      { ...client, provider: hostile((encoded) => encoded.slice(), 0) },
      to,
    );
    assertEquals([outcome.client, outcome.server], [null, null]);
    assertEquals(outcome.ends[1].info?.echAccepted, true);
  }
});
