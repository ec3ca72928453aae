/**
 * How do I hide the name that I connect to? `deno run -A examples/ech.ts`
 *
 * The server makes a key for Encrypted Client Hello and publishes its configuration, in earnest as the `ech` parameter of
 * an HTTPS record. The wire shows the public name; what is asked for stands in the encrypted part. A client with an old
 * configuration gets the new one from the server, and connects again.
 *
 * @module
 */
import { echConfigList, type EchKey, generateEchKey } from "@sealane/handshake";
import { defaultProvider } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { TlsError } from "@sealane/wire";
import { localAuthority } from "./local.ts";

const provider = defaultProvider();
const authority = await localAuthority();
const oldKey = generateEchKey({ provider, publicName: "public.example" });
const key = generateEchKey({ provider, publicName: "public.example", besides: [oldKey] });

async function serve(echKeys: readonly EchKey[]) {
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    credentials: [await authority.issue("secret.example"), await authority.issue("public.example")],
    echKeys,
  });
  (async () => {
    for (;;) {
      const conn = await listener.accept().catch(() => null);
      if (conn === null) return;
      await conn.write(new TextEncoder().encode("hello")).catch(() => {});
      conn.close();
    }
  })();
  return listener;
}

const listener = await serve([key]);

async function visit(configList: Uint8Array, retries = 1): Promise<void> {
  const { hostname, port } = listener.addr;
  try {
    const conn = await connect({
      hostname,
      port,
      serverName: "secret.example",
      trust: authority.trust,
      ech: { configList },
    });
    const { echAccepted, serverName } = conn.info ?? {};
    console.log(`connected to ${serverName}, ${echAccepted ? "hidden" : "in the clear"}`);
    conn.close();
  } catch (error) {
    if (!(error instanceof TlsError) || !error.echRetryConfigs || retries === 0) throw error;
    console.log("the configuration is out of date, and the server gave another");
    await visit(error.echRetryConfigs, retries - 1);
  }
}

await visit(echConfigList([key]));
await visit(echConfigList([oldKey]));
listener.close();
