import { assert, assertEquals } from "@std/assert";
import { errorPage, PAGE, seenErrors } from "./errors.ts";

Deno.test("docs/errors.md has the messages that mistakes really make, and at least 80 of them (deno task errors writes it)", async () => {
  const seen = await seenErrors();
  assert(seen.length >= 80, `${seen.length} mistakes`);
  for (const { what, message } of seen) {
    assert(message !== "" && !message.endsWith("."), `${what}: ${message}`);
  }
  assertEquals(await Deno.readTextFile(PAGE), errorPage(seen));
});
