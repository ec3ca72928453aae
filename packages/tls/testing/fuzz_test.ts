import { assert } from "@std/assert";
import { fuzzConnections } from "./fuzz.ts";

Deno.test("connections survive mutated bytes with nothing but a TlsError", async () => {
  const tally = await fuzzConnections(150, 1);
  assert((tally.get("peer/bad-record-mac") ?? 0) > 0, [...tally.keys()].join());
  assert(tally.size > 4, [...tally.keys()].join());
});
