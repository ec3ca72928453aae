/** Tickets, their lifetime, and when a session is resumed. */
import { assert, assertEquals } from "@std/assert";
import { ExtensionType as E, HandshakeType, NamedGroup, type TlsErrorCode } from "@sealane/wire";
import { decodeExtension, type OfferedPsks, preSharedKeyInClientHello } from "../extensions/mod.ts";
import { decodeClientHello } from "../messages/client_hello.ts";
import { encodeMessage, HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { decodeNewSessionTicket } from "../messages/new_session_ticket.ts";
import {
  type ClientConfig,
  createReplayGuard,
  Handshake,
  MemoryClientCache,
  type Session,
  type Tickets,
} from "../mod.ts";
import {
  clientConfig,
  connected,
  serverConfig,
  sessionsOf,
  START,
  target,
} from "../testing/session_testing.ts";
import { exchange, shake, shakeOut } from "../testing/testing.ts";

Deno.test("row 179: a ticket that is not the server's costs a full handshake", () => {
  const server = serverConfig();
  const [session] = sessionsOf(clientConfig, server);
  assertEquals(connected(clientConfig, server, session).client.resumed, true);
  for (let at = 0; at < session.ticket.length; at += 7) {
    const ticket = session.ticket.slice();
    ticket[at] ^= 1;
    assertEquals(connected(clientConfig, server, { ...session, ticket }).client.resumed, false);
  }
  assertEquals(connected(clientConfig, serverConfig(), session).client.resumed, false);
});

function newSessionTicket(ticket: number[], ...extensions: [number, number[]][]): Uint8Array {
  return encodeMessage(HandshakeType.new_session_ticket, (writer) => {
    writer.u32(100).u32(0).vector8(new Uint8Array()).vector16(new Uint8Array(ticket));
    writer.vector16((list) => {
      for (const [type, data] of extensions) list.u16(type).vector16(new Uint8Array(data));
    });
  });
}

/** What a client that is connected makes of a NewSessionTicket. */
function receiveTicket(
  message: Uint8Array,
): { code?: TlsErrorCode; alert?: number | null; sessions: Session[] } {
  const client = Handshake.client(clientConfig, target);
  shake(client, Handshake.server(serverConfig({ tickets: undefined })));
  try {
    client.receive("application", message);
  } catch {
    // It is in client.error.
  }
  const sessions = [...client.events()].flatMap((e) => e.type === "ticket" ? [e.session] : []);
  return { code: client.error?.code, alert: client.error?.alert, sessions };
}

Deno.test("rows 181, 182: a client ignores extensions and flags of a ticket that it does not know", () => {
  const { code, sessions: [session] } = receiveTicket(
    newSessionTicket([1], [0x1234, [1]], [E.tls_flags, [2, 0, 0x82]]),
  );
  assertEquals(code, undefined);
  assertEquals(session.flags, [9, 15]);
});

Deno.test("a ticket with a lifetime of zero is dropped, one of more than seven days is cut", () => {
  const message = (lifetime: number) =>
    encodeMessage(HandshakeType.new_session_ticket, (writer) => {
      writer.u32(lifetime).u32(0).vector8(new Uint8Array()).vector16(Uint8Array.of(1));
      writer.u16(0);
    });
  assertEquals(receiveTicket(message(0)).sessions, []);
  assertEquals(receiveTicket(message(604_801)).sessions[0].lifetime, 604_800);
});

/** The PSKs in the first ClientHello. */
function offeredPsks(config: ClientConfig, session: Session): OfferedPsks | undefined {
  const handshake = Handshake.client(config, { ...target, session });
  handshake.start();
  const [event] = handshake.events();
  if (event.type !== "message") throw new Error("there is no ClientHello");
  const hello = decodeClientHello(event.data.subarray(HANDSHAKE_HEADER_LENGTH));
  return decodeExtension(hello.extensions, preSharedKeyInClientHello);
}

Deno.test("row 183: obfuscated_ticket_age is the age in milliseconds plus ticket_age_add", () => {
  const [session] = sessionsOf({ ...clientConfig, now: () => START }, serverConfig());
  const later = { ...clientConfig, now: () => START + 10_000 };
  for (const ageAdd of [session.ageAdd, 0xffffffff]) {
    const offered = offeredPsks(later, { ...session, ageAdd });
    assertEquals(offered?.identities[0].obfuscatedTicketAge, (10_000 + ageAdd) % 2 ** 32);
  }
});

Deno.test("row 184: both sides heed the lifetime of a ticket", () => {
  let now = START;
  const server = serverConfig({ ticketLifetime: 20, now: () => now });
  const client = { ...clientConfig, now: () => now };
  const [session] = sessionsOf(client, server);
  now += 19_000;
  assert(offeredPsks(client, session) !== undefined);
  assertEquals(connected(client, server, session).client.resumed, true);
  now += 2_000;
  assertEquals(offeredPsks(client, session), undefined);
  // A client that offers it all the same.
  const stubborn = { ...session, lifetime: 100 };
  assertEquals(connected(client, server, stubborn).client.resumed, false);
});

Deno.test("row 185: a server tells how the ages of a ticket differ, and takes early data up to a minute", () => {
  for (
    const [skew, reason] of [[60, "accepted"], [-60, "accepted"], [61, "ticket-age-skew"], [
      -61,
      "ticket-age-skew",
    ]] as const
  ) {
    let now = START;
    let ahead = 0;
    const server = serverConfig({
      now: () => now,
      earlyData: { replayGuard: createReplayGuard({ now: () => now }) },
    });
    const client = { ...clientConfig, earlyData: true, now: () => now + ahead };
    const [session] = sessionsOf(client, server);
    now += 1000_000;
    ahead = 1000 * skew;
    const { server: info } = connected(client, server, session);
    assertEquals(info.ticketAgeSkew, 1000 * skew);
    assertEquals(info.earlyDataReason, reason);
    assertEquals(info.resumed, true);
  }
});

Deno.test("a ticket of another server whose clock is ahead is resumed", () => {
  const server = serverConfig({ now: () => START + 5_000 });
  const [session] = sessionsOf({ ...clientConfig, now: () => START }, server);
  const other = { ...server, now: () => START };
  assertEquals(connected(clientConfig, other, session).server.resumed, true);
  const far = { ...server, now: () => START - 10_000 };
  assertEquals(connected(clientConfig, far, session).server.resumed, false);
});

Deno.test("row 186: without tickets none are issued and none accepted", () => {
  const server = serverConfig();
  const without = { ...server, tickets: undefined };
  assertEquals(sessionsOf(clientConfig, without), []);
  const [session] = sessionsOf(clientConfig, server);
  assertEquals(connected(clientConfig, without, session).client.resumed, false);
});

Deno.test("row 186: the application may skip tickets and decline sessions", () => {
  const { tickets } = serverConfig();
  if (tickets === undefined) throw new Error("no tickets");
  const silent: Tickets = { ...tickets, issue: () => null };
  assertEquals(sessionsOf(clientConfig, serverConfig({ tickets: silent })), []);
  const [session] = sessionsOf(clientConfig, serverConfig({ tickets }));
  for (const declined of [{ ...tickets, open: () => null }, { ...tickets, consume: () => false }]) {
    const server = serverConfig({ tickets: declined });
    assertEquals(connected(clientConfig, server, session).client.resumed, false);
    // Declined with or without a share, the handshake goes on.
    assertEquals(
      connected({ ...clientConfig, keyShares: [] }, server, session).client.resumed,
      false,
    );
  }
});

Deno.test("row 187: every resumption negotiates its group, also with a HelloRetryRequest", () => {
  const { x25519, secp256r1 } = NamedGroup;
  const server = serverConfig({ groups: [x25519, secp256r1] });
  const first = { ...clientConfig, groups: [x25519] };
  const [session] = sessionsOf(first, server);
  const second = connected({ ...clientConfig, groups: [secp256r1] }, server, session);
  assertEquals([second.client.resumed, second.client.group], [true, secp256r1]);
  const retried = connected(
    { ...clientConfig, groups: [secp256r1, x25519], keyShares: [secp256r1] },
    { ...server, groups: [x25519] },
    session,
  );
  assertEquals([retried.client.resumed, retried.client.helloRetryRequest], [true, true]);
  assertEquals(retried.client.group, x25519);
});

Deno.test("a stateless retry does not use the ticket up", () => {
  const used: string[] = [];
  const { tickets } = serverConfig();
  if (tickets === undefined) throw new Error("no tickets");
  const server = serverConfig({
    cookieKey: new Uint8Array(32),
    alwaysRetry: true,
    tickets: {
      ...tickets,
      consume(ticket) {
        if (used.includes(ticket.join())) return false;
        used.push(ticket.join());
        return true;
      },
    },
  });
  const [session] = sessionsOf(clientConfig, server);
  const client = Handshake.client(clientConfig, { ...target, session });
  client.start();
  const [first, second] = [Handshake.server(server), Handshake.server(server)];
  first.start();
  for (const event of client.events()) {
    if (event.type === "message") first.receive("initial", event.data);
  }
  for (const event of first.events()) {
    if (event.type === "message") client.receive("initial", event.data);
  }
  assertEquals(used.length, 0);
  // The second ClientHello meets a server that has not seen the first.
  second.start();
  exchange(client, second);
  assertEquals([client.info?.resumed, client.info?.helloRetryRequest], [true, true]);
  assertEquals(used.length, 1);
});

Deno.test("row 188: each connection brings new tickets, and the next one resumes the newest", () => {
  const opened: string[] = [];
  const { tickets } = serverConfig();
  if (tickets === undefined) throw new Error("no tickets");
  const issuedNow: string[][] = [];
  const server = serverConfig({
    ticketCount: 1,
    tickets: {
      ...tickets,
      async issue(session) {
        const ticket = await tickets.issue(session);
        issuedNow.push([ticket?.join() ?? ""]);
        return ticket;
      },
      open(ticket) {
        opened.push(ticket.join());
        return tickets.open(ticket);
      },
    },
  });
  return (async () => {
    const client = { ...clientConfig, sessionCache: new MemoryClientCache() };
    for (const expected of [false, true, true]) {
      const ours = Handshake.client(client, target);
      await shakeOut(ours, Handshake.server(server));
      assertEquals(ours.info?.resumed, expected);
    }
    assertEquals(opened, issuedNow.slice(0, 2).flat());
  })();
});

Deno.test("the tickets of a connection have nonces and keys of their own, and ages that are hidden", () => {
  const seen: Uint8Array[] = [];
  const observer = {
    message: (direction: string, _level: string, bytes: Uint8Array) => {
      if (direction === "read" && bytes[0] === HandshakeType.new_session_ticket) {
        seen.push(bytes.slice());
      }
    },
  };
  const sessions = sessionsOf({ ...clientConfig, observer }, serverConfig({ ticketCount: 5 }));
  const tickets = seen.map((bytes) =>
    decodeNewSessionTicket(bytes.subarray(HANDSHAKE_HEADER_LENGTH))
  );
  for (
    const values of [
      tickets.map(({ nonce }) => nonce.join()),
      tickets.map(({ ageAdd }) => String(ageAdd)),
      sessions.map((session) => session.psk.join()),
    ]
  ) assertEquals(new Set(values).size, 5);
});

Deno.test("a server sends as many tickets as the client asks for, up to its own limit (RFC 9149)", () => {
  const server = serverConfig({ maxTicketCount: 4 });
  const asking = (newSessionCount: number, resumptionCount: number): ClientConfig => ({
    ...clientConfig,
    ticketRequest: { newSessionCount, resumptionCount },
  });
  assertEquals(sessionsOf(asking(0, 0), server).length, 0);
  assertEquals(sessionsOf(asking(3, 1), server).length, 3);
  assertEquals(sessionsOf(asking(255, 1), server).length, 4);
  const [session] = sessionsOf(asking(3, 1), server);
  assertEquals(sessionsOf(asking(3, 1), server, session).length, 1);
});
