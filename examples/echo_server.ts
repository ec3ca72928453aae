/**
 * How do I serve? `deno run -A examples/echo_server.ts 8443 chain.pem key.pem`, and then
 * `openssl s_client -connect localhost:8443`.
 *
 * Every connection gets back what it sends. One that fails ends alone.
 *
 * @module
 */
import { listen } from "@sealane/tls/deno";
import { keyLog } from "./key_log.ts";

const [port, chain, key] = Deno.args;
const listener = await listen({
  port: Number(port),
  cert: await Deno.readTextFile(chain),
  key: await Deno.readTextFile(key),
  observer: keyLog(),
});
console.log(`listening on port ${listener.addr.port}`);
for await (const conn of listener) {
  conn.readable.pipeTo(conn.writable).catch((error) => console.error(error.message));
}
