import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { der, TlsError, toHex, utf8 } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { parseIpAddress } from "../names/ip_address.ts";
import { checkServerName, matchesServerName } from "./service_identity.ts";
import { referenceIdentity } from "../names/reference_identity.ts";
import { encodeExtension, generateTestKey, issueCertificate } from "../testing/authority.ts";

const key = await generateTestKey();
const signer = await nativeProvider.importPrivateKey(key.privateKey);
const certificateFor = async (names: string[], subject = "") =>
  parseCertificate(
    await issueCertificate({ subject, names, publicKey: key.publicKey }, { signer }),
  );

const any = await certificateFor(["example.com"]);

const cases: [presented: string, wanted: string, matches: boolean][] = [
  ["example.com", "example.com", true],
  ["EXAMPLE.com", "example.COM", true],
  ["example.com", "example.com.", true],
  ["example.com.", "example.com", true],
  ["*.example.com.", "www.example.com", true],
  ["example.com..", "example.com", false],
  ["example.com", "www.example.com", false],
  ["www.example.com", "example.com", false],
  ["*.example.com", "www.example.com", true],
  ["*.example.com", "WWW.example.com", true],
  ["*.example.com", "example.com", false],
  ["*.example.com", "a.b.example.com", false],
  ["*.example.com", "xn--bcher-kva.example.com", true],
  ["w*.example.com", "www.example.com", false],
  ["*w.example.com", "www.example.com", false],
  ["www.*.com", "www.example.com", false],
  ["*.*.com", "www.example.com", false],
  ["*.com", "example.com", false],
  ["*", "localhost", false],
  ["*.", "localhost", false],
  ["localhost", "localhost", true],
  ["_srv.example.com", "_srv.example.com", true],
  ["xn--bcher-kva.example", "bücher.example", true],
  ["xn--bcher-kva.example", "BÜCHER.example", true],
  ["XN--BCHER-KVA.example", "xn--bcher-kva.example", true],
  ["example..com", "example.com", false],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", true],
  ["2001:db8::1", "[2001:db8::1]", true],
  ["2001:db8::1", "2001:db8::2", false],
  ["::ffff:192.0.2.1", "192.0.2.1", false],
  ["*.0.2.1", "192.0.2.1", false],
];
for (const [presented, wanted, matches] of cases) {
  Deno.test(`a certificate for ${presented} is ${matches ? "" : "not "}one for ${wanted}`, async () => {
    assertEquals(matchesServerName(await certificateFor([presented]), wanted), matches);
  });
}

Deno.test("the common name never counts, with and without other names", async () => {
  assert(!matchesServerName(await certificateFor([], "example.com"), "example.com"));
  assert(!matchesServerName(await certificateFor(["other.com"], "example.com"), "example.com"));
});

Deno.test("an address in a dNSName is no address", async () => {
  const names = der.sequence(der.implicit(2, utf8("192.0.2.1")));
  const raw = await issueCertificate(
    { publicKey: key.publicKey, extensions: [encodeExtension("2.5.29.17", names)] },
    { signer },
  );
  assert(!matchesServerName(parseCertificate(raw), "192.0.2.1"));
});

for (
  const name of [
    "",
    ".",
    "a..b",
    "-a.com",
    "a-.com",
    "a b.com",
    "exa%6dple.com",
    "*.example.com",
    "example.com/",
    "1.2.3",
    "1.2.3.256",
    "0x7f.1",
    "[::1",
    "a".repeat(64) + ".com",
    "a.".repeat(127) + "ab",
    "http://ü.example",
    "ü@example.com",
  ]
) {
  Deno.test(`${JSON.stringify(name.slice(0, 20))} is no server name`, () => {
    for (const refuse of [referenceIdentity, (name: string) => checkServerName(any, name)]) {
      const error = assertThrows(() => refuse(name), TlsError, "server name");
      assertEquals(error.code, "api/argument");
    }
    assert(!matchesServerName(any, name));
  });
}

Deno.test("a mismatch names what the certificate is for, a few names at most", async () => {
  const certificate = await certificateFor(["a.com", "192.0.2.1", "c.d", "e.f", "g.h", "i.j"]);
  const error = assertThrows(() => checkServerName(certificate, "x.com"), TlsError);
  assertEquals(error.code, "peer/certificate-name");
  assertEquals(
    error.message,
    "server certificate is not for x.com but for a.com, 192.0.2.1, c.d, e.f, g.h and 1 more",
  );
});

Deno.test("IP addresses are read as RFC 4291 writes them, and nothing else is", () => {
  const v6: [string, string | null][] = [
    ["::", "00".repeat(16)],
    ["::1", "00".repeat(15) + "01"],
    ["1::", "0001" + "00".repeat(14)],
    ["2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a"],
    ["::13.1.68.3", "00".repeat(12) + "0d014403"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["1:2:3:4:5:6:7:8::", null],
    ["1:2:3:4:5:6:7", null],
    ["1::2::3", null],
    [":::", null],
    [":1", null],
    ["1:", null],
    ["12345::", null],
    ["1.2.3.4::", null],
    ["1.2.3.4:1::", null],
    ["::1%eth0", null],
    ["::g", null],
  ];
  for (const [text, hex] of v6) {
    const bytes = parseIpAddress(text);
    assertEquals(bytes === null ? null : toHex(bytes), hex, text);
  }
  for (
    const text of ["1.2.3", "01.2.3.4", "1.2.3.4.5", "256.1.1.1", "1.2.3.", " 1.2.3.4", "1e1.1.1.1"]
  ) {
    assertEquals(parseIpAddress(text), null, text);
  }
});
