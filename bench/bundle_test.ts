import { assert } from "@std/assert";
import { clientSize } from "./bundle.ts";

/** What a client with WebCrypto takes today, bytes gzipped. Whoever makes it smaller writes the new figure here. */
const TODAY = 145_800;

Deno.test("a client with WebCrypto has not grown by 5 % when bundled", async () => {
  const { minified, gzipped } = await clientSize();
  assert(minified > 2 * gzipped, `${minified} bytes of JavaScript`);
  assert(gzipped < 1.05 * TODAY, `it takes ${gzipped} bytes gzipped, and took ${TODAY}`);
});
