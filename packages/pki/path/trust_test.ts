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
