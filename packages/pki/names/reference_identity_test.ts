import { assertEquals, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { canonicalServerName } from "./reference_identity.ts";

const NAMES: readonly [given: string, canonical: string][] = [
  ["example.com", "example.com"],
  ["Example.COM.", "example.com"],
  ["b\u00fccher.example", "xn--bcher-kva.example"],
  ["B\u00dcCHER.example.", "xn--bcher-kva.example"],
  ["b\u0075\u0308cher.example", "xn--bcher-kva.example"],
  ["\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"],
  ["\u2615.example", "xn--53h.example"],
  ["fa\u00df.example", "xn--fa-hia.example"],
  ["_srv.example", "_srv.example"],
  ["localhost", "localhost"],
  ["192.0.2.1", "192.0.2.1"],
  ["2001:DB8::1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["[fe80::1%25en0]", "fe80::1"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
];
for (const [given, canonical] of NAMES) {
  Deno.test(`row 273: the server name ${given} is sent and verified as ${canonical}`, () => {
    assertEquals(canonicalServerName(given), canonical);
    assertEquals(canonicalServerName(canonical), canonical);
  });
}

const REFUSED = [
  ...["", " ", ".", "..", "a..b", ".a", "a..", "a b.example", " example.com", "example.com\n"],
  ...[
    "example.com:443",
    "https://example.com",
    "user@example.com",
    "example.com/x",
    "a,b",
    "*.a.b",
  ],
  ...["127.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001", "1.2.3.256", "127.0.0.0x1"],
  ...["[192.0.2.1]", "[::1", "::1]", "[]", "[example.com]", "fe80::1%", "%eth0", "192.0.2.1%eth0"],
  ...["\uff11\uff12\uff17.0.0.1", "a\uff0fb.example", "a\uff05\uff10\uff10b", "\u00fc.example:1"],
  ...["a\u0000b", "b\u00fccher\u0000.example", "a\\b", "\ud800.example", "xn--\u00fc.example"],
  ...["a".repeat(64), "a.".repeat(127) + "ab", "\u00fc".repeat(300), "a".repeat(100_000)],
];
for (const name of REFUSED) {
  Deno.test(`row 273: ${JSON.stringify(name.slice(0, 20))} is refused before anything is sent`, () => {
    const error = assertThrows(() => canonicalServerName(name), TlsError, "the server name");
    assertEquals(error.code, "api/argument");
  });
}

Deno.test("row 273: what is no text is refused", () => {
  for (const name of [null, 7, {}, ["example.com"]]) {
    // A program without types can give anything.
    const error = assertThrows(() => canonicalServerName(name as unknown as string), TlsError);
    assertEquals(error.code, "api/argument");
  }
});
