import { assertEquals, assertThrows } from "@std/assert";
import { requireClock, requireCount, requireDuration, requireTime } from "./arguments.ts";
import { TlsError } from "./error.ts";

const BAD = [NaN, undefined, null, "1", new Date(), {}, 1n];

Deno.test("row 255: what is no time, duration or count is refused as api/argument", () => {
  const refused = (check: () => unknown) =>
    assertEquals(assertThrows(check, TlsError).code, "api/argument");
  for (const value of [...BAD, Infinity, -Infinity]) refused(() => requireTime("now", value));
  for (const value of [...BAD, -1, -Infinity]) refused(() => requireDuration("timeout", value));
  for (const value of [...BAD, -1, 1.5, Infinity, 2 ** 53]) {
    refused(() => requireCount("count", value));
  }
  for (const value of [0, 11]) refused(() => requireCount("count", value, 1, 10));
  for (const value of [undefined, 5, "Date.now"]) refused(() => requireClock("now", value));
  for (const value of BAD) refused(requireClock("now", () => value));
});

Deno.test("row 255: fractional and negative moments and endless durations are fine", () => {
  assertEquals([requireTime("now", 1.5), requireTime("now", -1)], [1.5, -1]);
  assertEquals([requireDuration("t", 0.5), requireDuration("t", Infinity)], [0.5, Infinity]);
  assertEquals(requireCount("n", 10, 1, 10), 10);
  assertEquals(requireClock("now", () => 2.5)(), 2.5);
});
