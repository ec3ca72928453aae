/** The handshake with the ShangMi algorithms and nothing else (RFC 8998). */
import { assert, assertEquals } from "@std/assert";
import { certificatesFromPem, TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { combineProviders, type CryptoProvider, importPrivateKey } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { smCryptoProvider } from "@sealane/sm-crypto";
import { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import {
  type ClientConfig,
  createCredential,
  createReplayGuard,
  Handshake,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "../mod.ts";
import { shake } from "../testing/testing.ts";

const files: { root: string; certificate: string; key: string } = JSON.parse(
  Deno.readTextFileSync(new URL("../testdata/sm2_chain.json", import.meta.url)),
);
const trust = TrustStore.fromCertificates(certificatesFromPem(files.root));
const target = { serverName: "localhost" };
const SUITES = [CipherSuiteId.TLS_SM4_GCM_SM3, CipherSuiteId.TLS_SM4_CCM_SM3];

async function credential(provider: CryptoProvider) {
  const signer = await importPrivateKey(provider, files.key);
  return createCredential({ certificates: certificatesFromPem(files.certificate), signer });
}

for (const suite of SUITES) {
  for (
    const [client, server] of [
      [shangmiProvider, shangmiProvider],
      [shangmiProvider, smCryptoProvider],
      [smCryptoProvider, shangmiProvider],
    ]
  ) {
    const name = suite === CipherSuiteId.TLS_SM4_GCM_SM3 ? "TLS_SM4_GCM_SM3" : "TLS_SM4_CCM_SM3";
    Deno.test(`${name}: a ${client.name} client and a ${server.name} server know each other`, async () => {
      const a = Handshake.client({
        provider: client,
        cipherSuites: [suite],
        trust,
        credentials: [await credential(client)],
      }, target);
      const b = Handshake.server({
        provider: server,
        trust,
        credentials: [await credential(server)],
        clientAuthentication: "required",
      });
      shake(a, b);
      for (const { info } of [a, b]) {
        assert(info?.peer?.leaf != null);
        assertEquals(info.suite.id, suite);
        assertEquals(info.group, NamedGroup.curveSM2);
        assertEquals(info.signatureScheme, SignatureScheme.sm2sig_sm3);
      }
    });
  }
}

Deno.test("a ShangMi session resumes with early data", async () => {
  const provider = shangmiProvider;
  const client: ClientConfig = {
    provider,
    trust,
    sessionCache: new MemoryClientCache(),
    earlyData: true,
  };
  const server: ServerConfig = {
    provider,
    credentials: [await credential(provider)],
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
    earlyData: { replayGuard: createReplayGuard() },
  };
  shake(Handshake.client(client, target), Handshake.server(server));
  const second = Handshake.client(client, target);
  const other = Handshake.server(server);
  shake(second, other);
  for (const { info } of [second, other]) {
    assertEquals(info?.resumed, true);
    assertEquals(info?.earlyDataReason, "accepted");
  }
});

Deno.test("one server serves a ShangMi client and one that knows nothing of it, each with its own certificate", async () => {
  const provider = combineProviders(shangmiProvider, nativeProvider);
  const authority = await createTestAuthority(nativeProvider);
  const issued = await authority.issue({ names: ["localhost"] });
  const server: ServerConfig = {
    provider,
    credentials: [
      await credential(provider),
      createCredential({ certificates: issued.chain, signer: issued.signer }),
    ],
  };
  const sm = Handshake.client({ provider: shangmiProvider, trust }, target);
  shake(sm, Handshake.server(server));
  assertEquals(sm.info?.group, NamedGroup.curveSM2);
  assertEquals(sm.info?.peerSignatureScheme, SignatureScheme.sm2sig_sm3);
  const other = Handshake.client({
    provider: nativeProvider,
    trust: TrustStore.fromCertificates([authority.certificate]),
  }, target);
  shake(other, Handshake.server(server));
  assertEquals(other.info?.peerSignatureScheme, SignatureScheme.ecdsa_secp256r1_sha256);
});
