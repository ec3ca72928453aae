/** What a QUIC server sends before its client has authenticated (0.5-RTT data). */
import { assertEquals, assertThrows } from "@std/assert";
import { createCredential } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import type { QuicServerConfig } from "../config.ts";
import { clientConfig, exchange, pair, serverConfig } from "../testing/test_end.ts";

const authority = await createTestAuthority(provider);
const { chain, signer } = await authority.issue({ names: ["me"] });
const credentials = [createCredential({ certificates: chain, signer })];
const trust = TrustStore.fromCertificates([authority.certificate]);
const open = (await serverConfig()).tls;
const requiring = { ...open, clientAuthentication: "required", trust } as const;
const client = { tls: { ...clientConfig().tls, credentials } };

for (
  const [what, changes, held] of [
    ["without client authentication", {}, false],
    ["with it", { tls: requiring }, true],
    ["with it by onClientHello", { tls: { ...open, onClientHello: () => requiring } }, true],
    ["without it by onClientHello", { tls: { ...requiring, onClientHello: () => open } }, false],
    ["with it and leave", { tls: requiring, sendBeforeClientAuthentication: true }, false],
  ] satisfies [string, Partial<QuicServerConfig>, boolean][]
) {
  Deno.test(`row 261: a QUIC server ${what} ${held ? "waits" : "speaks"} before the client's Finished`, async () => {
    const [a, b] = await pair(client, changes);
    b.write("for you alone");
    for (const datagram of await a.flight()) await b.receive(datagram);
    assertEquals(b.tls.canSend("application"), !held);
    assertEquals(b.story.includes("write application"), !held);
    if (held) {
      assertThrows(() => b.tls.protect("application", new Uint8Array(64), 10, 0), TlsError);
    }
    for (const datagram of await b.flight()) await a.receive(datagram);
    assertEquals(a.datagrams, held ? [] : ["for you alone"]);
    await exchange(a, b);
    assertEquals(a.datagrams, ["for you alone"]);
    const story = b.story.filter((event) => event.endsWith("application") || event === "complete");
    assertEquals(story, ["write application", "read application", "complete"]);
  });
}
