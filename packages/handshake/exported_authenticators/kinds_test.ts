/** Authenticators with delegated credentials (RFC 9345), and with the algorithms of RFC 8998. */
import { assert, assertEquals } from "@std/assert";
import { certificatesFromPem, ExtensionId, TrustStore } from "@sealane/pki";
import { encodeExtension, generateTestKey } from "@sealane/pki/testing";
import { importPrivateKey } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { der, SignatureScheme as S } from "@sealane/wire";
import { decodeCertificateVerify } from "../messages/certificate_verify.ts";
import {
  createAuthenticator,
  createAuthenticatorRequest,
  createCredential,
  DELEGATED_CREDENTIAL_SCHEMES,
  issueDelegatedCredential,
  validateAuthenticator,
} from "../mod.ts";
import { readMessages } from "./read_messages.ts";
import { authority, codeOf, connected } from "../testing/authenticator_testing.ts";

Deno.test("a delegated credential proves an identity to who takes them", async () => {
  const usage = encodeExtension(ExtensionId.delegationUsage, der.nullValue());
  const issued = await authority.issue({ names: ["two.example"], extensions: [usage] });
  const { publicKey, privateKey } = await generateTestKey("ecdsa-p384");
  const delegated = await issueDelegatedCredential({
    certificate: issued.chain[0],
    signer: issued.signer,
    publicKey,
  });
  const credential = createCredential({
    certificates: issued.chain,
    delegatedKeys: [{ credential: delegated, signer: await provider.importPrivateKey(privateKey) }],
  });
  const { client, server } = connected({
    delegatedCredentialSchemes: DELEGATED_CREDENTIAL_SCHEMES,
  });
  const request = createAuthenticatorRequest(client);
  const made = await createAuthenticator(server, request, [credential]);
  const identity = await validateAuthenticator(client, request, made);
  assert(identity?.delegatedCredential);
  // Who does not ask for them gets a refusal, since the certificate's own key is elsewhere.
  const plain = connected();
  const other = createAuthenticatorRequest(plain.client);
  const refusal = await createAuthenticator(plain.server, other, [credential]);
  assertEquals(await validateAuthenticator(plain.client, other, refusal), null);
});

Deno.test("with a suite of RFC 8998 authenticators are signed with SM2 and hashed with SM3", async () => {
  const files: { root: string; certificate: string; key: string } = JSON.parse(
    Deno.readTextFileSync(new URL("../testdata/sm2_chain.json", import.meta.url)),
  );
  const config = {
    provider: shangmiProvider,
    trust: TrustStore.fromCertificates(certificatesFromPem(files.root)),
  };
  const certificates = certificatesFromPem(files.certificate);
  const signer = await importPrivateKey(shangmiProvider, files.key);
  const credential = createCredential({ certificates, signer });
  const { client, server } = connected(config, { ...config, credentials: [credential] }, {
    serverName: "localhost",
  });
  assertEquals(client.info?.suite.hash.name, "SM3");
  for (const [judge, prover] of [[client, server], [server, client]]) {
    const request = createAuthenticatorRequest(judge);
    const made = await createAuthenticator(prover, request, [credential]);
    const [, verify, finished] = readMessages(made, "test");
    assertEquals(decodeCertificateVerify(verify.body).scheme, S.sm2sig_sm3);
    assertEquals(finished.body.length, 32);
    assertEquals(await codeOf(() => validateAuthenticator(judge, request, made)), null);
  }
});
