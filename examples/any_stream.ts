/**
 * How do I run TLS over something that is no socket? `deno run -A examples/any_stream.ts`
 *
 * Whatever has a `readable` and a `writable` will do: a WebTransport stream, a serial port, the standard input and output
 * of a program. Here it is two pipes in memory.
 *
 * @module
 */
import { defaultProvider } from "@sealane/providers";
import { TlsStream } from "@sealane/tls";
import { localAuthority } from "./local.ts";

const provider = defaultProvider();
const authority = await localAuthority();
const up = new TransformStream<Uint8Array, Uint8Array>();
const down = new TransformStream<Uint8Array, Uint8Array>();

const server = TlsStream.server(
  { readable: up.readable, writable: down.writable },
  { provider, credentials: [await authority.issue("inside.example")] },
);
const client = TlsStream.client(
  { readable: down.readable, writable: up.writable },
  { provider, trust: authority.trust },
  { serverName: "inside.example" },
);

const echoing = server.readable.pipeTo(server.writable);
const echo = new Response(client.readable).text();
await client.write(new TextEncoder().encode("no socket was needed"));
await client.closeWrite();
console.log(await echo);
await echoing;
