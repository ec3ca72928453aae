import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError, utf8 } from "@sealane/wire";
import { MemoryClientCache } from "./client_cache.ts";
import { MemoryStore } from "./memory_store.ts";
import { createReplayGuard } from "./replay.ts";
import type { Session } from "./session.ts";
import type { SessionStore } from "./store.ts";
import { RotatingTicketKeys } from "./ticket_keys.ts";
import { sealedTickets, storedTickets } from "./tickets.ts";

const HOUR = 3600_000;
const START = 20_000 * 24 * HOUR; // the first moment of a period

const session: Session = {
  cipherSuite: 0x1301,
  hash: "SHA-256",
  psk: new Uint8Array(32).fill(7),
  ticket: new Uint8Array(),
  lifetime: 7200,
  ageAdd: 5,
  issuedAt: START,
  authenticatedAt: START,
  maxEarlyData: 16384,
  serverName: "a.test",
  alpn: utf8("h3"),
  peer: null,
  verification: "strict",
  localIdentity: null,
  context: null,
  flags: [],
};

/** The provider with promises where the interface allows them. */
const slowProvider: CryptoProvider = {
  ...provider,
  cipherSuites: provider.cipherSuites.map((suite) => ({
    ...suite,
    aead: {
      ...suite.aead,
      async importKey(bytes) {
        const key = await suite.aead.importKey(bytes.slice());
        return {
          seal: async (...args) => await key.seal(...args),
          open: async (...args) => await key.open(...args),
        };
      },
    },
  })),
};

/** A store behind promises, with a switch. */
class RemoteStore implements SessionStore {
  readonly #inner = new MemoryStore({ now: () => clock });
  up = true;
  async #ask<T>(answer: () => T): Promise<T> {
    await Promise.resolve();
    if (!this.up) throw new Error("down");
    return answer();
  }
  get = (key: string) => this.#ask(() => this.#inner.get(key));
  take = (key: string) => this.#ask(() => this.#inner.take(key));
  put = (key: string, value: Uint8Array, ttl: number) =>
    this.#ask(() => this.#inner.put(key, value, ttl));
  add = (key: string, value: Uint8Array, ttl: number) =>
    this.#ask(() => this.#inner.add(key, value, ttl));
}

let clock = START;
const now = () => clock;
const random = (length: number) => provider.random(length);

function keyRing(store?: SessionStore): RotatingTicketKeys {
  return new RotatingTicketKeys({ random, store, now });
}

Deno.test("a sealed ticket gives its session back, without a promise where there is none", () => {
  clock = START;
  const tickets = sealedTickets({ provider, keys: keyRing() });
  const ticket = tickets.issue(session);
  assert(ticket instanceof Uint8Array);
  assertEquals(tickets.open(ticket), session);
  assertEquals(tickets.consume(ticket, session), true);
});

Deno.test("a sealed ticket gives its session back with promises everywhere", async () => {
  clock = START;
  const keys = keyRing(new RemoteStore());
  const tickets = sealedTickets({ provider: slowProvider, keys });
  const ticket = await tickets.issue(session);
  assert(ticket !== null);
  assertEquals(await tickets.open(ticket), session);
});

Deno.test("a sealed ticket says nothing in the clear, and no two are alike", async () => {
  const tickets = sealedTickets({ provider, keys: keyRing() });
  const texts = await Promise.all([1, 2].map(async () => {
    return String.fromCharCode(...(await tickets.issue(session)) ?? []);
  }));
  assert(!texts[0].includes("a.test"));
  assert(texts[0].slice(35) !== texts[1].slice(35));
});

Deno.test("a sealed ticket that is changed, cut, longer or of another ring or context does not open", async () => {
  const keys = keyRing();
  const tickets = sealedTickets({ provider, keys });
  const ticket = await tickets.issue(session);
  assert(ticket !== null);
  for (let i = 0; i < ticket.length; i++) {
    const changed = ticket.slice();
    changed[i] ^= 1;
    assertEquals(await tickets.open(changed), null, `byte ${i}`);
    assertEquals(await tickets.open(ticket.subarray(0, i)), null, `${i} bytes`);
  }
  assertEquals(await tickets.open(new Uint8Array([...ticket, 0])), null);
  assertEquals(await sealedTickets({ provider, keys: keyRing() }).open(ticket), null);
  const elsewhere = sealedTickets({ provider, keys, context: utf8("b") });
  assertEquals(await elsewhere.open(ticket), null);
});

