/** Keys, sessions and tickets that are shown to people show no secret. */
import { assert, assertEquals } from "@std/assert";
import { inspect } from "node:util";
import { nativeProvider as provider } from "@sealane/providers/native";
import { toHex } from "@sealane/wire";
import {
  decodeSession,
  encodeSession,
  generateEchKey,
  guardStore,
  Handshake,
  MemoryStore,
  RotatingTicketKeys,
  sealedTickets,
} from "../mod.ts";
import { clientConfig, serverConfig, sessionsOf, target } from "../testing/session_testing.ts";

function shows(value: unknown, secret: Uint8Array): boolean {
  const options = {
    depth: 20,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    showHidden: true,
  };
  const texts = [
    Deno.inspect(value, options),
    inspect(value, { depth: 20, maxArrayLength: null, showHidden: true }),
  ];
  const forms = [
    toHex(secret),
    [...secret.subarray(0, 12)].join(","),
    [...secret.subarray(0, 4)].join(", "),
  ];
  return texts.some((text) => forms.some((form) => text.replaceAll(/\s+/g, " ").includes(form)));
}

Deno.test("row 265: sessions, ticket keys and ECH keys show sizes, also in copies", async () => {
  const [session] = sessionsOf(clientConfig, serverConfig());
  const keys = new RotatingTicketKeys(provider);
  const ticketKey = await keys.current();
  const ech = await generateEchKey({ provider, publicName: "public.test" });
  assert(shows({ psk: session.psk.slice() }, session.psk), "the test can fail");
  for (
    const [value, secret] of [
      [session, session.psk],
      [{ ...session }, session.psk],
      [[decodeSession(encodeSession(session))], session.psk],
      [ticketKey, ticketKey.key],
      [keys, ticketKey.key],
      [sealedTickets({ provider, keys }), ticketKey.key],
      [ech, ech.privateKey],
      [Handshake.client(clientConfig, { ...target, session }), session.psk],
    ] as [unknown, Uint8Array][]
  ) assertEquals(shows(value, secret), false);
});

Deno.test("row 260: a value that is too large for the store does not switch the store off", () => {
  const errors: unknown[] = [];
  const inner = new MemoryStore();
  const store = guardStore({
    get: (key) => inner.get(key),
    take: (key) => inner.take(key),
    add: (key, value, ttl) => inner.add(key, value, ttl),
    put: (key, value, ttl) => {
      if (value.length > 65_536) throw new TypeError("Value too large (max 65536 bytes)");
      inner.put(key, value, ttl);
    },
  }, { onError: (error) => errors.push(error) });
  store.put("large", new Uint8Array(65_537), 1_000);
  store.put("small", Uint8Array.of(1), 1_000);
  assertEquals([store.get("large"), store.get("small"), errors.length], [
    null,
    Uint8Array.of(1),
    1,
  ]);
});
