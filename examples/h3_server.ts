/**
 * Answers HTTP/3: `deno run -A examples/h3_server.ts cert.pem key.pem [port]`
 *
 * @module
 */
import type { Credential } from "@sealane/handshake";
import { nativeProvider as provider } from "@sealane/providers/native";
import { credentialFromPem } from "@sealane/tls";
import { drain, type Message, openControlStream, readMessage, sendMessage } from "./h3/messages.ts";
import type { QuicConnection } from "./quic/connection.ts";
import { QuicListener } from "./quic/endpoint.ts";
import type { QuicStream } from "./quic/stream.ts";
import { denoSocket } from "./quic/machine.ts";

/** What answers a request. */
export type Handler = (request: Message) => Message;

/** Serves HTTP/3 until the listener is closed. */
export function serve(port: number, credentials: Credential[], handler: Handler): QuicListener {
  const tls = { provider, credentials, alpn: ["h3"] };
  const listener = new QuicListener(denoSocket("127.0.0.1", port), { tls });
  (async () => {
    for await (const connection of listener.connections) serveConnection(connection, handler);
  })();
  return listener;
}

async function serveConnection(connection: QuicConnection, handler: Handler): Promise<void> {
  connection.ready.then(() => openControlStream(connection)).catch(() => {});
  for await (const stream of connection.streams.incoming) {
    if (stream.id & 2) drain(stream);
    else answer(stream, handler).catch(() => {});
  }
}

async function answer(stream: QuicStream, handler: Handler): Promise<void> {
  const { fields, body } = handler(await readMessage(stream));
  await sendMessage(stream, fields, body);
}

/** Says hello to every path. */
export function hello({ fields }: Message): Message {
  const path = fields.find(([name]) => name === ":path")?.[1] ?? "/";
  const body = new TextEncoder().encode(`hello from ${path}\n`);
  return {
    fields: [[":status", "200"], ["content-type", "text/plain"], [
      "content-length",
      `${body.length}`,
    ]],
    body,
  };
}

if (import.meta.main) {
  const [certFile, keyFile, port = "4433"] = Deno.args;
  const [cert, key] = await Promise.all([certFile, keyFile].map((file) => Deno.readTextFile(file)));
  const credential = await credentialFromPem(provider, { cert, key });
  const listener = serve(Number(port), [credential], hello);
  console.log(`https://localhost:${listener.address.port}/`);
}
