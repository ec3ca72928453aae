/**
 * Early data under external PSKs with OpenSSL in both roles (RFC 9846 section 4.3.10). GnuTLS has early data with sessions
 * only.
 */
import { assert, assertEquals } from "@std/assert";
import {
  createReplayGuard,
  type EarlyDataReason,
  type ExternalPsk,
  type ExternalPskEarlyData,
  MemoryClientCache,
  MemoryStore,
} from "@sealane/handshake";
import { missingProgram } from "@sealane/programs";
import { nativeProvider as provider } from "@sealane/providers/native";
import { startTls } from "@sealane/tls/deno";
import { CipherSuiteId, der, encodePem, utf8 } from "@sealane/wire";
import { makeMaterial } from "./mod.ts";
import { connectWhenReady } from "./process.ts";
import { EARLY, outputOf, serving, withProgram } from "./session_visits.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());
const folder = material.caFile.slice(0, material.caFile.lastIndexOf("/"));
const ignore = await missingProgram("openssl") !== null;

const earlyData: ExternalPskEarlyData = {
  maxSize: 1_000,
  cipherSuite: CipherSuiteId.TLS_AES_128_GCM_SHA256,
  alpn: "sealane/1",
  expires: Date.now() + 3_600_000,
};
const psk: ExternalPsk = { identity: utf8("sensor"), key: provider.random(32), earlyData };

/** The PSK as a file of OpenSSL: an SSL_SESSION, which holds what belongs to the key. */
function sessionFile(): string {
  const { explicit, integer, octetString, sequence } = der;
  const suite = Uint8Array.of(earlyData.cipherSuite >> 8, earlyData.cipherSuite & 0xff);
  return encodePem(
    "SSL SESSION PARAMETERS",
    sequence(
      ...[integer(1), integer(0x0304), octetString(suite)],
      ...[octetString(provider.random(32)), octetString(psk.key)],
      explicit(1, integer(Math.floor(Date.now() / 1_000))),
      explicit(2, integer(7_200)),
      explicit(4, octetString()),
      explicit(5, integer(0)),
      explicit(15, integer(earlyData.maxSize)),
      explicit(16, octetString(utf8("sealane/1"))),
    ),
  );
}

const session = `${folder}/psk_session.pem`;
await Deno.writeTextFile(session, sessionFile());
const early = `${folder}/psk_early.txt`;
await Deno.writeTextFile(early, EARLY);
const SHARED = ["-tls1_3", "-psk_session", session, "-psk_identity", "sensor"];

for (const accepted of [true, false]) {
  const does = accepted ? "takes" : "declines";
  Deno.test({
    name: `our server ${does} early data of openssl s_client under an external PSK (needs openssl)`,
    ignore,
    async fn() {
      const replayGuard = createReplayGuard({ store: new MemoryStore({ whenFull: "refuse" }) });
      const externalPsks = [accepted ? psk : { ...psk, earlyData: undefined }];
      const config = { provider, externalPsks, alpn: ["sealane/1"], earlyData: { replayGuard } };
      let said = "";
      const [visit] = await serving(material, config, async (port) => {
        const args = ["s_client", "-connect", `127.0.0.1:${port}`, ...SHARED, "-ign_eof"];
        said = await outputOf("openssl", ...args, "-alpn", "sealane/1", "-early_data", early);
      });
      assertEquals(visit.early, accepted ? EARLY : "", said);
      assert(said.includes(`Early data was ${accepted ? "accepted" : "rejected"}`), said);
      assert(said.includes("hello"), said);
      const { externalPsk, alpn, earlyDataReason } = visit.info;
      assertEquals([externalPsk, alpn], [true, "sealane/1"]);
      assertEquals(earlyDataReason, accepted ? "accepted" : "unsupported-for-session");
    },
  });
}

/** Visits `openssl s_server` once; what became of the early data, and what the server said. */
async function visit(...more: string[]): Promise<[EarlyDataReason | null, string]> {
  const { certFile, keyFile } = await material.identity("ecdsa-p256");
  let reason: EarlyDataReason | null = null;
  const said = await withProgram(
    "openssl",
    (port) => [
      ...["s_server", "-accept", `127.0.0.1:${port}`, "-cert", certFile, "-key", keyFile],
      ...[...SHARED, ...more],
    ],
    async (port, say) => {
      const conn = await startTls(await connectWhenReady(port), {
        ...{ provider, hostname: "localhost", trust: material.trust },
        ...{ externalPsks: [psk], alpn: ["sealane/1"], earlyMessage: utf8(EARLY) },
        sessionCache: new MemoryClientCache(),
      });
      assertEquals([conn.info?.externalPsk, conn.alpn], [
        true,
        more[1] === "sealane/1" ? "sealane/1" : null,
      ]);
      reason = conn.earlyDataResult?.reason ?? null;
      await say("hi\n");
      assertEquals(await conn.stream.next(), utf8("hi\n"));
      await conn.stream.close();
    },
  );
  return [reason, said];
}

Deno.test({
  name: "our client sends early data under an external PSK to openssl s_server (needs openssl)",
  ignore,
  async fn() {
    const [reason, said] = await visit("-alpn", "sealane/1", "-early_data");
    assertEquals(reason, "accepted", said);
    assert(said.includes("Early data received") && said.includes(EARLY), said);
  },
});

Deno.test({
  name:
    "openssl s_server declines early data under an external PSK, and the connection goes on (needs openssl)",
  ignore,
  async fn() {
    const [reason, said] = await visit("-alpn", "sealane/1");
    assertEquals(reason, "peer-declined", said);
    assert(!said.includes(EARLY), said);
  },
});
