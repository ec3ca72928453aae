/**
 * Every provider under QUIC: what they make is the same, and whole connections work with each of them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { CryptoProvider } from "@sealane/providers";
import { laterProvider, thenable } from "@sealane/providers/conformance";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { shangmiProvider, shangmiQuicProvider } from "@sealane/providers/shangmi";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { CipherSuiteId, TlsError } from "@sealane/wire";
import { KeyPhases } from "../keys/key_phase.ts";
import { PacketProtector } from "../keys/protection.ts";
import {
  clientConfig,
  clock,
  exchange,
  pair,
  resuming,
  serverConfig,
  TestEnd,
} from "../testing/test_end.ts";
import { QUIC_V1, QUIC_V2, QUIC_VERSIONS } from "../packets/version.ts";

const PROVIDERS = [
  nativeProvider,
  webCryptoProvider,
  nobleProvider,
  laterProvider(nativeProvider, thenable),
];
const { TLS_AES_128_CCM_8_SHA256, TLS_SM4_GCM_SM3 } = CipherSuiteId;

async function withProvider(provider: CryptoProvider) {
  const { tls: client } = clientConfig();
  const { tls: server } = await serverConfig();
  return [{ tls: { ...client, provider } }, { tls: { ...server, provider } }] as const;
}

/** Starts a key update at `first`, and lets both ends see that it went through. */
async function updateKeys(first: TestEnd, second: TestEnd, packetNumber: number): Promise<void> {
  assert(first.tls.canUpdateKeys);
  first.tls.updateKeys();
  const ping = Uint8Array.of(1);
  await second.receive(await first.packet("application", ping, packetNumber));
  await first.receive(await second.packet("application", ping, packetNumber));
  first.tls.onAcknowledged(packetNumber, first.opened.at(-1)?.firstByte ?? 0);
  await second.receive(await first.packet("application", ping));
  second.tls.onAcknowledged(packetNumber, second.opened.at(-1)?.firstByte ?? 0);
  clock.time = Math.max(clock.time, first.tls.timeout, second.tls.timeout);
  for (const end of [first, second]) end.tls.onTimeout();
  clock.time += 1000;
}

for (const provider of PROVIDERS) {
  for (const version of QUIC_VERSIONS) {
    Deno.test(`${provider.name}: ${version.name} shakes hands and updates keys, every suite`, async () => {
      for (const { id, name, headerProtection } of provider.cipherSuites) {
        if (headerProtection === undefined || id === TLS_AES_128_CCM_8_SHA256) continue;
        const [{ tls }, server] = await withProvider(provider);
        const client = { tls: { ...tls, cipherSuites: [id] }, version };
        const [a, b] = await pair(client, { ...server, version });
        await exchange(a, b);
        assertEquals([a.close, b.close, a.info?.suite.name], [null, null, name]);
        await updateKeys(a, b, 100);
        await updateKeys(b, a, 200);
        assertEquals([a.tls.keyPhase, b.tls.keyPhase], [2, 2]);
        a.write("over");
        b.write("and out");
        await exchange(a, b);
        assertEquals([a.datagrams, b.datagrams], [["and out"], ["over"]]);
      }
    });
  }

  Deno.test(`${provider.name}: a second connection resumes with 0-RTT`, async () => {
    const { client, server } = await resuming(provider);
    await exchange(...await pair(client, server));
    const [a, b] = await pair(client, { heldPackets: 4, ...server });
    a.write("early");
    for (const datagram of await a.flight()) await b.receive(datagram);
    assertEquals(b.datagrams, ["early"]);
    await exchange(a, b);
    assertEquals([a.close, b.close], [null, null]);
    assertEquals([a.info?.resumed, a.info?.earlyDataAccepted], [true, true]);
  });

  Deno.test(`${provider.name}: packets are those of the native provider, byte for byte`, async () => {
    const secret = new Uint8Array(48).map((_, i) => i);
    const header = Uint8Array.of(0x41, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9);
    for (const version of [QUIC_V1, QUIC_V2]) {
      for (const suite of provider.cipherSuites) {
        if (suite.headerProtection === undefined || suite.id === TLS_AES_128_CCM_8_SHA256) continue;
        const native = nativeProvider.cipherSuites.find(({ id }) => id === suite.id);
        if (native === undefined) continue;
        const own = secret.subarray(0, suite.hash.outputLength);
        const ours = await PacketProtector.create(version, suite, own);
        const theirs = await PacketProtector.create(version, native, own);
        for (const length of [3, 20, 1200]) {
          const payload = new Uint8Array(length).fill(0x42);
          const packet = await ours.seal(header, 9, payload);
          assertEquals(packet, await theirs.seal(header, 9, payload));
          const opened = await ours.unprotect(packet, 9, 8);
          assert(typeof opened !== "string", `${suite.name}: ${opened}`);
          assertEquals([opened.packetNumber, opened.payload], [9, payload]);
          packet[packet.length - 1] ^= 1;
          assertEquals(await ours.unprotect(packet, 9, 8), "authentication");
        }
      }
    }
  });
}

Deno.test("every provider talks to every other one", async () => {
  for (const one of PROVIDERS) {
    for (const other of PROVIDERS) {
      const [[client], [, server]] = [await withProvider(one), await withProvider(other)];
      const [a, b] = await pair(client, server);
      await exchange(a, b);
      a.write("hello");
      await exchange(a, b);
      assertEquals([a.close, b.close, b.datagrams], [null, null, ["hello"]]);
    }
  }
});

Deno.test("suites without header protection are refused wherever they are configured", async () => {
  const { tls } = clientConfig();
  const cipherSuites = [TLS_SM4_GCM_SM3];
  const provider = shangmiProvider;
  const message = "no QUIC header protection";
  const client = { ...tls, provider, cipherSuites };
  assertEquals(
    assertThrows(() => TestEnd.client(clientConfig({ tls: client })), TlsError, message).code,
    "api/config",
  );
  const server = await serverConfig();
  const wrong = { ...server.tls, provider, cipherSuites };
  await assertRejects(() => TestEnd.server({ tls: wrong }), TlsError, message);
  const suite = shangmiProvider.cipherSuites.find(({ id }) => id === TLS_SM4_GCM_SM3);
  assert(suite !== undefined);
  assertThrows(() => PacketProtector.create(QUIC_V1, suite, new Uint8Array(32)), TlsError, message);
  const phases = new KeyPhases(QUIC_V1, suite, { now: () => 0, pto: () => 1 });
  assertThrows(() => phases.installRead(new Uint8Array(32)), TlsError, message);
  // None is left out silently where nothing else is there.
  const only = { ...shangmiProvider, cipherSuites: [suite] };
  assertThrows(
    () => TestEnd.client(clientConfig({ tls: { ...tls, provider: only } })),
    TlsError,
    "no suite of the provider",
  );
  const opted = { ...tls, provider: shangmiQuicProvider, cipherSuites };
  TestEnd.client(clientConfig({ tls: opted }));
});
