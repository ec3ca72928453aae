import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { concat, der, DerTag, fromHex, TlsError, toHex, utf8 } from "@sealane/wire";
import { type Certificate, isSelfIssued, parseCertificate } from "./certificate.ts";
import { formatDistinguishedName, parseDistinguishedName } from "../names/distinguished_name.ts";
import { ExtensionId, KeyPurpose } from "./extensions.ts";
import {
  encodeCommonName,
  encodeExtension,
  generateTestKey,
  issueCertificate,
} from "../testing/authority.ts";

const key = await generateTestKey();
const signer = await nativeProvider.importPrivateKey(key.privateKey);

const withExtensions = async (...extensions: Uint8Array[]): Promise<Certificate> =>
  parseCertificate(
    await issueCertificate({ subject: "x", publicKey: key.publicKey, extensions }, { signer }),
  );
const withExtension = (id: string, value: Uint8Array) => withExtensions(encodeExtension(id, value));

Deno.test("a certificate reads back as it was issued", async () => {
  const [notBefore, notAfter] = [Date.UTC(2049, 11, 31), Date.UTC(2050, 0, 1)];
  const raw = await issueCertificate({
    subject: "subject",
    publicKey: key.publicKey,
    names: ["example.com", "192.0.2.1"],
    ca: { pathLength: 3 },
    keyUsage: ["digitalSignature", "decipherOnly"],
    extKeyUsage: [KeyPurpose.serverAuth],
    notBefore,
    notAfter,
    serialNumber: fromHex("80"),
    extensions: [encodeExtension("1.2.3", der.nullValue(), true)],
  }, { name: encodeCommonName("issuer"), signer });
  const certificate = parseCertificate(raw);
  assertEquals(certificate.version, 3);
  assertEquals(toHex(certificate.serialNumber), "0080");
  assertEquals([certificate.notBefore, certificate.notAfter], [notBefore, notAfter]);
  assertEquals(formatDistinguishedName(certificate.subject), "CN=subject");
  assertEquals(formatDistinguishedName(certificate.issuer), "CN=issuer");
  assert(!isSelfIssued(certificate));
  assertEquals(certificate.subjectPublicKeyInfo.raw, key.publicKey);
  const { extensions } = certificate;
  assertEquals(extensions.basicConstraints, { ca: true, pathLength: 3 });
  assertEquals([...extensions.keyUsage ?? []], ["digitalSignature", "decipherOnly"]);
  assertEquals(extensions.extKeyUsage, [KeyPurpose.serverAuth]);
  assertEquals(extensions.subjectAltName?.map(({ type }) => type), ["dNSName", "iPAddress"]);
  assertEquals(extensions.unknownCritical, ["1.2.3"]);
  assertEquals(extensions.list.length, 5);
});

