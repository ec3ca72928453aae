/** Post-handshake client authentication (RFC 9846 section 4.7.2). */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import type { Signer } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CertificateType, HandshakeType, TlsError, utf8 } from "@sealane/wire";
import {
  builtinCompression,
  type ClientConfig,
  createCredential,
  type Credential,
  Handshake,
  type HandshakeEvent,
  PACKETS,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "../mod.ts";
import { exchange, shake } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
async function credential(name: string, change = (signer: Signer) => signer): Promise<Credential> {
  const { chain, signer } = await authority.issue({ names: [name] });
  return createCredential({ certificates: chain, signer: change(signer) });
}
const [serverCredential, clientCredential] = [await credential("server"), await credential("me")];
const serverConfig: ServerConfig = { provider, trust, credentials: [serverCredential] };
const clientConfig: ClientConfig = {
  provider,
  trust,
  postHandshakeAuthentication: true,
  credentials: [clientCredential],
};
const target = { serverName: "server" };

interface Pair {
  readonly client: Handshake;
  readonly server: Handshake;
}

function connected(client: Partial<ClientConfig> = {}, server: Partial<ServerConfig> = {}): Pair {
  const pair = {
    client: Handshake.client({ ...clientConfig, ...client }, target),
    server: Handshake.server({ ...serverConfig, ...server }),
  };
  shake(pair.client, pair.server);
  return pair;
}

/** The messages that one end has to say. */
function messagesOf(end: Handshake): Uint8Array[] {
  return Array.from(end.events()).flatMap((event) => event.type === "message" ? [event.data] : []);
}

/** The messages with which the client answers what the server has to say. */
function answersOf({ client, server }: Pair): Uint8Array[] {
  for (const message of messagesOf(server)) client.receive("application", message);
  return messagesOf(client);
}

/** Whom the server found, in order: `null` for a client that declined. */
function found(events: readonly HandshakeEvent[]): (Uint8Array | null)[] {
  return events.flatMap((event) =>
    event.type === "clientAuthentication" ? [event.peer?.certificates[0] ?? null] : []
  );
}

/** Code and alert of what one end says to messages. */
function refusal(end: Handshake, ...messages: Uint8Array[]): [string, number | null] {
  const error = assertThrows(
    () => messages.forEach((message) => end.receive("application", message)),
    TlsError,
  );
  return [error.code, error.alert];
}

Deno.test("a client authenticates after the handshake, as often as it is asked", () => {
  const { client, server } = connected();
  assertEquals(server.info?.peer, null);
  for (let i = 0; i < 2; i++) {
    const context = server.post.requestClientAuthentication();
    const [, events] = exchange(client, server);
    assertEquals(found(events), [clientCredential.certificates[0]]);
    const answer = events.find((event) => event.type === "clientAuthentication");
    assertEquals(answer?.context, context);
    assertEquals(server.info?.peer?.certificates, clientCredential.certificates);
    // Keys that were updated in between are those of Finished.
    client.post.updateKeys(true);
    exchange(client, server);
  }
});

Deno.test("a client without a certificate declines after the handshake", () => {
  const { client, server } = connected({ credentials: undefined });
  server.post.requestClientAuthentication();
  assertEquals(found(exchange(client, server)[1]), [null]);
  assertEquals([server.info?.peer, server.error], [null, null]);
});

Deno.test("a client may not decline where a certificate is required", () => {
  const pair = connected({ credentials: undefined });
  pair.server.post.requestClientAuthentication({ required: true });
  const answers = answersOf(pair);
  assertEquals(refusal(pair.server, ...answers), ["peer/certificate-required", 116]);
});

Deno.test("several requests are open at once, and are answered in any order", () => {
  const pair = connected();
  const { server } = pair;
  const contexts = [0, 1, 2].map(() => server.post.requestClientAuthentication());
  const answers = answersOf(pair);
  assertEquals(answers.map(([type]) => type), [0, 1, 2].flatMap(() => [11, 15, 20]));
  for (const start of [6, 0, 3]) {
    for (const message of answers.slice(start, start + 3)) server.receive("application", message);
  }
  const events = Array.from(server.events()).filter(({ type }) => type === "clientAuthentication");
  assertEquals(
    events.map((event) => event.type === "clientAuthentication" && event.context),
    [contexts[2], contexts[0], contexts[1]],
  );
});

Deno.test("each request names the authorities that it is told", () => {
  const seen: (readonly Uint8Array[])[] = [];
  const pair = connected({
    credentials: ({ certificateAuthorities }) => {
      seen.push(certificateAuthorities);
      return null;
    },
  });
  const names = [utf8("0\x03a"), utf8("0\x03b")];
  pair.server.post.requestClientAuthentication({ certificateAuthorities: [names[0]] });
  pair.server.post.requestClientAuthentication({ certificateAuthorities: [names[1]] });
  pair.server.post.requestClientAuthentication();
  answersOf(pair);
  assertEquals(seen, [[names[0]], [names[1]], []]);
});

Deno.test("an answer is refused that nobody asked for, or a second time", () => {
  const unasked = connected();
  const empty = Uint8Array.of(HandshakeType.certificate, 0, 0, 4, 0, 0, 0, 0);
  assertEquals(refusal(unasked.server, empty), ["peer/unexpected-message", 10]);
  const pair = connected();
  pair.server.post.requestClientAuthentication();
  const answer = answersOf(pair);
  for (const message of answer) pair.server.receive("application", message);
  assertEquals(refusal(pair.server, ...answer), ["peer/unexpected-message", 10]);
  const again = connected();
  again.server.post.requestClientAuthentication();
  const first = answersOf(again);
  again.server.post.requestClientAuthentication();
  for (const message of first) again.server.receive("application", message);
  assertEquals(refusal(again.server, ...first), ["peer/authentication-request", 47]);
});

Deno.test("the context of an answer is that of an open request", () => {
  const pair = connected();
  pair.server.post.requestClientAuthentication();
  const [certificate] = answersOf(pair);
  certificate[5] ^= 1;
  assertEquals(refusal(pair.server, certificate), ["peer/authentication-request", 47]);
});

for (
  const [what, index, alert] of [
    ["CertificateVerify", 1, ["peer/bad-signature", 51]],
    ["Finished", 2, ["peer/bad-finished", 51]],
  ] as const
) {
  Deno.test(`an answer with a wrong ${what} ends the connection`, () => {
    const pair = connected();
    pair.server.post.requestClientAuthentication();
    const answer = answersOf(pair);
    answer[index][answer[index].length - 1] ^= 1;
    assertEquals(refusal(pair.server, ...answer), [...alert]);
    assertEquals(found([...pair.server.events()]), []);
  });
}

Deno.test("an answer to one request is none to another", () => {
  const pair = connected();
  pair.server.post.requestClientAuthentication();
  pair.server.post.requestClientAuthentication();
  const answers = answersOf(pair);
  // The Certificate of the second, and the rest of the first.
  assertEquals(refusal(pair.server, answers[3], answers[1]), ["peer/bad-signature", 51]);
});

Deno.test("nothing comes between the messages of an answer", () => {
  const pair = connected();
  pair.server.post.requestClientAuthentication();
  const [certificate, verify] = answersOf(pair);
  pair.server.receive("application", certificate);
  const data = assertThrows(() => pair.server.post.applicationDataReceived(), TlsError);
  assertEquals([data.code, data.alert], ["peer/interleaved-record", 10]);
  pair.server.receive("application", verify);
  const update = Uint8Array.of(HandshakeType.key_update, 0, 0, 1, 0);
  assertEquals(refusal(pair.server, update), ["peer/unexpected-message", 10]);
});

Deno.test("a client that nobody trusts is refused", async () => {
  const stranger = await createTestAuthority(provider);
  const { chain, signer } = await stranger.issue({ names: ["stranger"] });
  const pair = connected({ credentials: [createCredential({ certificates: chain, signer })] });
  pair.server.post.requestClientAuthentication();
  // Its authority has the name of ours, but not the key.
  assertEquals(refusal(pair.server, ...answersOf(pair)), ["peer/bad-certificate", 42]);
});

Deno.test("the answer is compressed where both sides compress, and signed in its own time", async () => {
  const slow = await credential("slow", (signer) => ({
    ...signer,
    schemes: signer.schemes,
    sign: async (...sign) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return await signer.sign(...sign);
    },
  }));
  const certificateCompression = builtinCompression();
  const pair = connected({ credentials: [slow], certificateCompression }, {
    certificateCompression,
  });
  pair.server.post.requestClientAuthentication();
  for (const message of messagesOf(pair.server)) await pair.client.receive("application", message);
  const answer = messagesOf(pair.client);
  assertEquals(answer[0][0], HandshakeType.compressed_certificate);
  for (const message of answer) await pair.server.receive("application", message);
  assertEquals(found([...pair.server.events()]), [slow.certificates[0]]);
});

