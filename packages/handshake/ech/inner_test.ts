import { assertEquals, assertThrows } from "@std/assert";
import { concat, ExtensionType as E, TlsError, type TlsErrorCode } from "@sealane/wire";
import {
  echOuterExtensionsInClientHelloInner,
  encodeExtension,
  encryptedClientHelloInClientHello,
  type RawExtension,
  serverNameInClientHello,
  supportedVersionsInClientHello,
} from "../extensions/mod.ts";
import { type ClientHello, encodeClientHello } from "../messages/client_hello.ts";
import { arrangeInner, decodeInner, encodeInner, zeroed } from "./inner.ts";

const raw = (type: number, ...data: number[]): RawExtension => ({
  type,
  data: Uint8Array.from(data),
});
const name = encodeExtension(serverNameInClientHello, "secret.example");
const innerEch = encodeExtension(encryptedClientHelloInClientHello, { type: "inner" });
const versions = encodeExtension(supportedVersionsInClientHello, [0x7a7a, 0x0304]);
const [a, b, c] = [raw(0xaaa0, 1), raw(0xaaa1, 2, 2), raw(0xaaa2)];
const refer = (...types: number[]) => encodeExtension(echOuterExtensionsInClientHelloInner, types);

const common = {
  legacyVersion: 0x0303,
  cipherSuites: [0x1301],
  legacyCompressionMethods: [0],
};
const outer: ClientHello = {
  ...common,
  random: new Uint8Array(32).fill(1),
  legacySessionId: new Uint8Array(32).fill(9),
  extensions: [a, encodeExtension(serverNameInClientHello, "public.example"), b, raw(E.padding), c],
};

function inner(...extensions: RawExtension[]): ClientHello {
  const random = new Uint8Array(32).fill(2);
  return { ...common, random, legacySessionId: outer.legacySessionId, extensions };
}

/** An EncodedClientHelloInner as nobody would make it who follows the rules. */
function handMade(padding: Uint8Array, ...extensions: RawExtension[]): Uint8Array {
  const hello = { ...inner(...extensions), legacySessionId: new Uint8Array() };
  return concat([encodeClientHello(hello).subarray(4), padding]);
}

Deno.test("an inner hello comes back as it was, without its shared extensions on the way", () => {
  const hello = arrangeInner(inner(a, name, b, versions, innerEch, c));
  assertEquals(hello.extensions, [name, innerEch, a, b, versions, c]);
  const encoded = encodeInner(hello, 0);
  const all = { ...outer, extensions: [a, b, versions, c] };
  assertEquals(decodeInner(encoded, all), hello);
});

Deno.test("padding hides the length of the name, and is a multiple of 32 bytes", () => {
  const lengthOf = (host: string | null, maximum: number) => {
    const named = host === null ? [] : [encodeExtension(serverNameInClientHello, host)];
    return encodeInner(inner(...named, innerEch), maximum).length;
  };
  for (const maximum of [0, 10, 64, 255]) {
    const lengths = [null, "a.b", "secret.example"].map((host) => lengthOf(host, maximum));
    for (const length of lengths) assertEquals(length % 32, 0);
    if (maximum >= 14) assertEquals(new Set(lengths).size, 1);
  }
  assertEquals(lengthOf("n".repeat(200), 10) % 32, 0);
});

Deno.test("references may be interleaved with other extensions of the outer hello", () => {
  const encoded = handMade(new Uint8Array(7), name, refer(a.type, c.type), versions, innerEch);
  assertEquals(decodeInner(encoded, outer).extensions, [name, a, c, versions, innerEch]);
});

const REFUSED: readonly [string, TlsErrorCode, Uint8Array][] = [
  ["padding that is not zero", "peer/ech", handMade(Uint8Array.of(0, 1, 0), versions, innerEch)],
  ["no encrypted_client_hello", "peer/ech", handMade(new Uint8Array(), versions)],
  [
    "an encrypted_client_hello of type outer",
    "peer/ech",
    handMade(
      new Uint8Array(),
      versions,
      raw(E.encrypted_client_hello, 0, 0, 1, 0, 1, 7, 0, 0, 0, 1, 5),
    ),
  ],
  [
    "content behind the type inner",
    "peer/decode-error",
    handMade(new Uint8Array(), versions, raw(E.encrypted_client_hello, 1, 42)),
  ],
  ["encrypted_client_hello twice", "peer/ech", handMade(new Uint8Array(), innerEch, innerEch)],
  ["no supported_versions", "peer/ech", handMade(new Uint8Array(), innerEch)],
  [
    "TLS 1.2 beside TLS 1.3",
    "peer/ech",
    handMade(
      new Uint8Array(),
      encodeExtension(supportedVersionsInClientHello, [0x0304, 0x0303]),
      innerEch,
    ),
  ],
  [
    "a reference to what is not there",
    "peer/ech",
    handMade(new Uint8Array(), versions, innerEch, refer(0xbbbb)),
  ],
  [
    "a reference twice",
    "peer/ech",
    handMade(new Uint8Array(), versions, innerEch, refer(a.type, a.type)),
  ],
  [
    "references out of order",
    "peer/ech",
    handMade(new Uint8Array(), versions, innerEch, refer(b.type, a.type)),
  ],
  [
    "a reference to encrypted_client_hello",
    "peer/ech",
    handMade(new Uint8Array(), versions, innerEch, refer(E.encrypted_client_hello)),
  ],
  [
    "a reference to ech_outer_extensions",
    "peer/ech",
    handMade(new Uint8Array(), versions, innerEch, refer(E.ech_outer_extensions)),
  ],
  [
    "a reference to what it also has",
    "peer/ech",
    handMade(new Uint8Array(), a, versions, innerEch, refer(a.type)),
  ],
  [
    "an empty list of references",
    "peer/decode-error",
    handMade(new Uint8Array(), versions, innerEch, refer()),
  ],
  [
    "a legacy_session_id",
    "peer/ech",
    encodeClientHello(inner(versions, innerEch)).subarray(4),
  ],
  ["an end too early", "peer/decode-error", handMade(new Uint8Array(), versions).subarray(0, 40)],
];
for (const [what, code, encoded] of REFUSED) {
  Deno.test(`an inner hello with ${what} is refused: ${code}`, () => {
    const withEch = { ...outer, extensions: [...outer.extensions, innerEch] };
    const error = assertThrows(() => decodeInner(encoded, withEch), TlsError);
    assertEquals(error.code, code, error.message);
  });
}

Deno.test("zeroed leaves the message itself as it is", () => {
  const message = Uint8Array.of(1, 2, 3, 4);
  assertEquals(zeroed(message.subarray(1), message.subarray(2, 3)), Uint8Array.of(2, 0, 4));
  assertEquals(message[2], 3);
});
