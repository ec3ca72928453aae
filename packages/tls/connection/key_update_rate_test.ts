import { assertEquals } from "@std/assert";
import { utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig } from "../testing/testing.ts";

/** A server that gets `count` KeyUpdates, `pause` milliseconds apart, and maybe writes in between. */
function updated(count: number, pause: number, writes = false): string | undefined {
  let now = Date.now();
  const link = new Link(clientConfig, { ...serverConfig, now: () => now }).run();
  for (let i = 0; i < count && link.server.error === null; i++) {
    now += pause;
    link.client.updateKeys();
    if (writes) link.server.write(utf8("x"));
    link.pass("client");
  }
  return link.server.error?.code;
}

Deno.test("row 262: KeyUpdates without data are bounded in their rate, not in their number", () => {
  assertEquals(updated(32, 0), undefined);
  assertEquals(updated(33, 0), "peer/too-many-key-updates");
  assertEquals(updated(200, 1_000), undefined);
  assertEquals(updated(200, 500), "peer/too-many-key-updates");
});

Deno.test("row 262: our own data counts", () => {
  assertEquals(updated(200, 0, true), undefined);
});