Deno.test("tickets from then on resume the client's certificate", () => {
  const keys = new RotatingTicketKeys({ random: (length) => provider.random(length) });
  const tickets = sealedTickets({ provider, keys });
  const server = { tickets, ticketCount: 0 };
  const pair = connected({}, server);
  pair.server.post.requestClientAuthentication();
  exchange(pair.client, pair.server);
  pair.server.post.sendTickets(1);
  const [events] = exchange(pair.client, pair.server);
  const [session] = events.flatMap((event) => event.type === "ticket" ? [event.session] : []);
  assert(session !== undefined);
  const client = Handshake.client(clientConfig, { ...target, session });
  const next = Handshake.server({ ...serverConfig, ...server });
  shake(client, next);
  assertEquals(next.info?.resumed, true);
  assertEquals(next.info?.peer?.certificates, clientCredential.certificates);
  // And on the resumed connection the client may be asked again.
  next.post.requestClientAuthentication();
  assertEquals(found(exchange(client, next)[1]), [clientCredential.certificates[0]]);
});

Deno.test("a client that did not offer it cannot be asked, and refuses CertificateRequest", () => {
  const { client, server } = connected({ postHandshakeAuthentication: false });
  assertThrows(() => server.post.requestClientAuthentication(), TlsError, "does not offer");
  const request = new Uint8Array([HandshakeType.certificate_request, 0, 0, 3, 0, 0, 0]);
  assertEquals(refusal(client, request), ["peer/unexpected-message", 10]);
});