Deno.test("a session that no ticket can carry gets none", async () => {
  const tickets = sealedTickets({ provider, keys: keyRing() });
  assertEquals(await tickets.issue({ ...session, context: new Uint8Array(65_500) }), null);
});

Deno.test("a sealed ticket with a record of used ones serves once, also in a fleet", async () => {
  clock = START;
  const used = new RemoteStore();
  const keys = keyRing();
  const servers = [1, 2, 3].map(() => sealedTickets({ provider, keys, used }));
  const ticket = await servers[0].issue(session);
  assert(ticket !== null);
  const consumed = await Promise.all(servers.map((server) => server.consume(ticket, session)));
  assertEquals(consumed.filter((first) => first).length, 1);
  used.up = false;
  const another = await servers[0].issue(session);
  assert(another !== null);
  assertEquals(await servers[0].consume(another, session), false);
});

Deno.test("a stored ticket gives its session back and serves once", async () => {
  const store = new RemoteStore();
  const servers = [1, 2].map(() => storedTickets({ store, random }));
  const ticket = await servers[0].issue(session);
  assert(ticket !== null);
  assertEquals(await servers[1].open(ticket), session);
  assertEquals(await servers[1].open(ticket), session, "looking does not use it up");
  const consumed = await Promise.all(servers.map((server) => server.consume(ticket, session)));
  assertEquals(consumed.sort(), [false, true]);
  assertEquals(await servers[0].open(ticket), null);
  assertEquals(await servers[0].open(ticket.subarray(1)), null);
});

Deno.test("a stored ticket goes with its lifetime, and serves as often as wanted where that is wanted", () => {
  clock = START;
  const store = new MemoryStore({ now });
  const tickets = storedTickets({ store, random, singleUse: false });
  const ticket = tickets.issue(session);
  assert(ticket instanceof Uint8Array);
  assertEquals([tickets.consume(ticket, session), tickets.consume(ticket, session)], [true, true]);
  clock = START + 7200_000;
  assertEquals(tickets.open(ticket), null);
});

Deno.test("a store that is down makes full handshakes", async () => {
  const store = new RemoteStore();
  const tickets = storedTickets({ store, random });
  const ticket = await tickets.issue(session);
  assert(ticket !== null);
  store.up = false;
  assertEquals(await tickets.open(ticket), null);
  assertEquals(await tickets.consume(ticket, session), false);
});

Deno.test("a ticket key seals for 24 hours and opens for 48", async () => {
  clock = START;
  const keys = keyRing();
  const first = await keys.current();
  const name = first.name.slice();
  const finds = async () => (await keys.find(name)) !== null;
  clock = START + 24 * HOUR - 1;
  assertEquals(await keys.current(), first);
  clock = START + 24 * HOUR;
  const second = await keys.current();
  assert(second.name.join() !== name.join() && second.key.join() !== first.key.join());
  clock = START + 48 * HOUR - 1;
  assertEquals([await finds(), await keys.current()], [true, second]);
  clock = START + 48 * HOUR;
  assertEquals(await finds(), false);
  await keys.current();
  assertEquals(first.key, new Uint8Array(32), "the old key is wiped");
});

Deno.test("the servers of a fleet agree on the key of a period, whoever comes first", async () => {
  clock = START;
  const store = new RemoteStore();
  const rings = [1, 2, 3, 4].map(() => keyRing(store));
  const keys = await Promise.all(rings.map((ring) => ring.current()));
  for (const key of keys) assertEquals(key, keys[0]);
  clock += 30 * HOUR;
  await rings[0].current();
  const late = keyRing(store);
  assertEquals(await late.find(keys[0].name), { name: keys[0].name, key: keys[1].key });
});

