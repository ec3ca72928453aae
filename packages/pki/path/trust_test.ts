import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { encodePem, TlsError } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { certificatesFromPem } from "../certificate/pem.ts";
import { loadSystemTrust, systemTrust } from "./system_trust.ts";
import { createTestAuthority } from "../testing/authority.ts";
import { TrustStore } from "./trust.ts";

const authority = await createTestAuthority(nativeProvider, { subject: "Test Root" });
const other = await createTestAuthority(nativeProvider, { subject: "test  ROOT" });
const pem = encodePem("CERTIFICATE", authority.certificate);
const { certificate: third } = await createTestAuthority(nativeProvider, { subject: "third" });

Deno.test("a trust store finds anchors by name, all of those with the same name", () => {
  const store = TrustStore.fromPem(pem).with(TrustStore.fromCertificates([other.certificate]));
  assertEquals(store.size, 2);
  const { subject } = parseCertificate(authority.certificate);
  const found = store.find(subject).map(({ certificate }) => certificate?.raw);
  assertEquals(found, [authority.certificate, other.certificate]);
  assertEquals(TrustStore.fromCertificates([]).find(subject), []);
});

Deno.test("PEM with text and other blocks around gives the certificates in order", () => {
  const text = `root\n${pem}\n${encodePem("X509 CRL", new Uint8Array(3))}${
    encodePem("CERTIFICATE", other.certificate)
  }`;
  assertEquals(certificatesFromPem(text), [authority.certificate, other.certificate]);
});

Deno.test("wrong anchors are mistakes of the configuration, not of the peer", () => {
  for (
    const make of [
      () => TrustStore.fromCertificates([authority.certificate.subarray(1)]),
      () => TrustStore.fromPem(encodePem("CERTIFICATE", new Uint8Array(9))),
      () => TrustStore.fromPem("nothing"),
      () => TrustStore.fromPem(encodePem("PRIVATE KEY", new Uint8Array(9))),
    ]
  ) assertEquals(assertThrows(make, TlsError).code, "api/config");
});

Deno.test("SSL_CERT_FILE replaces the system's roots, and one that is useless is an error", () => {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, pem + encodePem("CERTIFICATE", new Uint8Array(9)));
    const store = loadSystemTrust({ SSL_CERT_FILE: file });
    assertEquals([...store.anchors()].map(({ certificate }) => certificate?.raw), [
      authority.certificate,
    ]);
    Deno.writeTextFileSync(file, "nothing");
    const error = assertThrows(() => loadSystemTrust({ SSL_CERT_FILE: file }), TlsError, file);
    assertEquals(error.code, "api/config");
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("row 271: the variables of OpenSSL, Node and Deno are read as their owners do, and the source is said", () => {
  const folder = Deno.makeTempDirSync();
  const [one, two, extra, nothing] = ["one/a.pem", "two/b.pem", "extra.pem", "nothing"]
    .map((name) => `${folder}/${name}`);
  try {
    Deno.mkdirSync(`${folder}/one`);
    Deno.mkdirSync(`${folder}/two`);
    Deno.writeTextFileSync(one, pem);
    // The same certificate again, as under its hashed name.
    Deno.writeFileSync(`${folder}/one/0123abcd.0`, authority.certificate);
    Deno.writeTextFileSync(two, encodePem("CERTIFICATE", other.certificate));
    Deno.writeTextFileSync(extra, `${encodePem("CERTIFICATE", third)}-----BEGIN CERTIFICATE-----`);
    const load = (environment: Record<string, string>) => {
      const store = loadSystemTrust(environment);
      return [[...store.anchors()].map(({ certificate }) => certificate?.raw), store.sources];
    };
    const dirs = `${folder}/one:${folder}/missing:${folder}/two`;
    const sources = [`SSL_CERT_DIR (${folder}/one)`, `SSL_CERT_DIR (${folder}/two)`];
    assertEquals(load({ SSL_CERT_DIR: dirs }), [
      [authority.certificate, other.certificate],
      sources,
    ]);
    assertEquals(load({ SSL_CERT_FILE: two, SSL_CERT_DIR: `${folder}/one` }), [
      [other.certificate, authority.certificate],
      [`SSL_CERT_FILE (${two})`, sources[0]],
    ]);
    const more = { SSL_CERT_FILE: one, NODE_EXTRA_CA_CERTS: extra, DENO_CERT: two };
    assertEquals(load(more), [
      [authority.certificate, other.certificate, third],
      [`SSL_CERT_FILE (${one})`, `NODE_EXTRA_CA_CERTS (${extra})`, `DENO_CERT (${two})`],
    ]);
    const { warnings } = loadSystemTrust(more);
    assertEquals(warnings.length, 1);
    assert(warnings[0].endsWith("has no end"), warnings[0]);
    const { size } = loadSystemTrust({});
    const extended = loadSystemTrust({ NODE_EXTRA_CA_CERTS: extra });
    assertEquals(extended.size, size + 1);
    assertEquals(extended.sources.length, 2);
    const missing = loadSystemTrust({ NODE_EXTRA_CA_CERTS: nothing });
    assertEquals(missing.size, size);
    const why = `NODE_EXTRA_CA_CERTS names ${nothing}, which cannot be read: ENOENT`;
    assert(missing.warnings.at(-1)?.startsWith(why), missing.warnings.at(-1));
    for (const name of ["SSL_CERT_FILE", "SSL_CERT_DIR", "DENO_CERT"]) {
      assertThrows(
        () => loadSystemTrust({ [name]: nothing }),
        TlsError,
        `${name} names ${nothing}`,
      );
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("row 271: on macOS and Windows the platform's list goes before files", () => {
  const { process } = globalThis as { process?: unknown }; // a global of some platforms only
  const tls = { getCACertificates: () => [pem], rootCertificates: [] };
  const fake = { getBuiltinModule: (id: string) => id === "node:tls" ? tls : undefined };
  Reflect.set(globalThis, "process", fake);
  try {
    for (const platform of ["darwin", "win32"]) {
      assertEquals(loadSystemTrust({}, platform).sources, ["the system's list"]);
    }
  } finally {
    Reflect.set(globalThis, "process", process);
  }
});

Deno.test("the system's trust anchors are there, and are read once", () => {
  assert(loadSystemTrust({}).size > 20);
  assert(systemTrust() === systemTrust());
});

Deno.test("without node modules there is no system trust, but the package loads", () => {
  const { process } = globalThis as { process?: unknown }; // a global of some platforms only
  Reflect.set(globalThis, "process", undefined);
  try {
    assertThrows(() => loadSystemTrust({}), TlsError, "pass a trust store");
  } finally {
    Reflect.set(globalThis, "process", process);
  }
});
