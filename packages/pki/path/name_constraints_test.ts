import { assertEquals, assertThrows } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { der, fromHex, TlsError, type TlsErrorCode, utf8 } from "@sealane/wire";
import { ExtensionId } from "../certificate/extensions.ts";
import {
  createTestAuthority,
  encodeExtension,
  generateTestKey,
  issueCertificate,
} from "../testing/authority.ts";
import { verifyPath } from "./path.ts";
import { TrustStore } from "./trust.ts";

const key = await generateTestKey();
const root = await createTestAuthority(provider, { key });
const trust = TrustStore.fromCertificates([root.certificate]);

const TAGS = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;
type Form = keyof typeof TAGS;

const general = (form: Form, value: string) =>
  der.element(TAGS[form], form === "ip" ? fromHex(value) : latin1(value));
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

type Kind = "permitted" | "excluded";

async function judge(
  kind: Kind,
  form: Form,
  base: string,
  extensions: readonly Uint8Array[],
  subject: string | Uint8Array = "",
) {
  const subtree = der.sequence(general(form, base));
  const constraints = der.sequence(der.explicit(kind === "permitted" ? 0 : 1, subtree));
  const middle = await root.intermediate({
    key,
    extensions: [encodeExtension(ExtensionId.nameConstraints, constraints, true)],
  });
  const leaf = await issueCertificate({ publicKey: key.publicKey, subject, extensions }, {
    signer: middle.signer,
    name: utf8Name,
  });
  return () => verifyPath([leaf, middle.certificate], { trust, provider, now: Date.now() });
}
const utf8Name = der.sequence(
  der.setOf(der.sequence(der.objectIdentifier("2.5.4.3"), der.text("Sealane test intermediate"))),
);

const REFUSED: TlsErrorCode = "peer/bad-certificate";

async function check(kind: Kind, form: Form, base: string, name: string, fine: boolean) {
  const names = der.sequence(general(form, name));
  const verify = await judge(kind, form, base, [
    encodeExtension(ExtensionId.subjectAltName, names),
  ]);
  const what = JSON.stringify([kind, form, base, name]);
  if (fine) verify();
  else assertEquals(assertThrows(verify, TlsError, undefined, what).code, REFUSED, what);
}

/** What no rule can be applied to: under a constraint of its form, whatever that is, it is refused. */
const MALFORMED: Readonly<Record<Exclude<Form, "ip">, readonly string[]>> = {
  dns: [
    "",
    ".",
    ".evil.test",
    "evil.test..",
    "a..evil.test",
    "evil.test\0",
    "evil.test\0.good.test",
    "evil .test",
    " evil.test",
    "-evil.test",
    "*",
    "*.",
    "*.*.evil.test",
    "w*.evil.test",
    "w.*.test",
    `${"a".repeat(64)}.evil.test`,
    `${"a.".repeat(126)}evil.test`,
    "evil.test/",
    "evil%2etest",
  ],
  email: [
    "",
    "@",
    "evil.test",
    "user@",
    "@evil.test",
    "user@evil..test",
    "user@.evil.test",
    "user@evil.test\0",
    "us\0er@evil.test",
    "user@evil.test@",
    "a@b@evil.test",
    ".user@evil.test",
    "user.@evil.test",
    "us er@evil.test",
    '"user@evil.test',
    'us"er"@evil.test',
    '"us"er"@evil.test',
    "user@[192.0.2.1]",
    "User <user@evil.test>",
    " user@evil.test",
    "user@evil.test ",
    "user@*.test",
  ],
  uri: [
    "",
    "evil.test",
    "//evil.test/",
    "https:evil.test",
    "https:/evil.test",
    "https://",
    "https:///path",
    "https://evil..test/",
    "https://.evil.test/",
    "https://evil.test\0/",
    "https://evil.test\0.good.test/",
    "https://192.0.2.1/",
    "https://[2001:db8::1]/",
    "https://evil.test:port/",
    "https://evil%2etest/",
    "https://good.test\\@evil.test/",
    "https://a@b@evil.test/",
    "https://*.test/",
    " https://evil.test/",
    "mailto:user@evil.test",
    "urn:evil.test",
  ],
};

for (const [form, names] of Object.entries(MALFORMED)) {
  // The cast: the keys of the table are those of its type.
  const of = form as keyof typeof MALFORMED;
  const bases = of === "email"
    ? ["evil.test", ".evil.test", "user@evil.test", ""]
    : ["evil.test", ".evil.test", ""];
  Deno.test(`row 268: malformed names are refused where ${form} is constrained`, async () => {
    for (const name of names) {
      for (const base of bases) {
        await check("excluded", of, base, name, false);
        await check("permitted", of, base, name, false);
      }
      // Where another form is constrained, nobody looks.
      await unconstrained(of, name);
    }
  });
}

async function unconstrained(form: Form, name: string) {
  const names = der.sequence(general(form, name));
  const extensions = [encodeExtension(ExtensionId.subjectAltName, names)];
  (await judge("excluded", "ip", "0a000000ff000000", extensions))();
}

