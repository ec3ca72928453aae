/** Exported authenticators (RFC 9261) over QUIC, where post-handshake authentication is not allowed. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  createAuthenticator,
  createAuthenticatorRequest,
  createCredential,
  validateAuthenticator,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { TlsError } from "@sealane/wire";
import { clientConfig, exchange, pair, serverConfig } from "../testing/test_end.ts";

for (const provider of [nativeProvider, nobleProvider]) {
  Deno.test(`${provider.name}: both ends prove identities over QUIC, and nothing harms the connection`, async () => {
    const authority = await createTestAuthority(provider);
    const trust = TrustStore.fromCertificates([authority.certificate]);
    const { chain, signer } = await authority.issue({ names: ["two.example"] });
    const credential = createCredential({ certificates: chain, signer });
    const { tls: client } = clientConfig();
    const { tls: server } = await serverConfig();
    const [a, b] = await pair(
      {
        tls: {
          ...{ ...client, provider, trust },
          // The certificate of the test server is of nobody that is trusted here.
          dangerouslyDisableCertificateVerification: false,
          verifyPeer: () => {},
        },
      },
      { tls: { ...server, provider, trust } },
    );
    const early = await assertRejects(
      () => Promise.resolve().then(() => createAuthenticatorRequest(b.tls)),
      TlsError,
    );
    assertEquals(early.code, "api/state");
    await exchange(a, b);
    for (const [judge, prover] of [[a.tls, b.tls], [b.tls, a.tls]]) {
      const request = createAuthenticatorRequest(judge);
      const made = await createAuthenticator(prover, request, [credential]);
      const wrong = made.slice();
      wrong[wrong.length - 1] ^= 1;
      const error = await assertRejects(
        async () => await validateAuthenticator(judge, request, wrong),
        TlsError,
      );
      assertEquals(error.code, "peer/bad-finished");
      const identity = await validateAuthenticator(judge, request, made);
      assertEquals(identity?.certificates, chain);
    }
    const unasked = await createAuthenticator(b.tls, null, credential);
    const identity = await validateAuthenticator(a.tls, null, unasked);
    assertEquals(identity?.certificates, chain);
    a.write("over");
    b.write("and out");
    await exchange(a, b);
    assertEquals([a.datagrams, b.datagrams], [["and out"], ["over"]]);
    assertEquals([a.close, b.close], [null, null]);
  });
}
