/**
 * How do I fetch a page with the ShangMi algorithms? `deno run -A examples/shangmi_get.ts https://localhost:8443/ ca.crt`
 *
 * @module
 */
import { TrustStore } from "@sealane/pki";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { connect } from "@sealane/tls/deno";
import { namedGroupName } from "@sealane/wire";
import { keyLog } from "./key_log.ts";

const url = new URL(Deno.args[0]);
const conn = await connect({
  hostname: url.hostname,
  port: Number(url.port || 443),
  provider: shangmiProvider,
  trust: TrustStore.fromPem(await Deno.readTextFile(Deno.args[1])),
  observer: keyLog(),
});
const { suite, group } = await conn.handshake();
console.log(`${suite.name}, ${group === null ? "no key exchange" : namedGroupName(group)}`);
const request = `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`;
await conn.write(new TextEncoder().encode(request));
await conn.readable.pipeTo(Deno.stdout.writable, { preventClose: true });
conn.close();
