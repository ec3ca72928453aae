import { assertEquals, assertThrows } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem, TlsError, utf8 } from "@sealane/wire";
import { type ClientConfig, createCredential, Handshake, type ServerConfig } from "../mod.ts";
import { shakeOut } from "../testing/testing.ts";

const root = await createTestAuthority(provider);
const { chain, signer } = await root.issue({ names: ["trust.test"] });
const credentials = [createCredential({ certificates: chain, signer })];
const pem = encodePem("CERTIFICATE", root.certificate);
const sources = [pem, utf8(pem), root.certificate, TrustStore.fromPem(pem)];
const target = { serverName: "trust.test" };

Deno.test("trust is a store, a PEM text, or the bytes of a PEM or DER file, in both roles", async () => {
  for (const trust of sources) {
    const server: ServerConfig = { provider, credentials, trust, clientAuthentication: "required" };
    const client: ClientConfig = { provider, credentials, trust };
    const outcome = await shakeOut(Handshake.client(client, target), Handshake.server(server));
    assertEquals([outcome.client, outcome.server], [null, null]);
  }
  const other = encodePem(
    "CERTIFICATE",
    (await createTestAuthority(provider, { subject: "Other" })).certificate,
  );
  const client = Handshake.client({ provider, trust: other }, target);
  const outcome = await shakeOut(client, Handshake.server({ provider, credentials }));
  assertEquals(outcome.client?.code, "peer/unknown-ca");
});

Deno.test("the same text stands for the same store", () => {
  assertEquals(TrustStore.of(pem) === TrustStore.of(`${pem}`), true);
  assertEquals(TrustStore.of(root.certificate) === TrustStore.of(root.certificate.slice()), true);
  for (let i = 0; i < 10; i++) TrustStore.of(`${"\n".repeat(i + 1)}${pem}`);
  assertEquals(TrustStore.of(pem).size, 1);
});

Deno.test("what is no trust is api/config when the configuration is read", () => {
  // The cast: a program without a type checker says such things.
  const wrong = [
    "",
    "/etc/ssl/ca.pem",
    new Uint8Array(),
    null,
    5,
    [pem],
    {},
  ] as unknown as string[];
  for (const trust of wrong) {
    const make = () => Handshake.client({ provider, trust }, target);
    assertEquals(assertThrows(make, TlsError, undefined, JSON.stringify(trust)).code, "api/config");
  }
});

Deno.test("trust beside dangerouslyDisableCertificateVerification is refused, in both roles", () => {
  for (const trust of sources) {
    const both = { provider, trust, dangerouslyDisableCertificateVerification: true };
    const server = () => Handshake.server({ ...both, credentials });
    for (const make of [() => Handshake.client(both, target), server]) {
      const { code } = assertThrows(make, TlsError, "says not to use it");
      assertEquals(code, "api/config");
    }
  }
  Handshake.client(
    { provider, trust: pem, dangerouslyDisableCertificateVerification: false },
    target,
  );
});
