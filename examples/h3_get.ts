/**
 * Fetches a URL over HTTP/3: `deno run -A examples/h3_get.ts https://localhost:4433/ [ca.pem]`
 *
 * @module
 */
import { TrustStore } from "@sealane/pki";
import { nativeProvider as provider } from "@sealane/providers/native";
import { drain, type Message, openControlStream, readMessage, sendMessage } from "./h3/messages.ts";
import { connect } from "./quic/endpoint.ts";
import { denoSocket } from "./quic/machine.ts";

/** GET over HTTP/3. */
export async function get(url: URL, trust: TrustStore): Promise<Message> {
  const [hostname] = await resolve(url.hostname);
  const to = { hostname, port: Number(url.port || 443) };
  const connection = await connect(denoSocket("0.0.0.0"), to, {
    tls: { provider, trust, alpn: ["h3"] },
    target: { serverName: url.hostname },
  });
  await connection.ready;
  (async () => {
    for await (const stream of connection.streams.incoming) drain(stream);
  })();
  await openControlStream(connection);
  const stream = await connection.streams.open();
  await sendMessage(stream, [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", url.host],
    [":path", url.pathname + url.search],
    ["user-agent", "sealane-example"],
  ], new Uint8Array(0));
  const response = await readMessage(stream);
  await connection.close(0x100); // H3_NO_ERROR
  return response;
}

async function resolve(hostname: string): Promise<string[]> {
  if (/^[0-9.]+$/.test(hostname)) return [hostname];
  return hostname === "localhost" ? ["127.0.0.1"] : await Deno.resolveDns(hostname, "A");
}

if (import.meta.main) {
  const [url, ca = "/etc/ssl/certs/ca-certificates.crt"] = Deno.args;
  const trust = TrustStore.fromPem(await Deno.readTextFile(ca));
  const { fields, body } = await get(new URL(url), trust);
  for (const [name, value] of fields) console.error(`${name}: ${value}`);
  await Deno.stdout.write(body);
}
