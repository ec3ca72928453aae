import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Hash } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { fromHex, TlsError, toHex, utf8 } from "@sealane/wire";
import vectors from "../testdata/rfc9258_psk_import.json" with { type: "json" };
import {
  decodeImportedIdentity,
  encodeImportedIdentity,
  importPsk,
  importPsks,
  matchImportedPsk,
  type PskSource,
} from "./psk_importer.ts";

function hashOf(name: string): Hash {
  const suite = nativeProvider.cipherSuites.find(({ hash }) => hash.name === name);
  assert(suite !== undefined);
  return suite.hash;
}

function sourceOf(test: (typeof vectors.cases)[number]): PskSource {
  return {
    identity: fromHex(test.external_identity),
    key: fromHex(test.epsk),
    hash: hashOf(test.epsk_hash),
    context: fromHex(test.context),
  };
}

for (const test of vectors.cases) {
  Deno.test(`a PSK is imported as in the vectors: ${test.comment}`, () => {
    const psk = importPsk(sourceOf(test), test.target_hash);
    assertEquals([toHex(psk.identity), toHex(psk.key)], [test.imported_identity, test.ipskx]);
    assertEquals([psk.hash, psk.imported], [test.target_hash, true]);
    assertEquals(matchImportedPsk(sourceOf(test), fromHex(test.imported_identity)), psk);
  });
}

const source: PskSource = {
  identity: utf8("sensor 7"),
  key: new Uint8Array(32),
  hash: hashOf("SHA-256"),
};

Deno.test("a PSK is imported once for each hash that has a KDF", () => {
  const psks = importPsks(source, ["SHA-384", "SHA-256", "SHA-384", "SM3"]);
  assertEquals(psks.map(({ hash }) => hash), ["SHA-384", "SHA-256"]);
  assertThrows(() => importPsk(source, "SM3"), TlsError);
});

Deno.test("an identity of another key, context, protocol or KDF, or of no such form, does not match", () => {
  const { identity } = importPsk(source, "SHA-256");
  const decoded = decodeImportedIdentity(identity);
  assert(decoded !== null);
  const others = [
    { ...decoded, externalIdentity: utf8("sensor 8") },
    { ...decoded, context: utf8("x") },
    { ...decoded, targetProtocol: 0xfefc },
    { ...decoded, targetKdf: 3 },
  ];
  for (const other of others) {
    assertEquals(matchImportedPsk(source, encodeImportedIdentity(other)), null);
  }
  for (const bytes of [utf8("sensor 7"), identity.subarray(1), new Uint8Array([...identity, 0])]) {
    assertEquals([decodeImportedIdentity(bytes), matchImportedPsk(source, bytes)], [null, null]);
  }
});

Deno.test("an identity that is empty or larger than pre_shared_key is refused", () => {
  for (const identity of [new Uint8Array(), new Uint8Array(65_393)]) {
    assertThrows(() => importPsk({ ...source, identity }, "SHA-256"), TlsError);
  }
});
