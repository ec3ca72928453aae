import { assert } from "@std/assert";
import { fuzzAuthentications, fuzzDecoders, fuzzHandshakes } from "./fuzz.ts";

Deno.test("decoders throw nothing but TlsError for mutated input", async () => {
  const tally = await fuzzDecoders(6000, 1);
  // Both happen: else the mutations were too strong or too weak to show anything.
  assert((tally.get("decoded") ?? 0) > 100);
  assert((tally.get("peer/decode-error") ?? 0) > 1000);
});

Deno.test("no handshake survives a changed message", async () => {
  const tally = await fuzzHandshakes(150, 1);
  assert((tally.get("peer/decode-error") ?? 0) > 0);
  assert([...tally.keys()].length > 4, [...tally.keys()].join());
});

Deno.test("no client is known by a changed answer after the handshake", async () => {
  const tally = await fuzzAuthentications(100, 1);
  assert((tally.get("answered") ?? 0) > 0, [...tally].join());
  assert([...tally.keys()].length > 4, [...tally.keys()].join());
});
