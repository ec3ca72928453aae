/**
 * Fetches one page, with the trust anchors of the system.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { namedGroupName, signatureSchemeName } from "@sealane/wire";
import { connect } from "@sealane/tls/deno";
import { keyLog } from "../key_log.ts";

/** Fetches `url` over HTTP/1.1, prints what was agreed and the head of the answer; whether it went well. */
export async function fetchPage(url: URL): Promise<boolean> {
  if (url.protocol !== "https:") throw new TypeError(`${url} is not an https address`);
  try {
    await request(url);
    return true;
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    console.log(`failed: ${error.message} (${error.code})`);
    return false;
  }
}

async function request(url: URL): Promise<void> {
  const start = performance.now();
  const conn = await connect({
    hostname: url.hostname,
    port: Number(url.port || 443),
    alpn: ["http/1.1"],
    allowTruncation: true, // many servers end without close_notify; HTTP says how long its answer is
    observer: keyLog(),
  });
  const milliseconds = performance.now() - start;
  const info = await conn.handshake();
  const group = info.group === null ? "no key exchange" : namedGroupName(info.group);
  const scheme = info.peerSignatureScheme;
  const signature = scheme === null ? "no signature" : signatureSchemeName(scheme);
  console.log(`${url.host}: ${info.suite.name}, ${group}, ${signature}, ALPN ${info.alpn}`);
  console.log(`connected and verified in ${milliseconds.toFixed(0)} ms`);

  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "user-agent: sealane",
    "connection: close",
  ];
  await conn.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const answer = await new Response(conn.readable).text();
  const [head] = answer.split("\r\n\r\n");
  console.log(`\n${head}\n\n${answer.length - head.length - 4} characters of body`);
  conn.close();
  await conn.closed;
}
