import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { concat, TlsError } from "@sealane/wire";
import { nativeProvider as provider } from "@sealane/providers/native";
import { AddressTokens } from "./address_token.ts";
import { TransportErrorCode } from "../errors.ts";
import { type ParsedPacket, parsePacket, type RetryPacket } from "../packets/header.ts";
import { type Admission, ServerAdmission, type ServerAdmissionConfig } from "./server_admission.ts";
import { QuicTls } from "../session.ts";
import { clientConfig, exchange, ORIGINAL_ID, serverConfig, TestEnd } from "../testing/test_end.ts";
import { QUIC_V1, QUIC_V2 } from "../packets/version.ts";

const FROM = { hostname: "192.0.2.1", port: 4433 };
const SIZE = 1200;

function admission(config: Partial<ServerAdmissionConfig> = {}): ServerAdmission {
  return new ServerAdmission({ provider, ...config });
}

function parse(bytes: Uint8Array): ParsedPacket {
  return parsePacket(bytes, 0, { connectionIdLength: 8 });
}

/** A client that has begun, and the first packet of its first flight. */
async function begin(changes = {}): Promise<[client: TestEnd, first: ParsedPacket]> {
  const client = TestEnd.client(clientConfig(changes));
  await client.start();
  return [client, await firstPacket(client)];
}

async function firstPacket(client: TestEnd): Promise<ParsedPacket> {
  const [first] = await client.flight();
  return parse(first);
}

/** The packet with which a server answers. */
function answered(verdict: Admission): ParsedPacket {
  assert(verdict.type === "answer", verdict.type);
  return parse(verdict.datagram);
}

/** Shakes hands with what was accepted. */
async function finish(client: TestEnd, verdict: Admission, more = {}): Promise<void> {
  assert(verdict.type === "accept", verdict.type);
  const server = new TestEnd(QuicTls.server({ ...await serverConfig(more), ...verdict }));
  await server.start();
  client.resend();
  await exchange(client, server);
  assert(client.tls.confirmed && server.tls.confirmed);
}

Deno.test("a client's first Initial packet begins a connection", async () => {
  const [client, first] = await begin();
  const verdict = await admission().admit(first, SIZE, FROM);
  assertEquals(verdict, {
    type: "accept",
    version: QUIC_V1,
    destinationConnectionId: ORIGINAL_ID,
    addressValidated: false,
  });
  await finish(client, verdict);
});

Deno.test("what begins no connection is dropped with a reason", async () => {
  const [, first] = await begin();
  assert(first.type === "initial");
  const short = { ...first, destinationConnectionId: new Uint8Array(7) };
  const cases = [
    [first, SIZE - 1, "small-datagram"],
    [parse(concat([Uint8Array.of(0x1a), new Uint8Array(3), new Uint8Array(4)])), 8, "fixed-bit"],
    [{ ...first, type: "handshake" }, SIZE, "unexpected-type"],
    [{ ...first, type: "0rtt" }, SIZE, "unexpected-type"],
    [short, SIZE, "connection-id-too-short"],
    [{ ...short, token: new Uint8Array(60) }, SIZE, "connection-id-too-short"],
  ] as const;
  for (const [packet, length, reason] of cases) {
    assertEquals(await admission().admit(packet, length, FROM), { type: "drop", reason });
  }
});

Deno.test("a Retry packet has the client come back with its token, once", async () => {
  const server = admission({ retry: () => true });
  const [client, first] = await begin();
  const retry = answered(await server.admit(first, SIZE, FROM));
  await client.receivePacket(retry);
  const second = await firstPacket(client);
  const verdict = await server.admit(second, SIZE, FROM);
  assert(verdict.type === "accept" && verdict.addressValidated);
  assertEquals(verdict.originalDestinationConnectionId, ORIGINAL_ID);
  assertEquals(verdict.destinationConnectionId, (retry as RetryPacket).sourceConnectionId);
  // The token is for this address, and for the connection ID that came with it.
  const elsewhere = await server.admit(second, SIZE, { ...FROM, port: 4434 });
  assertEquals(answered(elsewhere).type, "retry");
  assert(second.type === "initial");
  const other = { ...second, destinationConnectionId: ORIGINAL_ID };
  assertEquals(answered(await server.admit(other, SIZE, FROM)).type, "retry");
  await finish(client, verdict);
});

Deno.test("connection IDs have 4 to 20 bytes", () => {
  for (const connectionIdLength of [0, 3, 21, 4.5]) {
    const error = assertThrows(() => admission({ connectionIdLength }), TlsError);
    assertEquals(error.code, "api/config");
  }
  admission({ connectionIdLength: 4 });
});