const JUDGED: readonly [Kind, Form, base: string, name: string, fine: boolean][] = [
  ["excluded", "dns", "evil.test", "EVIL.test", false],
  ["excluded", "dns", "evil.test", "evil.test.", false],
  ["excluded", "dns", "evil.test", "a.evil.test.", false],
  ["excluded", "dns", "EVIL.test", "a.evil.test", false],
  ["excluded", "dns", "evil.test", "notevil.test", true],
  ["excluded", "dns", "a.test", "*.test", false],
  ["excluded", "dns", "a.test", "*.a.test", false],
  ["excluded", "dns", ".a.test", "*.test", true],
  ["excluded", "dns", ".a.test", "*.a.test", false],
  ["excluded", "dns", ".a.test", "a.test", true],
  ["excluded", "dns", "b.a.test", "*.test", true],
  ["excluded", "dns", "test", "*.test", false],
  ["excluded", "dns", "", "other.example", false],
  ["permitted", "dns", "good.test", "*.good.test", true],
  ["permitted", "dns", "good.test", "*.test", false],
  ["permitted", "dns", ".good.test", "*.good.test", true],
  ["permitted", "dns", ".good.test", "good.test", false],
  ["permitted", "dns", "good.test", "good.test.", true],
  ["permitted", "dns", "", "other.example", true],
  ["excluded", "email", "evil.test", "user@EVIL.test", false],
  ["excluded", "email", "evil.test", "user@evil.test.", false],
  ["excluded", "email", "evil.test", '"user"@evil.test', false],
  ["excluded", "email", "evil.test", '"us@er"@evil.test', false],
  ["excluded", "email", "evil.test", '"\\"@good.test"@evil.test', false],
  ["excluded", "email", "evil.test", "user@a.evil.test", true],
  ["excluded", "email", ".evil.test", "user@a.evil.test", false],
  ["excluded", "email", ".evil.test", "user@evil.test", true],
  ["excluded", "email", "user@evil.test", '"user"@evil.test', false],
  ["excluded", "email", "user@evil.test", '"us\\er"@EVIL.test', false],
  ["excluded", "email", "user@evil.test", "User@evil.test", true],
  ["excluded", "email", "", "user@other.test", false],
  ["permitted", "email", "good.test", "user@good.test", true],
  ["permitted", "email", "user@good.test", '"user"@good.test', true],
  ["permitted", "email", "user@good.test", "other@good.test", false],
  ["excluded", "uri", "evil.test", "https://EVIL.test", false],
  ["excluded", "uri", "evil.test", "https://evil.test./", false],
  ["excluded", "uri", "evil.test", "HTTPS://user:secret@evil.test:8443/?#", false],
  ["excluded", "uri", "evil.test", "https://evil.test?@good.test/", false],
  ["excluded", "uri", "evil.test", "https://evil.test#@good.test/", false],
  ["excluded", "uri", "evil.test", "https://a.evil.test/", true],
  ["excluded", "uri", ".evil.test", "https://a.evil.test/", false],
  ["permitted", "uri", "good.test", "https://good.test/", true],
  ["permitted", "uri", "good.test", "https://good.test.evil.test/", false],
  ["excluded", "ip", "0a000000ff000000", "0a010203", false],
  ["excluded", "ip", "0a000000ff000000", "0b010203", true],
  ["permitted", "ip", "0a000000ff000000", "0a010203", true],
  ["permitted", "ip", "0a000000ff000000", "0a000000000000000000000000000000", false],
];

Deno.test("row 268: unusual spellings are judged as what they name", async () => {
  for (const each of JUDGED) await check(...each);
});

Deno.test("row 268: where a constraint itself is malformed, no name of its form passes", async () => {
  const bases: Readonly<Record<Exclude<Form, "ip">, readonly string[]>> = {
    dns: [".", "evil..test", "evil.test.", "*.evil.test", "evil.test\0", " ", "..evil.test"],
    email: ["@", "user@", "@evil.test", "evil..test", "evil.test\0", '"user@evil.test', "a@b@c"],
    uri: [".", "https://evil.test/", "evil.test/", "evil.test:443", "[2001:db8::1]"],
  };
  const names = { dns: "good.test", email: "user@good.test", uri: "https://good.test/" };
  for (const [form, list] of Object.entries(bases)) {
    // The cast: the keys of the table are those of its type.
    const of = form as keyof typeof bases;
    for (const base of list) {
      await check("excluded", of, base, names[of], false);
      await check("permitted", of, base, names[of], false);
    }
  }
  for (const kind of ["permitted", "excluded"] as const) {
    await check(kind, "ip", "0a000000ff00ff00", "0b010203", false);
  }
});

Deno.test("row 268: a mail address in the subject that is no mailbox is refused", async () => {
  const subject = (value: Uint8Array) =>
    der.sequence(der.setOf(der.sequence(der.objectIdentifier("1.2.840.113549.1.9.1"), value)));
  const values = [der.element(0x16, utf8("evil.test")), der.octetString(utf8("user@evil.test"))];
  for (const value of [...values, der.element(0x16, utf8("user@evil.test"))]) {
    const verify = await judge("excluded", "email", "evil.test", [], subject(value));
    assertEquals(assertThrows(verify, TlsError).code, REFUSED);
  }
  (await judge("excluded", "email", "evil.test", [], subject(der.element(0x16, utf8("a@b.c")))))();
});

Deno.test("row 269: a trust anchor with an unknown critical extension is refused", async () => {
  const unknown = encodeExtension("1.2.3.4.5", der.nullValue(), true);
  const harmless = encodeExtension("1.2.3.4.5", der.nullValue(), false);
  for (const [extension, fine] of [[unknown, false], [harmless, true]] as const) {
    const anchor = await createTestAuthority(provider, { extensions: [extension] });
    const { chain } = await anchor.issue({ names: ["example.com"] });
    const trusted = TrustStore.fromCertificates([anchor.certificate]);
    const verify = () => verifyPath(chain, { trust: trusted, provider, now: Date.now() });
    if (fine) verify();
    else {
      const { code } = assertThrows(verify, TlsError, "critical extension 1.2.3.4.5");
      assertEquals(code, "peer/unsupported-certificate");
    }
  }
});
