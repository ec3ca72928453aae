/**
 * How do I fetch a page? `deno run -A examples/https_get.ts https://example.com/`
 *
 * The server is verified with the trust anchors of the system, or those of the file that `SSL_CERT_FILE` names. With
 * `SSLKEYLOGFILE` the secrets go into that file, for Wireshark.
 *
 * @module
 */
import { connect } from "@sealane/tls/deno";
import { keyLog } from "./key_log.ts";

const url = new URL(Deno.args[0] ?? "https://example.com/");
const conn = await connect({
  hostname: url.hostname,
  port: Number(url.port || 443),
  alpn: ["http/1.1"],
  observer: keyLog(),
});
const request = `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`;
await conn.write(new TextEncoder().encode(request));
await conn.readable.pipeTo(Deno.stdout.writable, { preventClose: true });
conn.close();
