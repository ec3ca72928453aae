/** Post-handshake client authentication (RFC 9846 section 4.7.2) on connections, streams and sockets. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ClientConfig,
  createCredential,
  type HandshakeInfo,
  type PeerIdentity,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { RecordWriter, TrafficKey } from "@sealane/record";
import { ContentType, TlsError, utf8 } from "@sealane/wire";
import type { ConnectionEvent } from "./connection_options.ts";
import { connect, listen } from "../deno.ts";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig, streams } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const { chain, signer } = await authority.issue({ names: ["me"] });
const credential = createCredential({ certificates: chain, signer });
const able: Partial<ClientConfig> = {
  postHandshakeAuthentication: true,
  credentials: [credential],
};

function link(client: Partial<ClientConfig> = able, records?: number): Link {
  const both = new Link(
    { ...clientConfig, ...client },
    { ...serverConfig, trust },
    { serverName: "localhost" },
    { maxFragment: records },
  ).run();
  both.events.client.length = both.events.server.length = 0;
  return both;
}

type Answer = Extract<ConnectionEvent, { type: "clientAuthentication" }>;

function answers(both: Link): Answer[] {
  return both.events.server.filter((event) => event.type === "clientAuthentication");
}

function certificate(peer: PeerIdentity | null): Uint8Array | null {
  return peer?.certificates[0] ?? null;
}

Deno.test("a request goes out by itself, and its answer is an event", () => {
  const both = link();
  const context = both.server.requestClientAuthentication();
  both.run();
  const [answer, ...more] = answers(both);
  assertEquals([answer.context, certificate(answer.peer)], [context, chain[0]]);
  assertEquals(more.length, 0);
  assertEquals(both.server.info?.peer?.certificates, chain);
});

Deno.test("what is asked of the handshake below goes out too", () => {
  const both = link();
  both.server.handshake.post.requestClientAuthentication();
  both.run();
  assertEquals(answers(both).length, 1);
});

Deno.test("data flows while several requests are open", () => {
  const both = link();
  const contexts = [0, 1, 2].map((i) => {
    both.client.write(utf8(`up ${i},`));
    both.server.write(utf8(`down ${i},`));
    return both.server.requestClientAuthentication();
  });
  both.client.updateKeys(true);
  both.run();
  assertEquals(answers(both).map(({ context }) => context), contexts);
  both.server.write(utf8("end"));
  both.client.write(utf8("end"));
  both.run();
  assertEquals(both.received("server"), "up 0,up 1,up 2,end");
  assertEquals(both.received("client"), "down 0,down 1,down 2,end");
});

/** The records of a client that answers the server's request, one for each message. */
function answerRecords(both: Link): RecordWriter {
  both.server.handshake.post.requestClientAuthentication();
  const { handshake } = both.client;
  for (const event of both.server.handshake.events()) {
    if (event.type === "message") handshake.receive(event.level, event.data);
  }
  const { suite, writeSecret } = handshake.post.keys;
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(suite, writeSecret));
  return writer;
}

function messages(both: Link): Uint8Array[] {
  return Array.from(both.client.handshake.events()).flatMap((event) =>
    event.type === "message" ? [event.data] : []
  );
}

function deliver(both: Link, writer: RecordWriter): void {
  const bytes = writer.take();
  assert(bytes instanceof Uint8Array);
  both.deliver("server", bytes);
}

Deno.test("an answer is whole: no data comes between its messages", () => {
  for (const [cut, code] of [[0, null], [1, "peer/interleaved-record"]] as const) {
    const both = link();
    const writer = answerRecords(both);
    const [certificate, verify, finished] = messages(both);
    writer.write(ContentType.handshake, certificate);
    if (cut > 0) writer.write(ContentType.application_data, utf8("in between"));
    writer.write(ContentType.handshake, verify);
    writer.write(ContentType.handshake, finished);
    deliver(both, writer);
    assertEquals(both.server.error?.code ?? null, code);
    assertEquals(answers(both).length, 1 - cut);
    assertEquals(both.received("server"), "");
  }
});

Deno.test("an answer in many small records is one answer", () => {
  const both = link(able, 64);
  both.server.requestClientAuthentication();
  both.run();
  assertEquals([answers(both).length, both.failure("server")], [1, null]);
});

Deno.test("a client that declines, and one that may not", () => {
  const both = link({ postHandshakeAuthentication: true });
  both.server.requestClientAuthentication();
  both.run();
  assertEquals(answers(both).map(({ peer }) => peer), [null]);
  both.server.requestClientAuthentication({ required: true });
  both.run();
  assertEquals(both.failure("server"), ["peer/certificate-required", 116]);
  assertEquals(both.failure("client"), ["peer/alert", null]);
});

Deno.test("a request that cannot be made leaves the connection as it is", () => {
  const both = link({});
  const error = assertThrows(() => both.server.requestClientAuthentication(), TlsError);
  assertEquals(error.code, "api/state");
  assertThrows(() => both.client.requestClientAuthentication(), TlsError);
  both.server.write(utf8("fine"));
  both.run();
  assertEquals(both.received("client"), "fine");
  both.server.close();
  assertThrows(() => both.server.requestClientAuthentication(), TlsError, "after close");
});

