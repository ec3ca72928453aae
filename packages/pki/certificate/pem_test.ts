import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { der, encodePem, fromHex, TlsError } from "@sealane/wire";
import { createTestAuthority } from "../testing/authority.ts";
import { TrustStore } from "../path/trust.ts";
import { parseCertificate } from "./certificate.ts";
import { certificatesFromPem, readCertificateFile } from "./pem.ts";

const folder = Deno.env.get("SEALANE_VECTORS") ??
  new URL("../../../../shared/vectors", import.meta.url).pathname;
const files = listFiles();

function listFiles(): string[] | null {
  try {
    return Array.from(Deno.readDirSync(`${folder}/files`), ({ name }) => name)
      .filter((name) => name.startsWith("ca_")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** What is not one certificate without a warning: how many certificates, and what the warning says. */
const OTHER: Readonly<Record<string, [certificates: number, warning?: string]>> = {
  "ca_TRUSTED_plain_mix.pem": [2],
  "ca_a_broken_block_then_a_good_one.pem": [1, "CERTIFICATE in line 1 is not whole base64"],
  "ca_truncated_last_block.pem": [1, "CERTIFICATE in line 12 has no end"],
  "ca_empty.pem": [0],
};

Deno.test({
  name: files === null
    ? "row 271: trust bundles (needs SEALANE_VECTORS)"
    : `row 271: ${files.length} trust bundles in the shapes that people have them`,
  ignore: files === null,
  fn() {
    assertEquals(files?.length, 36);
    for (const name of files ?? []) {
      const bytes = Deno.readFileSync(`${folder}/files/${name}`);
      const [count, warning] = OTHER[name] ?? [1];
      const { certificates, warnings } = readCertificateFile(bytes);
      assertEquals(certificates.length, count, name);
      for (const certificate of certificates) parseCertificate(certificate);
      assertEquals(warnings.length, warning === undefined ? 0 : 1, `${name}: ${warnings}`);
      assert(warning === undefined || warnings[0].includes(warning), warnings[0]);
      if (count === 0) continue;
      const store = TrustStore.fromPem(bytes);
      assertEquals([store.size, store.warnings], [count, warnings], name);
      // As text, what is text says the same.
      if (name.includes("UTF_16")) continue;
      const text = new TextDecoder().decode(bytes);
      assertEquals(readCertificateFile(text), { certificates, warnings }, name);
    }
  },
});

const { certificate } = await createTestAuthority(provider);
const other = await createTestAuthority(provider, { subject: "Other" });
const pem = encodePem("CERTIFICATE", certificate);

Deno.test("row 271: a certificate that is no certificate is left out of a store, and named", () => {
  const junk = encodePem("CERTIFICATE", fromHex("3003020101"));
  const store = TrustStore.fromPem(junk + pem + junk);
  assertEquals(store.size, 1);
  assertEquals(store.warnings.length, 2);
  assert(
    store.warnings[0].startsWith("certificate 1: trust anchor is malformed"),
    store.warnings[0],
  );
  const both = store.with(TrustStore.fromPem(encodePem("CERTIFICATE", other.certificate)));
  assertEquals([both.size, both.warnings.length], [2, 2]);
  const { code } = assertThrows(() => TrustStore.fromPem(junk), TlsError, "certificate 1");
  assertEquals(code, "api/config");
});

Deno.test("row 271: DER is recognised, of one certificate or several", () => {
  const several = new Uint8Array([...certificate, ...other.certificate]);
  assertEquals(readCertificateFile(certificate).certificates, [certificate]);
  assertEquals(readCertificateFile(several).certificates, [certificate, other.certificate]);
  const cut = readCertificateFile(several.subarray(0, several.length - 1));
  assertEquals([cut.certificates, cut.warnings.length], [[certificate], 1]);
});

Deno.test("row 271: OpenSSL's trust settings that rule TLS out are obeyed", () => {
  const [server, mail] = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"].map(der.objectIdentifier);
  const with_ = (...fields: Uint8Array[]) =>
    encodePem("TRUSTED CERTIFICATE", new Uint8Array([...certificate, ...der.sequence(...fields)]));
  const cases: [Uint8Array[], boolean][] = [
    [[], true],
    [[der.sequence(server)], true],
    [[der.sequence(mail)], false],
    [[der.sequence(mail, server)], true],
    [[der.sequence(server), der.explicit(0, server)], false],
    [[der.explicit(0, mail)], true],
    [[der.text("an alias")], true],
  ];
  for (const [fields, trusted] of cases) {
    const { certificates, warnings } = readCertificateFile(with_(...fields));
    assertEquals(certificates, trusted ? [certificate] : []);
    assertEquals(warnings.length, trusted ? 0 : 1);
  }
});

Deno.test("the reason why there is no certificate says what to do", () => {
  const key = encodePem("PRIVATE KEY", new Uint8Array(5));
  const cases: [string | Uint8Array, string][] = [
    ["", "the file is empty"],
    [key, "only PRIVATE KEY"],
    ["/etc/ssl/ca.pem", "name of a file"],
    ["0\ufffd\x01", "pass its bytes"],
    ["-----BEGIN CERTIFICATE-----\nAAAA", "has no end"],
    ["-----BEGIN CERTIFICATE-----\nA!AA\n-----END CERTIFICATE-----", "not whole base64"],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----", "its own label"],
    ["hello\nworld", "no CERTIFICATE block in PEM"],
    [der.sequence(der.integer(0), new Uint8Array(200)), "private key"],
  ];
  for (const [file, part] of cases) {
    const warnings: string[] = [];
    const read = () => certificatesFromPem(file, (warning) => warnings.push(warning));
    assertEquals(assertThrows(read, TlsError, part).code, "api/config");
  }
});