const malformed: [string, string, Uint8Array][] = [
  [
    "basicConstraints with a negative path length",
    ExtensionId.basicConstraints,
    fromHex("30060101ff0201ff"),
  ],
  ["basicConstraints with more behind", ExtensionId.basicConstraints, fromHex("300001")],
  ["keyUsage that is no BIT STRING", ExtensionId.keyUsage, fromHex("0401ff")],
  ["extKeyUsage that is empty", ExtensionId.extKeyUsage, fromHex("3000")],
  ["subjectAltName that is empty", ExtensionId.subjectAltName, fromHex("3000")],
  [
    "subjectAltName with an address of 5 bytes",
    ExtensionId.subjectAltName,
    fromHex("300787050102030405"),
  ],
  ["subjectAltName with a name of no known form", ExtensionId.subjectAltName, fromHex("30028900")],
  ["subjectAltName with a dNSName beyond ASCII", ExtensionId.subjectAltName, fromHex("30038201e9")],
  ["nameConstraints without subtrees", ExtensionId.nameConstraints, fromHex("3000")],
  [
    "nameConstraints with an address of 4 bytes",
    ExtensionId.nameConstraints,
    fromHex("300aa0083006870401020304"),
  ],
  [
    "certificatePolicies with one twice",
    ExtensionId.certificatePolicies,
    fromHex("300c30040602 2a03 30040602 2a03"),
  ],
  ["certificatePolicies without any", ExtensionId.certificatePolicies, fromHex("3000")],
  ["policyMappings without any", ExtensionId.policyMappings, fromHex("3000")],
  ["policyConstraints without any", ExtensionId.policyConstraints, fromHex("3000")],
  ["inhibitAnyPolicy that is negative", ExtensionId.inhibitAnyPolicy, fromHex("0201ff")],
  ["a TLS feature beyond 16 bits", ExtensionId.tlsFeature, fromHex("30050203010000")],
  ["DelegationUsage with content", ExtensionId.delegationUsage, fromHex("050100")],
  ["an empty extnValue", ExtensionId.keyUsage, new Uint8Array(0)],
];
for (const [what, id, value] of malformed) {
  Deno.test(`the parser refuses ${what}`, async () => {
    const made = issueCertificate(
      { publicKey: key.publicKey, extensions: [encodeExtension(id, value)] },
      { signer },
    );
    const raw = await made;
    const error = assertThrows(() => parseCertificate(raw), TlsError, `extension ${id}`);
    assertEquals(error.code, "peer/decode-error");
  });
}

Deno.test("the parser refuses an extension that occurs twice", async () => {
  const once = encodeExtension("1.2.3", der.nullValue());
  const raw = await issueCertificate(
    { publicKey: key.publicKey, extensions: [once, once] },
    { signer },
  );
  assertThrows(() => parseCertificate(raw), TlsError, "occurs twice");
});

Deno.test("the parser refuses versions that do not fit their fields", () => {
  const name = der.sequence();
  const algorithm = der.sequence(der.objectIdentifier("1.2.840.10045.4.3.2"));
  const dates = der.sequence(der.time(0), der.time(0));
  const build = (...version: Uint8Array[]) => (...rest: Uint8Array[]) =>
    der.sequence(
      der.sequence(
        ...version,
        der.integer(1),
        algorithm,
        name,
        dates,
        name,
        key.publicKey,
        ...rest,
      ),
      algorithm,
      der.bitString(new Uint8Array(1)),
    );
  const version = (number: number) => build(der.explicit(0, der.integer(number)));
  const extensions = der.explicit(3, der.sequence(encodeExtension("1.2.3", der.nullValue())));
  assertEquals(parseCertificate(build()()).version, 1);
  assertEquals(parseCertificate(version(1)()).version, 2);
  assertEquals(parseCertificate(version(2)(extensions)).version, 3);
  const unique = der.implicit(1, fromHex("0001"));
  assertEquals(parseCertificate(version(2)(unique, extensions)).version, 3);
  for (
    const bad of [
      version(0)(),
      version(3)(),
      build()(extensions),
      build()(unique),
      version(1)(extensions),
      version(2)(der.explicit(3, der.sequence())),
      version(2)(extensions, unique),
      concat([version(2)(), fromHex("00")]),
    ]
  ) assertThrows(() => parseCertificate(bad), TlsError, "certificate");
});

Deno.test("all forms of general names are read", async () => {
  const directory = encodeCommonName("in a name");
  const names = der.sequence(
    der.explicit(0, der.objectIdentifier("1.2.3"), der.explicit(0, der.nullValue())),
    der.implicit(1, utf8("a@b.c")),
    der.implicit(2, utf8("b.c")),
    der.explicit(3),
    der.explicit(4, directory),
    der.explicit(5),
    der.implicit(6, utf8("https://b.c/")),
    der.implicit(7, new Uint8Array(16)),
    der.implicit(8, fromHex("2a03")),
  );
  const { extensions } = await withExtension(ExtensionId.subjectAltName, names);
  assertEquals(extensions.subjectAltName?.map(({ type }) => type), [
    "otherName",
    "rfc822Name",
    "dNSName",
    "x400Address",
    "directoryName",
    "ediPartyName",
    "uniformResourceIdentifier",
    "iPAddress",
    "registeredID",
  ]);
});