Deno.test("Retry may depend on load", async () => {
  let busy = false;
  const server = admission({ retry: () => busy });
  const [, first] = await begin();
  assertEquals((await server.admit(first, SIZE, FROM)).type, "accept");
  busy = true;
  assertEquals((await server.admit(first, SIZE, FROM)).type, "answer");
});

Deno.test("a token of NEW_TOKEN validates the host at any port, without Retry", async () => {
  const tokens = new AddressTokens({ provider });
  const server = admission({ retry: () => true, tokens });
  const token = await server.newToken(FROM);
  const [, first] = await begin();
  assert(first.type === "initial");
  const again = { ...first, token };
  const verdict = await server.admit(again, SIZE, { ...FROM, port: 9 });
  assert(verdict.type === "accept" && verdict.addressValidated);
  assertEquals(verdict.originalDestinationConnectionId, undefined);
  const other = { hostname: "192.0.2.2", port: FROM.port };
  assertEquals((await server.admit(again, SIZE, other)).type, "answer");
  // A server without Retry takes the client, but not as validated.
  const unknown = await admission().admit(again, SIZE, FROM);
  assert(unknown.type === "accept" && !unknown.addressValidated);
});

Deno.test("a client goes on with a version that both have after Version Negotiation", async () => {
  const server = admission({ versions: [QUIC_V2] });
  const [client, first] = await begin({ versions: [QUIC_V1, QUIC_V2] });
  const packet = answered(await server.admit(first, SIZE, FROM));
  assert(packet.type === "version-negotiation");
  const next = client.tls.receiveVersionNegotiation(packet);
  assert(next instanceof QuicTls);
  assertEquals(next.version, QUIC_V2);
  assertEquals(client.tls.receiveVersionNegotiation(packet), "closed");
  const again = new TestEnd(next);
  await again.start();
  assertEquals(next.receiveVersionNegotiation(packet), "version-negotiation-late");
  const verdict = await server.admit(await firstPacket(again), SIZE, FROM);
  assert(verdict.type === "accept");
  await finish(again, verdict, { versions: [QUIC_V2] });
  assertEquals(again.tls.version, QUIC_V2);
});

Deno.test("a Version Negotiation packet that is forged, late or pointless is dropped", async () => {
  const server = admission({ versions: [QUIC_V2] });
  const [client, first] = await begin();
  const packet = answered(await server.admit(first, SIZE, FROM));
  assert(packet.type === "version-negotiation");
  const stranger = new Uint8Array(8);
  for (const field of ["sourceConnectionId", "destinationConnectionId"] as const) {
    const forged = { ...packet, [field]: stranger };
    assertEquals(client.tls.receiveVersionNegotiation(forged), "unknown-connection-id");
  }
  const own = { ...packet, versions: [QUIC_V1.id, QUIC_V2.id] };
  assertEquals(client.tls.receiveVersionNegotiation(own), "version-negotiation-late");
  const [retried] = await begin();
  await retried.receivePacket(
    answered(await admission({ retry: () => true }).admit(first, SIZE, FROM)),
  );
  assertEquals(retried.tls.receiveVersionNegotiation(packet), "version-negotiation-late");
  const verdict = await admission().admit(first, SIZE, FROM);
  await finish(client, verdict);
  assertEquals(client.tls.receiveVersionNegotiation(packet), "version-negotiation-late");
  assertEquals(client.close, null);
});

Deno.test("without a common version the client gives up", async () => {
  const [client, first] = await begin({ versions: [QUIC_V1] });
  const packet = answered(await admission({ versions: [QUIC_V2] }).admit(first, SIZE, FROM));
  assert(packet.type === "version-negotiation");
  assertEquals(client.tls.receiveVersionNegotiation(packet), "no-common-version");
  client.drain();
  assertEquals(client.close?.code, TransportErrorCode.VERSION_NEGOTIATION_ERROR);
});

Deno.test("an unknown version is answered with ours and a reserved one", async () => {
  const [client, first] = await begin();
  assert(first.type === "initial");
  const bytes = first.bytes.slice();
  bytes.set([0xfa, 0xce, 0xb0, 0x0c], 1);
  const packet = answered(await admission().admit(parse(bytes), SIZE, FROM));
  assert(packet.type === "version-negotiation");
  assertEquals(packet.versions.slice(0, 2), [QUIC_V1.id, QUIC_V2.id]);
  assertEquals(packet.versions[2] & 0x0f0f0f0f, 0x0a0a0a0a);
  assertEquals(packet.sourceConnectionId, ORIGINAL_ID);
  assertNotEquals(client.tls.receiveVersionNegotiation(packet), "no-common-version");
  const small = await admission().admit(parse(bytes), SIZE - 1, FROM);
  assertEquals(small, { type: "drop", reason: "small-datagram" });
});
