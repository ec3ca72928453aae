/** Times that are none, clocks that differ, and clocks that step. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createReplayGuard,
  MemoryStore,
  RotatingTicketKeys,
  type ServerConfig,
} from "@sealane/handshake";
import { TrustStore, verifyClientCertificate, verifyServerCertificate } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import { Connection } from "./connection.ts";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, pipe, serverConfig, streams } from "../testing/testing.ts";
import { TlsStream } from "../stream/stream.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const expired = await authority.issue({ names: ["localhost"], notAfter: Date.now() - 1_000 });
const BAD = [NaN, undefined, "now", Infinity, new Date()];

for (const bad of BAD) {
  Deno.test(`row 255: an expired certificate is not accepted at the time ${bad}`, () => {
    const now = bad as number; // as a program without types may
    for (
      const verify of [
        () =>
          verifyServerCertificate({
            chain: expired.chain,
            serverName: "localhost",
            now,
            trust,
            provider,
          }),
        () => verifyClientCertificate({ chain: expired.chain, now, trust, provider }),
      ]
    ) assertEquals(assertThrows(verify, TlsError).code, "api/argument");
  });
}

Deno.test("row 255: a configuration whose clock gives no time does not connect", () => {
  const link = new Link({ provider, trust, now: () => NaN }, serverConfig).run();
  assertEquals(link.client.error?.code ?? link.server.error?.code, "api/argument");
});

Deno.test("row 255: options that are no durations or counts are refused when they are given", () => {
  const refused = (make: () => unknown) =>
    assertEquals(assertThrows(make, TlsError).code, "api/argument");
  for (const bad of [NaN, -1, "1"] as number[]) {
    const [transport] = pipe();
    refused(() => TlsStream.server(transport, serverConfig, { handshakeTimeout: bad }));
    refused(() => TlsStream.server(transport, serverConfig, { closeTimeout: bad }));
    refused(() => Connection.server(serverConfig, { pendingBytes: bad }));
    refused(() => Connection.server({ ...serverConfig, ticketCount: bad }));
    refused(() => Connection.server({ ...serverConfig, ticketLifetime: bad }));
    refused(() => Connection.client({ ...clientConfig, authenticationLifetime: bad }));
    refused(() => new MemoryStore({ maxBytes: bad }));
    refused(() => new MemoryStore().put("key", Uint8Array.of(1), bad));
    refused(() => createReplayGuard({ tolerance: bad }));
  }
  refused(() => new RotatingTicketKeys({ random: provider.random, now: 5 as never }));
});

Deno.test("row 255: a fractional clock and an endless handshakeTimeout work", async () => {
  const now = () => Date.now() + 0.25;
  const config: ServerConfig = {
    ...serverConfig,
    now,
    cookieKey: new Uint8Array(32),
    alwaysRetry: true,
  };
  const { client, server } = streams({
    client: { now },
    server: config,
    clientOptions: { handshakeTimeout: Infinity },
    serverOptions: { handshakeTimeout: Infinity, closeTimeout: 50 },
  });
  assertEquals((await client.opened).helloRetryRequest, true);
  await Promise.all([client.close(), server.close()]);
});

/** A client that one server asks to come again, and that another one answers whose clock is `ahead` of the first. */
function handedOver(ahead: number): [string, number | null] | null {
  const cookieKey = new Uint8Array(32).fill(7);
  const config = (offset: number): ServerConfig => ({
    ...serverConfig,
    cookieKey,
    alwaysRetry: true,
    now: () => Date.now() + offset,
  });
  const link = new Link(clientConfig, config(0));
  link.pass("client");
  link.pass("server");
  const second = link.client.take();
  assert(second instanceof Uint8Array);
  const other = Connection.server(config(ahead));
  other.start();
  try {
    other.receive(second);
  } catch { /* it says so in its error */ }
  return other.error === null ? null : [other.error.code, other.error.alert];
}

Deno.test("rows 256, 257: another server with the cookie key goes on, whose clock differs by 10 s at most", () => {
  for (const ahead of [-9_000, -1, 0, 1, 9_000]) assertEquals(handedOver(ahead), null);
  for (const ahead of [-12_000, 80_000]) assertEquals(handedOver(ahead), ["peer/cookie", 47]);
});

Deno.test("row 256: a clock that steps forward and back does not reopen the replay window", () => {
  let now = 1_000_000;
  const guard = createReplayGuard({ now: () => now });
  const binder = (n: number) => Uint8Array.of(n);
  assertEquals([guard.claim(binder(1)), guard.claim(binder(1))], [true, false]);
  now += 3_600_000;
  assertEquals(guard.claim(binder(2)), true);
  now -= 3_600_000;
  assertEquals([guard.claim(binder(1)), guard.claim(binder(3))], [false, false]);
  now += 200_000;
  assertEquals([guard.claim(binder(4)), guard.claim(binder(4))], [true, false]);
  now -= 5_000;
  assertEquals(guard.claim(binder(5)), true);
});