Deno.test("a server whose clock is ahead is understood by the others", async () => {
  const store = new RemoteStore();
  const [fast, slow] = [1000, 0].map((ahead) =>
    new RotatingTicketKeys({ random, store, now: () => clock + ahead })
  );
  clock = START + 24 * HOUR - 500;
  await slow.current();
  const next = await fast.current();
  assertEquals(await slow.find(next.name), next);
});

Deno.test("while the store is down a server seals with its own key, and still opens with it later", async () => {
  clock = START;
  const store = new RemoteStore();
  store.up = false;
  const ring = keyRing(store);
  const own = await ring.current();
  assertEquals(await ring.current(), own);
  store.up = true;
  clock += 2000;
  const shared = await ring.current();
  assert(shared !== own);
  assertEquals(await ring.find(own.name), own);
  assertEquals(await keyRing(store).find(shared.name), shared);
  assertEquals(await keyRing(store).find(own.name), null);
});

Deno.test("a key name of a wrong length, of a far period or unknown finds nothing", async () => {
  clock = START;
  const ring = keyRing();
  const { name } = await ring.current();
  const unknown = name.slice();
  unknown[15] ^= 1;
  const far = name.slice();
  far[3] += 2;
  for (const wrong of [name.subarray(1), unknown, far]) {
    assertEquals(await ring.find(wrong), null);
  }
  assertThrows(() => new RotatingTicketKeys({ random, period: 0 }), TlsError);
});

const binder = (n: number) => new Uint8Array(32).fill(n);

Deno.test("a handshake may have early data once within the window of its tolerance", () => {
  clock = START;
  const guard = createReplayGuard({ now, tolerance: 10_000 });
  assertEquals([guard.claim(binder(1)), guard.claim(binder(2)), guard.claim(binder(1))], [
    true,
    true,
    false,
  ]);
  clock += 20_000; // the last moment at which the ticket's age can still look right
  assertEquals(guard.claim(binder(1)), false);
});

Deno.test("the replay guards of a fleet know what the others have seen", async () => {
  clock = START;
  const store = new RemoteStore();
  const guards = [1, 2, 3, 4].map(() => createReplayGuard({ store, now }));
  const claims = await Promise.all(guards.map((guard) => guard.claim(binder(1))));
  assertEquals(claims.filter((claim) => claim).length, 1);
  store.up = false;
  assertEquals(await guards[0].claim(binder(2)), false);
});

Deno.test("a replay guard that is full declines instead of forgetting", () => {
  clock = START;
  const store = new MemoryStore({ maxEntries: 2, whenFull: "refuse", now });
  const guard = createReplayGuard({ store, now });
  assertEquals([1, 2, 3, 1].map((n) => guard.claim(binder(n))), [true, true, false, false]);
});

Deno.test("a replay guard that has lost its records declines until nothing old can be replayed", () => {
  clock = START;
  const guard = createReplayGuard({ now, tolerance: 10_000, declineAfterStart: true });
  assertEquals(guard.claim(binder(1)), false);
  clock += 30_000;
  assertEquals(guard.claim(binder(1)), true);
});

Deno.test("a client takes its newest session with a server once", () => {
  clock = START;
  const cache = new MemoryClientCache({ now, sessionsPerServer: 2 });
  const sessions = [1, 2, 3].map((ageAdd) => ({ ...session, ageAdd }));
  for (const each of sessions) cache.put("a.test:443", each);
  assertEquals(cache.take("b.test:443"), null);
  const taken = [1, 2, 3].map(() => cache.take("a.test:443"));
  assertEquals(taken, [sessions[2], sessions[1], null]);
});

Deno.test("a client does not take a session that is too old", () => {
  clock = START;
  const cache = new MemoryClientCache({ now });
  cache.put("a", { ...session, lifetime: 20 });
  clock += 21_000;
  assertEquals(cache.take("a"), null);
});

Deno.test("a client keeps sessions of as many servers as it may, and reuses them where it is told to", () => {
  clock = START;
  const cache = new MemoryClientCache({ now, maxServers: 2, singleUse: false });
  cache.put("a", session);
  cache.put("b", session);
  assertEquals(cache.take("a"), session);
  cache.put("c", session);
  assertEquals(["a", "b", "c"].map((server) => cache.take(server) !== null), [true, false, true]);
});
