import { assert, assertEquals } from "@std/assert";
import { utf8 } from "@sealane/wire";
import type { QuicClientConfig, QuicServerConfig } from "../config.ts";
import { TransportErrorCode } from "../errors.ts";
import type { QuicEarlyDataEvent } from "../events.ts";
import { decodeContext, encodeContext, rememberedOf } from "../start/resumption.ts";
import { clock, exchange, pair, resuming, serverConfig, TestEnd } from "../testing/test_end.ts";
import { QUIC_V1, QUIC_V2 } from "../packets/version.ts";

interface Both {
  client: Partial<QuicClientConfig>;
  server: Partial<QuicServerConfig>;
}

function verdict(end: TestEnd): QuicEarlyDataEvent | undefined {
  return end.events.find((event): event is QuicEarlyDataEvent => event.type === "earlyData");
}

/** A first connection, and a second one whose client writes "early" at once. */
async function twice(first: Both, second: Both = first): Promise<[TestEnd, TestEnd]> {
  await exchange(...await pair(first.client, first.server));
  const ends = await pair(second.client, { heldPackets: 4, ...second.server });
  ends[0].write("early");
  return ends;
}

Deno.test("0-RTT data arrives with the ClientHello", async () => {
  const configs = await resuming();
  const [client, server] = await twice(configs);
  assert(client.tls.canSend("early"));
  assertEquals(client.tls.rememberedTransportParameters?.initialMaxData, 100_000);
  for (const datagram of await client.flight()) await server.receive(datagram);
  assertEquals(server.datagrams, ["early"]);
  assert(!server.tls.complete);
  await exchange(client, server);
  assertEquals(server.info?.earlyDataAccepted, true);
  assertEquals([verdict(client)?.accepted, verdict(server)?.accepted], [true, true]);
  assert(client.info?.resumed);
  // RFC 9001 section 4.9.3: the client drops its 0-RTT keys with the 1-RTT keys, the server three PTOs later.
  assert(!client.tls.canSend("early") && client.story.includes("discard early"));
  assert(server.tls.canOpen("early"));
  client.write("late");
  await exchange(client, server);
  assertEquals(server.tls.timeout, clock.time + 300);
  clock.time += 300;
  server.tls.onTimeout();
  assert(!server.tls.canOpen("early"));
});

Deno.test("0-RTT that overtakes the ClientHello is held and opened", async () => {
  const [client, server] = await twice(await resuming());
  const flight = await client.flight();
  for (const datagram of flight.toReversed()) await server.receive(datagram);
  assertEquals(server.drops, ["held"]);
  assertEquals(server.datagrams, ["early"]);
});

Deno.test("a server that has reduced a limit declines 0-RTT and resumes", async () => {
  const configs = await resuming();
  const server = { ...configs.server, transportParameters: { initialMaxData: 99_999 } };
  const [client, declining] = await twice(configs, { ...configs, server });
  await exchange(client, declining);
  assertEquals(verdict(declining)?.reason, "transport-context-mismatch");
  assertEquals(verdict(client)?.accepted, false);
  assertEquals([client.close, client.info?.resumed, declining.datagrams], [null, true, []]);
  assert(!client.tls.canSend("early"));
  assertEquals(declining.drops, ["early-data-rejected"]);
});

Deno.test("a server that has raised its limits accepts 0-RTT", async () => {
  const configs = await resuming();
  const server = { ...configs.server, transportParameters: { initialMaxData: 200_000 } };
  const [client, accepting] = await twice(configs, { ...configs, server });
  await exchange(client, accepting);
  assertEquals(verdict(accepting)?.reason, "accepted");
  assertEquals(accepting.datagrams, ["early"]);
});

Deno.test("a replayed ClientHello gets no 0-RTT", async () => {
  const configs = await resuming();
  const [client, server] = await twice(configs);
  const flight = await client.flight();
  for (const datagram of flight) await server.receive(datagram);
  const again = await TestEnd.server({ heldPackets: 4, ...configs.server });
  await again.start();
  for (const datagram of flight) await again.receive(datagram);
  assertEquals(server.datagrams, ["early"]);
  assertEquals(verdict(again)?.reason, "replay");
  assertEquals(again.datagrams, []);
});

Deno.test("a client finds out a server that accepts 0-RTT and reduces a limit", async () => {
  const configs = await resuming();
  const { tickets } = configs.server.tls ?? {};
  assert(tickets !== undefined);
  // A server that writes other limits into its tickets than those it sends.
  const lying = {
    ...tickets,
    issue: (session: Parameters<typeof tickets.issue>[0]) => {
      const context = session.context && decodeContext(session.context);
      assert(context);
      const parameters = { ...context.parameters, initialMaxData: 10 };
      return tickets.issue({ ...session, context: encodeContext({ ...context, parameters }) });
    },
  };
  const tls = { ...(await serverConfig()).tls, ...configs.server.tls, tickets: lying };
  const first = { ...configs, server: { tls } };
  const second = { ...configs, server: { tls, transportParameters: { initialMaxData: 10 } } };
  const [client, server] = await twice(first, second);
  await exchange(client, server);
  assertEquals(client.close?.code, TransportErrorCode.PROTOCOL_VIOLATION);
  assert(client.close?.error.message.includes("initialMaxData"));
});

Deno.test("a session belongs to the version that it was made in", async () => {
  const configs = await resuming();
  const inV2 = {
    client: { ...configs.client, version: QUIC_V2 },
    server: { ...configs.server, version: QUIC_V2 },
  };
  const [client, server] = await twice(configs, inV2);
  await exchange(client, server);
  assertEquals([client.close, client.info?.resumed], [null, false]);

  // Version 2 all along resumes.
  const other = await resuming();
  const both = {
    client: { ...other.client, version: QUIC_V2 },
    server: { ...other.server, version: QUIC_V2 },
  };
  const [again, accepting] = await twice(both);
  await exchange(again, accepting);
  assertEquals([again.info?.resumed, accepting.datagrams], [true, ["early"]]);
});

Deno.test("after compatible negotiation a ticket belongs to the negotiated version", async () => {
  const configs = await resuming();
  const versions = [QUIC_V2, QUIC_V1];
  const upgrading = {
    client: { ...configs.client, versions },
    server: { ...configs.server, versions },
  };
  const inV2 = {
    client: { ...upgrading.client, version: QUIC_V2 },
    server: { ...upgrading.server, version: QUIC_V2 },
  };
  const [client, server] = await twice(upgrading, inV2);
  await exchange(client, server);
  assertEquals([client.info?.resumed, server.datagrams], [true, ["early"]]);
});

Deno.test("0-RTT in version 1 counts although the server goes on in version 2", async () => {
  const configs = await resuming();
  const versions = [QUIC_V2, QUIC_V1];
  const upgrading = {
    client: { ...configs.client, versions },
    server: { ...configs.server, versions },
  };
  const [client, server] = await twice(configs, upgrading);
  await exchange(client, server);
  assertEquals([client.tls.version, server.datagrams], [QUIC_V2, ["early"]]);
  assertEquals([client.close, server.close], [null, null]);
});

Deno.test("a context of another program is no context", () => {
  assertEquals(decodeContext(utf8("something")), null);
  const context = { version: 1, parameters: {}, application: utf8("x") };
  assertEquals(decodeContext(encodeContext(context))?.application, utf8("x"));
  const session = { context: utf8("x") };
  // Only the context is looked at.
  assertEquals(rememberedOf(session as Parameters<typeof rememberedOf>[0], QUIC_V1), null);
});