Deno.test("a server asks only what it can judge, and when it is time", () => {
  const early = Handshake.server(serverConfig);
  assertThrows(() => early.post.requestClientAuthentication(), TlsError, "after the handshake");
  const blind = connected({}, { trust: undefined });
  assertThrows(() => blind.server.post.requestClientAuthentication(), TlsError, "needs trust");
  const keysOnly = connected({}, { peerCertificateTypes: [CertificateType.RawPublicKey] });
  assertThrows(() => keysOnly.server.post.requestClientAuthentication(), TlsError, "of the type");
});

Deno.test("it does not go with an external PSK, nor with a session that one authenticated", () => {
  const psk = { identity: utf8("both"), key: provider.random(32) };
  const keys = new RotatingTicketKeys({ random: (length) => provider.random(length) });
  const tickets = sealedTickets({ provider, keys });
  const client = Handshake.client({ ...clientConfig, externalPsks: [psk] }, target);
  const server = Handshake.server({ ...serverConfig, externalPsks: [psk], tickets });
  const [events] = shake(client, server);
  const [session] = events.flatMap((event) => event.type === "ticket" ? [event.session] : []);
  const next = {
    client: Handshake.client({ ...clientConfig, externalPsks: [psk] }, { ...target, session }),
    server: Handshake.server({ ...serverConfig, externalPsks: [psk], tickets }),
  };
  shake(next.client, next.server);
  assertEquals([server.info?.externalPsk, next.server.info?.resumed], [true, true]);
  for (const pair of [{ client, server }, next]) {
    assertEquals(pair.server.post.canRequestClientAuthentication, false);
    assertThrows(() => pair.server.post.requestClientAuthentication(), TlsError, "does not offer");
    const request = Uint8Array.of(HandshakeType.certificate_request, 0, 0, 3, 0, 0, 0);
    assertEquals(refusal(pair.client, request), ["peer/unexpected-message", 10]);
  }
});

Deno.test("it is not for QUIC", () => {
  const error = assertThrows(
    () => Handshake.client(clientConfig, target, { carrier: PACKETS }),
    TlsError,
  );
  assertEquals(error.code, "api/config");
});

Deno.test("a client answers a context once, and so many requests", () => {
  const pair = connected({ limits: { authenticationRequests: 2 } });
  const request = (): Uint8Array => {
    pair.server.post.requestClientAuthentication();
    return messagesOf(pair.server)[0];
  };
  const first = request();
  pair.client.receive("application", first);
  assertEquals(refusal(pair.client, first), ["peer/authentication-request", 47]);
  const other = connected({ limits: { authenticationRequests: 2 } });
  for (let i = 0; i < 3; i++) other.server.post.requestClientAuthentication();
  const requests = messagesOf(other.server);
  assertEquals(refusal(other.client, ...requests), [
    "peer/too-many-authentication-requests",
    10,
  ]);
});