Deno.test("key identifiers, features and DelegationUsage are read", async () => {
  const { extensions } = await withExtensions(
    encodeExtension(ExtensionId.subjectKeyIdentifier, der.octetString(fromHex("01"))),
    encodeExtension(
      ExtensionId.authorityKeyIdentifier,
      der.sequence(der.implicit(0, fromHex("02")), der.implicit(2, fromHex("03"))),
    ),
    encodeExtension(ExtensionId.tlsFeature, der.sequence(der.integer(5), der.integer(17))),
    encodeExtension(ExtensionId.delegationUsage, der.nullValue()),
  );
  assertEquals(extensions.subjectKeyIdentifier, fromHex("01"));
  assertEquals(extensions.authorityKeyIdentifier, fromHex("02"));
  assertEquals(extensions.tlsFeature, [5, 17]);
  assertEquals(extensions.delegationUsage, true);
});

const nameOf = (value: Uint8Array, type = "2.5.4.3") =>
  parseDistinguishedName(
    der.sequence(der.setOf(der.sequence(der.objectIdentifier(type), value))),
  );

Deno.test("names are the same across string types, case, white space and Unicode forms", () => {
  const plain = nameOf(der.text("Café Zürich")).key;
  const same = [
    der.text("  café   ZÜRICH "),
    der.text("Cafe\u0301 Zu\u0308rich"),
    der.element(DerTag.teletexString, Uint8Array.from("Café Zürich", (c) => c.charCodeAt(0))),
    der.element(
      DerTag.bmpString,
      Uint8Array.from([..."Café Zürich"].flatMap((c) => [0, c.charCodeAt(0)])),
    ),
  ];
  for (const value of same) assertEquals(nameOf(value).key, plain);
  const different = [der.text("Cafe Zürich"), der.text("CaféZürich"), fromHex("0c02ff00")];
  for (const value of different) assert(nameOf(value).key !== plain);
  assert(nameOf(der.text("Café Zürich"), "2.5.4.10").key !== plain);
});

Deno.test("names cannot be confused by what their values hold", () => {
  const one = encodeCommonName('a"],["2.5.4.3","=b');
  const two = der.sequence(
    ...["a", "b"].map((v) => der.setOf(der.sequence(der.objectIdentifier("2.5.4.3"), der.text(v)))),
  );
  assert(parseDistinguishedName(one).key !== parseDistinguishedName(two).key);
  // A text that looks like the form of an undecodable value is not that value.
  assert(nameOf(der.text("#0401ff")).key !== nameOf(fromHex("0401ff")).key);
});

Deno.test("a relative name of several attributes has no order, a name of several relative names has", () => {
  const [a, b] = ["2.5.4.3", "2.5.4.10"].map((type) =>
    der.sequence(der.objectIdentifier(type), der.text("v"))
  );
  const set = (...parts: Uint8Array[]) => der.element(DerTag.set, ...parts);
  const key = (...sets: Uint8Array[]) => parseDistinguishedName(der.sequence(...sets)).key;
  assertEquals(key(set(a, b)), key(set(b, a)));
  assert(key(set(a), set(b)) !== key(set(b), set(a)));
  assert(key(set(a, b)) !== key(set(a), set(b)));
  assertThrows(() => key(set()), TlsError, "AttributeTypeAndValue is missing");
});

Deno.test("names in messages are short and of one line", () => {
  const text = formatDistinguishedName(nameOf(der.text("a\nb\u202e" + "x".repeat(300))));
  assert(text.startsWith("CN=a?b?x") && text.length === 200);
  assertEquals(formatDistinguishedName(parseDistinguishedName(der.sequence())), "(empty name)");
});
