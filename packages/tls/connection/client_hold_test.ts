/** Whether a server speaks before its client has authenticated follows the configuration that counts. */
import { assertEquals } from "@std/assert";
import {
  createCredential,
  createReplayGuard,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const { chain, signer } = await authority.issue({ names: ["me"] });
const client = {
  ...clientConfig,
  credentials: [createCredential({ certificates: chain, signer })],
};
const trust = TrustStore.fromCertificates([authority.certificate]);
const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
const asking = (clientAuthentication: ServerConfig["clientAuthentication"]): ServerConfig => ({
  ...serverConfig,
  tickets,
  clientAuthentication,
  trust,
});
const open = asking("none");

/** What the client has received of a server that writes as soon as it can, before its Finished has arrived. */
function beforeFinished(config: ServerConfig, link = new Link(client, config)): string {
  link.server.write(utf8("for you alone"));
  link.pass("client");
  const held = !link.server.writable;
  link.pass("server");
  const before = link.received("client");
  link.run();
  assertEquals(link.received("client"), "for you alone");
  assertEquals(held, before === "");
  return before;
}

Deno.test("row 261: a server that asks, also by onClientHello, waits for the client's Finished", () => {
  for (const wanted of ["required", "requested"] as const) {
    assertEquals(beforeFinished(asking(wanted)), "");
    assertEquals(beforeFinished({ ...open, onClientHello: () => asking(wanted) }), "");
  }
});

Deno.test("row 261: a server that asks nobody, also by onClientHello, speaks at once", () => {
  assertEquals(beforeFinished(open), "for you alone");
  const config = { ...asking("required"), onClientHello: () => open };
  assertEquals(beforeFinished(config), "for you alone");
});

Deno.test("row 261: a resumed session is no exception", () => {
  const config = { ...open, onClientHello: () => asking("required") };
  const [session] = new Link(client, config).run().sessions;
  const link = new Link(client, config, { serverName: "localhost", session });
  assertEquals(beforeFinished(config, link), "");
  assertEquals(link.server.info?.resumed, true);
});

Deno.test("row 261: how much declined early data is skipped follows the configuration that counts", () => {
  const maxSize = 100_000;
  const replayGuard = createReplayGuard();
  const large: ServerConfig = { ...open, earlyData: { replayGuard, maxSize } };
  const early = { ...client, earlyData: true };
  const [session] = new Link(early, large).run().sessions;
  const declines: ServerConfig = {
    ...large,
    earlyData: { ...large.earlyData, replayGuard, accept: () => false },
  };
  for (
    const [config, skipped] of [[{ ...open, onClientHello: () => declines }, true], [
      open,
      false,
    ]] as const
  ) {
    const link = new Link(early, config, { serverName: "localhost", session });
    assertEquals(link.client.writeEarlyData(new Uint8Array(90_000)), 90_000);
    link.run();
    assertEquals(link.failure("server"), skipped ? null : ["peer/too-much-skipped-early-data", 10]);
  }
});
