import { assertEquals, assertNotEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { fromHex } from "@sealane/wire";
import { nextTrafficSecret } from "./key_schedule.ts";

Deno.test("next traffic secret is traffic upd of the last", () => {
  const [{ hash }] = nativeProvider.cipherSuites.filter((suite) => suite.hash.name === "SHA-256");
  const secret = new Uint8Array(32).fill(7);
  const next = nextTrafficSecret(hash, secret);
  // HKDF-Expand-Label(secret, "traffic upd", "", 32) written out
  assertEquals(
    next,
    hash.hmac(secret, fromHex("0020 11 746c733133207472616666696320757064 00 01")),
  );
  assertNotEquals(nextTrafficSecret(hash, next), next);
});
