import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, TlsError, utf8 } from "@sealane/wire";
import { nativeProvider } from "@sealane/providers/native";
import { AddressTokens } from "./address_token.ts";
import { AmplificationBudget } from "./amplification.ts";

const ADDRESS = utf8("192.0.2.1:4433");
const ORIGINAL = fromHex("8394c8f03e515708");
const RETRY = fromHex("f067a550");

Deno.test("a Retry token gives both connection IDs back to its own address only", async () => {
  const tokens = new AddressTokens({ provider: nativeProvider });
  const token = await tokens.retry(ADDRESS, ORIGINAL, RETRY);
  assertEquals(await tokens.open(token, ADDRESS), {
    kind: "retry",
    originalDestinationConnectionId: ORIGINAL,
    retrySourceConnectionId: RETRY,
  });
  assertEquals(await tokens.open(token, utf8("192.0.2.2:4433")), null);
  assertEquals(await tokens.open(await tokens.newToken(ADDRESS), ADDRESS), { kind: "new-token" });
});

Deno.test("a token expires by its kind", async () => {
  let time = 1_700_000_000_000;
  const tokens = new AddressTokens({ provider: nativeProvider, now: () => time });
  const retry = await tokens.retry(ADDRESS, ORIGINAL, RETRY);
  const newToken = await tokens.newToken(ADDRESS);
  time += 10_000;
  assert(await tokens.open(retry, ADDRESS) !== null);
  time += 1;
  assertEquals(await tokens.open(retry, ADDRESS), null);
  assert(await tokens.open(newToken, ADDRESS) !== null);
  time += 86_400_000;
  assertEquals(await tokens.open(newToken, ADDRESS), null);
});

Deno.test("a token that is changed or cut anywhere is refused", async () => {
  const tokens = new AddressTokens({ provider: nativeProvider });
  const token = await tokens.retry(ADDRESS, ORIGINAL, RETRY);
  for (let i = 0; i < token.length; i++) {
    const forged = token.slice();
    forged[i] ^= 0x80;
    assertEquals(await tokens.open(forged, ADDRESS), null);
    assertEquals(await tokens.open(token.subarray(0, i), ADDRESS), null);
  }
  assertEquals(await tokens.open(new Uint8Array(100_000), ADDRESS), null);
});

Deno.test("servers that share a secret accept each other's tokens, and old secrets open", async () => {
  const [old, young] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const one = new AddressTokens({ provider: nativeProvider, secrets: [old] });
  const two = new AddressTokens({ provider: nativeProvider, secrets: [young, old] });
  assert(await two.open(await one.newToken(ADDRESS), ADDRESS) !== null);
  assertEquals(await one.open(await two.newToken(ADDRESS), ADDRESS), null);
  for (const secrets of [[], [new Uint8Array(31)]]) {
    assertThrows(() => new AddressTokens({ provider: nativeProvider, secrets }), TlsError);
  }
});

Deno.test("an unvalidated address gets three times what it sent", () => {
  const budget = new AmplificationBudget();
  assertEquals(budget.available, 0);
  budget.onReceived(1200);
  assertEquals(budget.available, 3600);
  budget.onSent(3601);
  assertEquals(budget.available, 0);
  budget.validate();
  assertEquals(budget.available, Infinity);
});
