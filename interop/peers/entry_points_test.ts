/** The shortest ways into the packages, with the TLS that Deno embeds at the other end. */
import { assertEquals } from "@std/assert";
import type { CryptoProvider } from "@sealane/providers";
import { connect } from "@sealane/tls/deno";
import type { Material } from "./mod.ts";

/** Serves one connection of Deno's own TLS with an echo, and visits it. */
async function visit(provider?: CryptoProvider): Promise<void> {
  // Made here, so that a provider that fails is a test that fails.
  const { makeMaterial } = await import("./mod.ts");
  using material: Material = await makeMaterial();
  const { cert, key } = await material.identity("ecdsa-p256");
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const serving = listener.accept().then((conn) => conn.readable.pipeTo(conn.writable));
  const conn = await connect({
    ...{ hostname: "localhost", port: listener.addr.port, trust: material.trust },
    ...(provider === undefined ? {} : { provider }),
  });
  await conn.write(new TextEncoder().encode("there and back"));
  await conn.closeWrite();
  assertEquals(await new Response(conn.readable).text(), "there and back");
  await serving;
}

Deno.test("connect of @sealane/tls/deno reaches Deno TLS", () => visit());

Deno.test("connect with defaultProvider() reaches Deno TLS", async () => {
  const { defaultProvider } = await import("@sealane/providers");
  await visit(defaultProvider());
});

Deno.test("connect with nativeProvider reaches Deno TLS", async () => {
  const { nativeProvider } = await import("@sealane/providers/native");
  await visit(nativeProvider);
});
