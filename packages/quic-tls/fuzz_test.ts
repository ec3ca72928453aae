import { assert } from "@std/assert";
import { fuzz } from "./fuzz.ts";

Deno.test("random and mutated packets open nothing, change no state and throw nothing", async () => {
  const reasons = await fuzz(4000, 1);
  // The packets reach every layer: else the test would show nothing.
  for (const reason of ["authentication", "truncated", "length", "keys-unavailable", "fixed-bit"]) {
    assert((reasons.get(reason) ?? 0) > 0, `no packet was dropped as ${reason}`);
  }
});
