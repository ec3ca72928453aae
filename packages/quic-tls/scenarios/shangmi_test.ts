/** The suites of RFC 8998 in QUIC: refused, unless both ends have agreed on a header protection that is not registered. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ClientConfig,
  createCredential,
  createReplayGuard,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "@sealane/handshake";
import { certificatesFromPem, TrustStore } from "@sealane/pki";
import { combineProviders, importPrivateKey } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider, shangmiQuicProvider } from "@sealane/providers/shangmi";
import { CipherSuiteId as C, cipherSuiteName, NamedGroup, TlsError } from "@sealane/wire";
import { clientConfig, exchange, pair, TestEnd } from "../testing/test_end.ts";

const CHAIN = new URL("../../handshake/testdata/sm2_chain.json", import.meta.url);
const files: Record<"root" | "certificate" | "key", string> = JSON.parse(
  Deno.readTextFileSync(CHAIN),
);
const trust = TrustStore.fromCertificates(certificatesFromPem(files.root));
const credential = createCredential({
  certificates: certificatesFromPem(files.certificate),
  signer: await importPrivateKey(shangmiProvider, files.key),
});
const alpn = ["test"];

for (const suite of [C.TLS_SM4_GCM_SM3, C.TLS_SM4_CCM_SM3]) {
  Deno.test(`${cipherSuiteName(suite)} with the opt-in header protection: a full handshake, resumption, early data`, async () => {
    // Initial packets are AES-128-GCM whatever the suite (RFC 9001 section 5.2).
    const provider = combineProviders(shangmiQuicProvider, nativeProvider);
    const common = { provider, alpn, cipherSuites: [suite], trust };
    const client: ClientConfig = {
      ...common,
      credentials: [credential],
      sessionCache: new MemoryClientCache(),
      earlyData: true,
    };
    const server: ServerConfig = {
      ...common,
      credentials: [credential],
      tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
      earlyData: { replayGuard: createReplayGuard() },
    };
    for (const resumed of [false, true]) {
      const [a, b] = await pair({ tls: client }, { tls: server });
      if (resumed) a.write("early");
      await exchange(a, b);
      for (const { info, close } of [a, b]) {
        assertEquals(close, null);
        assertEquals(info?.suite.id, suite);
        assertEquals(info?.group, NamedGroup.curveSM2);
        assertEquals(info?.resumed, resumed);
        if (resumed) assertEquals(info?.earlyDataReason, "accepted");
      }
      a.write("upwards");
      b.write("downwards");
      await exchange(a, b);
      assertEquals(b.datagrams, resumed ? ["early", "upwards"] : ["upwards"]);
      assertEquals(a.datagrams, ["downwards"]);
    }
  });
}

Deno.test("without it a configuration says at once that the suites are not for QUIC", () => {
  const tls = { provider: shangmiProvider, alpn, trust };
  const alone = assertThrows(
    () => TestEnd.client(clientConfig({ tls })),
    TlsError,
    "no suite of the provider shangmi is for QUIC",
  );
  assertEquals(alone.code, "api/config");
  const named = { ...tls, cipherSuites: [C.TLS_SM4_GCM_SM3] };
  assertThrows(
    () => TestEnd.client(clientConfig({ tls: named })),
    TlsError,
    "TLS_SM4_GCM_SM3 has no QUIC header protection",
  );
});

Deno.test("beside another provider the suites are left out of QUIC", async () => {
  const provider = combineProviders(shangmiProvider, nativeProvider);
  const [client, server] = await pair({
    tls: { provider, alpn, dangerouslyDisableCertificateVerification: true },
  });
  await exchange(client, server);
  assert(client.info !== null);
  assert(!client.info.suite.name.includes("SM4"));
});

Deno.test("alone, the provider lacks what Initial packets need, and says so", async () => {
  const tls = { provider: shangmiQuicProvider, alpn, trust };
  await assertRejects(
    () => TestEnd.client(clientConfig({ tls })).start(),
    TlsError,
    "lacks TLS_AES_128_GCM_SHA256, which QUIC needs",
  );
});
