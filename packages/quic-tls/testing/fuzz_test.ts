import { assert } from "@std/assert";
import { fuzz, fuzzFrames } from "./fuzz.ts";

Deno.test("random and mutated packets open nothing, change no state and throw nothing", async () => {
  const reasons = await fuzz(4000, 1);
  // The packets reach every layer: else the test would show nothing.
  for (const reason of ["authentication", "truncated", "length", "keys-unavailable", "fixed-bit"]) {
    assert((reasons.get(reason) ?? 0) > 0, `no packet was dropped as ${reason}`);
  }
});

Deno.test("mutated frames are read or refused, and what is read is written the same", async () => {
  const outcomes = await fuzzFrames(2000, 1);
  for (const outcome of ["read", "FRAME_ENCODING_ERROR", "PROTOCOL_VIOLATION"]) {
    assert((outcomes.get(outcome) ?? 0) > 0, `no payload was ${outcome}`);
  }
});
