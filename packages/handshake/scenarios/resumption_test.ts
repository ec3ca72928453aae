import { assert, assertEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { createTestAuthority } from "@sealane/pki/testing";
import { TrustStore } from "@sealane/pki";
import { shake } from "../testing/testing.ts";
import {
  type ClientConfig,
  createCredential,
  createReplayGuard,
  Handshake,
  type HandshakeEvent,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "../mod.ts";

const provider = nativeProvider;
const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
const trust = TrustStore.fromCertificates([authority.certificate]);

function makeConfigs(): { client: ClientConfig; server: ServerConfig } {
  return {
    client: {
      provider,
      trust,
      alpn: ["h3"],
      sessionCache: new MemoryClientCache(),
      earlyData: true,
    },
    server: {
      provider,
      credentials: [credential],
      alpn: ["h3"],
      tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
      earlyData: { replayGuard: createReplayGuard() },
    },
  };
}

Deno.test("a second handshake resumes the first, with early data", () => {
  const configs = makeConfigs();
  const target = { serverName: "localhost" };
  const first = Handshake.client(configs.client, target);
  const [clientEvents] = shake(first, Handshake.server(configs.server));
  assertEquals(first.info?.resumed, false);
  assertEquals(clientEvents.filter((event) => event.type === "ticket").length, 2);

  const second = Handshake.client(configs.client, target);
  const server = Handshake.server(configs.server);
  const [events, serverEvents] = shake(second, server);
  assertEquals(second.info?.resumed, true);
  assertEquals(server.info?.resumed, true);
  assertEquals(second.info?.earlyDataReason, "accepted");
  assertEquals(server.info?.earlyDataReason, "accepted");
  assert(second.info?.peer?.leaf != null);
  const order = (list: HandshakeEvent[]) =>
    list.flatMap((event) =>
      event.type === "secret"
        ? [`${event.direction} ${event.level}`]
        : event.type === "earlyData" || event.type === "complete"
        ? [event.type]
        : []
    );
  assertEquals(order(events), [
    "write early",
    "read handshake",
    "earlyData",
    "write handshake",
    "write application",
    "read application",
    "complete",
  ]);
  assertEquals(order(serverEvents), [
    "earlyData",
    "write handshake",
    "write application",
    "read early",
    "read handshake",
    "read application",
    "complete",
  ]);
});
