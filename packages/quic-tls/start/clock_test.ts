import { assertEquals, assertThrows } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError, utf8 } from "@sealane/wire";
import { AddressTokens } from "./address_token.ts";

Deno.test("row 256: a token of a server whose clock is ahead or behind by 10 s is valid", async () => {
  const secrets = [new Uint8Array(32).fill(3)];
  const tokens = (offset: number) =>
    new AddressTokens({ provider, secrets, now: () => 5_000_000.5 + offset });
  const address = utf8("192.0.2.1");
  for (
    const [ahead, valid] of [
      [-21_000, false],
      [-9_000, true],
      [-1, true],
      [1, true],
      [9_000, true],
      [11_000, false],
    ] as const
  ) {
    const retry = await tokens(ahead).retry(address, new Uint8Array(8), new Uint8Array(8));
    assertEquals((await tokens(0).open(retry, address)) !== null, valid, `${ahead}`);
    const fresh = await tokens(ahead).newToken(address);
    assertEquals((await tokens(0).open(fresh, address)) !== null, ahead < 10_000);
  }
  for (const bad of [NaN, -1]) {
    const make = () => new AddressTokens({ provider, retryLifetime: bad });
    assertEquals(assertThrows(make, TlsError).code, "api/argument");
  }
});
