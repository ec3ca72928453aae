/**
 * How do I serve with the ShangMi algorithms? `deno run -A examples/shangmi_server.ts 8443 server.crt server.key`
 *
 * `packages/providers/shangmi/README.md` has the commands that make the certificate. The provider alone, as here, takes no
 * other clients; `combineProviders(shangmiProvider, defaultProvider())` with a second certificate does.
 *
 * @module
 */
import { shangmiProvider } from "@sealane/providers/shangmi";
import { listen } from "@sealane/tls/deno";
import { keyLog } from "./key_log.ts";

const [port, cert, key] = Deno.args;
const listener = await listen({
  port: Number(port),
  provider: shangmiProvider,
  cert: await Deno.readTextFile(cert),
  key: await Deno.readTextFile(key),
  observer: keyLog(),
});
console.log(`listening on port ${listener.addr.port}`);

const PAGE = "served with SM2, SM3 and SM4\n";
const ANSWER =
  `HTTP/1.1 200 OK\r\ncontent-length: ${PAGE.length}\r\nconnection: close\r\n\r\n${PAGE}`;

async function serve(conn: Awaited<ReturnType<typeof listener.accept>>): Promise<void> {
  await conn.read(new Uint8Array(16_384)); // the request, which there is one answer to
  await conn.write(new TextEncoder().encode(ANSWER));
  conn.close();
}

for await (const conn of listener) serve(conn).catch((error) => console.error(error.message));
