/** Authenticators against ones that the test makes by itself from the exporter (RFC 9261 sections 5 and 6). */
import { assertEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { CipherSuiteId, concat, SignatureScheme, toHex } from "@sealane/wire";
import {
  createAuthenticator,
  createAuthenticatorRequest,
  getAuthenticatorContext,
  validateAuthenticator,
} from "../mod.ts";
import {
  connected,
  extension,
  identityFor,
  makeAuthenticator,
  makeRefusal,
  requestMessage,
  signatureAlgorithms,
} from "../testing/authenticator_testing.ts";

const { ed25519 } = SignatureScheme;
const { TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384 } = CipherSuiteId;
const context = Uint8Array.of(1, 2, 3, 4);
const NONE = new Uint8Array();

for (const provider of [nativeProvider, nobleProvider]) {
  // Ed25519 signatures are the same every time, so that whole authenticators can be compared.
  const second = await identityFor("two.example", { provider, algorithm: "ed25519" });
  const signatureSchemes = [SignatureScheme.ecdsa_secp256r1_sha256, ed25519];

  for (const suite of [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]) {
    const config = { provider, signatureSchemes, cipherSuites: [suite] };
    const name = `${provider.name}, ${suite === TLS_AES_128_GCM_SHA256 ? "SHA-256" : "SHA-384"}`;
    const connect = () => connected(config, config);

    for (const sender of ["client", "server"] as const) {
      const type = sender === "client" ? 13 : 17;
      const request = requestMessage(
        type,
        context,
        extension(0xfafa),
        signatureAlgorithms(0xfafa, ed25519),
      );
      const parts = { sender, request, context, identity: second };

      Deno.test(`${name}: the authenticator of a ${sender} is that of the RFC, byte for byte`, async () => {
        const pair = connect();
        const made = await createAuthenticator(pair[sender], request, [second.credential]);
        assertEquals(toHex(made), toHex(makeAuthenticator(pair[sender], parts)));
        assertEquals(getAuthenticatorContext(made), context);
      });

      Deno.test(`${name}: the empty authenticator of a ${sender} is that of the RFC, byte for byte`, async () => {
        const pair = connect();
        const made = await createAuthenticator(pair[sender], request, null);
        assertEquals(toHex(made), toHex(makeRefusal(pair[sender], parts)));
        assertEquals(getAuthenticatorContext(made), null);
      });

      Deno.test(`${name}: authenticators of a ${sender} that the test made are valid`, async () => {
        const pair = connect();
        const judge = sender === "client" ? pair.server : pair.client;
        const ask = () => {
          const request = createAuthenticatorRequest(judge, { context: provider.random(8) });
          assertEquals(request[0], type);
          return { ...parts, request, context: getAuthenticatorContext(request) ?? NONE };
        };
        const asked = ask();
        const identity = await validateAuthenticator(
          judge,
          asked.request,
          makeAuthenticator(pair[sender], asked),
        );
        assertEquals(identity?.certificates, [second.certificate]);
        const again = ask();
        assertEquals(
          await validateAuthenticator(judge, again.request, makeRefusal(pair[sender], again)),
          null,
        );
      });
    }

    Deno.test(`${name}: what a server gives unasked is that of the RFC, byte for byte`, async () => {
      const { client, server } = connect();
      const made = await createAuthenticator(server, null, second.credential, { context });
      const parts = { sender: "server", request: NONE, context, identity: second } as const;
      assertEquals(toHex(made), toHex(makeAuthenticator(server, parts)));
      const identity = await validateAuthenticator(client, null, made);
      assertEquals(identity?.certificates, [second.certificate]);
      const other = { ...parts, context: concat([context, context]) };
      const found = await validateAuthenticator(client, null, makeAuthenticator(server, other));
      assertEquals(found?.publicKey, second.credential.leaf?.subjectPublicKeyInfo.raw);
    });
  }
}
