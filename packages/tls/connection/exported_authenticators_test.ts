/** Exported authenticators (RFC 9261) over connections with records: what is wrong with one does not touch the connection. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createAuthenticator,
  createAuthenticatorRequest,
  createCredential,
  validateAuthenticator,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { type CryptoProvider, isPromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { TlsError, utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig, streams } from "../testing/testing.ts";

const authority = await createTestAuthority(nativeProvider);
const trust = TrustStore.fromCertificates([authority.certificate]);

async function credentialFor(name: string, provider: CryptoProvider = nativeProvider) {
  const { chain, privateKey } = await authority.issue({ names: [name] });
  const signer = await provider.importPrivateKey(privateKey);
  return createCredential({ certificates: chain, signer });
}

Deno.test("a connection carries a request, its answer, and data after a wrong one", async () => {
  const credential = await credentialFor("two.example");
  const link = new Link(
    { ...clientConfig, dangerouslyDisableCertificateVerification: false, trust },
    { ...serverConfig, trust, credentials: [await credentialFor("localhost")] },
  ).run();
  const { client, server } = link;
  for (const [judge, prover] of [[client, server], [server, client]]) {
    const request = createAuthenticatorRequest(judge);
    const made = createAuthenticator(prover, request, credential);
    assert(made instanceof Uint8Array);
    const wrong = made.slice();
    wrong[wrong.length - 1] ^= 1;
    const error = assertThrows(() => validateAuthenticator(judge, request, wrong), TlsError);
    assertEquals(error.code, "peer/bad-finished");
    // Nothing goes out: no alert above all.
    for (const end of [judge, prover]) assertEquals(end.take(), new Uint8Array());
    const identity = validateAuthenticator(judge, request, made);
    assert(identity !== null && !isPromise(identity));
    assertEquals(identity.certificates, credential.certificates);
  }
  client.write(utf8("still"));
  server.write(utf8("here"));
  link.run();
  assertEquals([link.received("server"), link.received("client")], ["still", "here"]);
  assertEquals([client.error, server.error], [null, null]);
  client.updateKeys(true);
  link.run();
  // Keys that were updated since do not matter: the exporter stays.
  const unasked = createAuthenticator(server, null, credential);
  assert(unasked instanceof Uint8Array);
  assert(validateAuthenticator(client, null, unasked) !== null);
  client.close();
  server.close();
  link.run();
  assertEquals(
    assertThrows(() => createAuthenticatorRequest(client), TlsError).code,
    "api/state",
  );
});

for (const provider of [nobleProvider, webCryptoProvider]) {
  Deno.test(`${provider.name}: streams carry authenticators`, async () => {
    const credential = await credentialFor("two.example", provider);
    const { client, server } = streams({ client: { provider }, server: { provider, trust } });
    await Promise.all([client.opened, server.opened]);
    const request = createAuthenticatorRequest(server);
    const [got] = await Promise.all([client.next(), server.write(request)]);
    assertEquals(got, request);
    const made = await createAuthenticator(client, request, [credential]);
    const [back] = await Promise.all([server.next(), client.write(made)]);
    assert(back instanceof Uint8Array);
    const identity = await validateAuthenticator(server, request, back);
    assertEquals(identity?.certificates, credential.certificates);
    await Promise.all([client.close(), server.close()]);
  });
}