/** Streams of a client that can be asked and a server that can judge. */
function pairOfStreams(client: Partial<ClientConfig> = able) {
  return streams({ client, server: { trust } });
}

Deno.test("a stream waits for who the client is, and keeps the data that comes before", async () => {
  const { client, server } = pairOfStreams();
  await server.opened;
  const asked = [server.requestClientAuthentication(), server.requestClientAuthentication()];
  const sent = client.write(utf8("data"));
  const heard = client.next(); // a client that reads is a client that answers
  for (const peer of await Promise.all(asked)) assertEquals(certificate(peer), chain[0]);
  assertEquals(server.info?.peer?.certificates, chain);
  assertEquals(await server.next(), utf8("data"));
  await sent;
  await server.write(utf8("welcome"));
  assertEquals(await heard, utf8("welcome"));
  await Promise.all([client.close(), server.close()]);
});

Deno.test("while a request is open the transport is read, up to a bound", async () => {
  const { client, server, clientTransport } = pairOfStreams();
  await server.opened;
  const asked = server.requestClientAuthentication();
  // The client does not read, so it does not answer.
  const sent = client.write(new Uint8Array(1_000_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert(clientTransport.taken > 60_000 && clientTransport.taken < 300_000);
  let length = 0;
  while (length < 1_000_000) length += (await server.next())?.length ?? 0;
  await sent;
  const heard = client.next();
  assertEquals(certificate(await asked), chain[0]);
  await Promise.all([client.close(), server.close()]);
  await heard;
});

Deno.test("a client that declines is null, and one that closes is truncated", async () => {
  const { client, server } = pairOfStreams({ postHandshakeAuthentication: true });
  const asked = server.requestClientAuthentication();
  const heard = client.next();
  assertEquals(await asked, null);
  await Promise.all([client.close(), server.close(), heard]);

  const other = pairOfStreams();
  await other.client.opened;
  const request = other.server.requestClientAuthentication();
  const [error] = await Promise.all([
    assertRejects(() => request, TlsError),
    other.client.closeWrite(),
  ]);
  assertEquals(error.code, "peer/truncated");
  const again = await assertRejects(() => other.server.requestClientAuthentication(), TlsError);
  assertEquals(again.code, "peer/truncated");
  await Promise.all([other.client.close(), other.server.close()]);
});

Deno.test("what ends the connection ends the wait", async () => {
  const aborted = pairOfStreams();
  await aborted.server.opened;
  const request = assertRejects(() => aborted.server.requestClientAuthentication(), TlsError);
  const reason = new TlsError("local/handshake-refused", "enough");
  await aborted.server.abort(reason);
  assertEquals(await request, reason);

  const closed = pairOfStreams();
  await closed.server.opened;
  const unanswered = closed.server.requestClientAuthentication();
  const [error] = await Promise.all([
    assertRejects(() => unanswered, TlsError),
    closed.server.close(),
    closed.client.close(),
  ]);
  assertEquals(error.code, "local/aborted");
});

Deno.test("a signer and a judge take their time, and data goes on", async () => {
  const later = <T>(value: T): Promise<T> =>
    new Promise((resolve) => setTimeout(() => resolve(value), 20));
  const slow: Partial<ClientConfig> = { ...able, credentials: () => later(credential) };
  const { client, server } = streams({
    client: slow,
    server: { verifyPeer: () => later(undefined) },
  });
  const asked = server.requestClientAuthentication();
  const heard = client.next();
  await client.write(utf8("question"));
  assertEquals(await server.next(), utf8("question"));
  await server.write(utf8("answer"));
  assertEquals(certificate(await asked), chain[0]);
  assertEquals(await heard, utf8("answer"));
  await Promise.all([client.close(), server.close()]);
});

Deno.test("tickets sent after it resume the client's identity", async () => {
  const keys = new RotatingTicketKeys({ random: (length) => provider.random(length) });
  const tickets = sealedTickets({ provider, keys });
  const server = { trust, tickets, ticketCount: 0 };
  let session;
  const first = streams({
    client: able,
    server,
    clientOptions: {
      onEvent: (event) => {
        if (event.type === "ticket") session = event.session;
      },
    },
  });
  const heard = first.client.next();
  await first.server.requestClientAuthentication();
  await first.server.sendTickets();
  await first.server.write(utf8("done"));
  await heard;
  await Promise.all([first.client.close(), first.server.close()]);
  const second = new Link(
    { ...clientConfig, ...able },
    { ...serverConfig, ...server },
    { serverName: "localhost", session },
  ).run();
  const info: HandshakeInfo | null = second.server.info;
  assertEquals([info?.resumed, certificate(info?.peer ?? null)], [true, chain[0]]);
});

Deno.test("Deno's face asks too", async () => {
  const { credentials } = serverConfig;
  const listener = await listen({ hostname: "127.0.0.1", port: 0, provider, credentials, trust });
  const accepted = listener.accept();
  const conn = await connect({ ...clientConfig, ...able, port: listener.addr.port, resume: false });
  const served = await accepted;
  const heard = conn.read(new Uint8Array(1));
  assertEquals(certificate(await served.requestClientAuthentication({ required: true })), chain[0]);
  await served.write(utf8("x"));
  await heard;
  served.close();
  conn.close();
  listener.close();
  await Promise.all([served.closed, conn.closed]);
});
