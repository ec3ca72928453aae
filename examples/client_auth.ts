/**
 * How do clients prove who they are? `deno run -A examples/client_auth.ts`
 *
 * The server requires a certificate of its own authority and reads the client's name from it.
 *
 * @module
 */
import { connect, listen } from "@sealane/tls/deno";
import { localAuthority } from "./local.ts";

const authority = await localAuthority();
const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  credentials: [await authority.issue("localhost")],
  clientAuthentication: "required",
  trust: authority.trust,
});

async function greet(): Promise<void> {
  const conn = await listener.accept();
  const { peer } = await conn.handshake();
  const [name] = peer?.leaf?.extensions.subjectAltName ?? [];
  await conn.write(new TextEncoder().encode(`hello ${name?.value}`));
  await conn.closeWrite();
}

const greeting = greet();
const conn = await connect({
  hostname: "localhost",
  port: listener.addr.port,
  trust: authority.trust,
  credentials: [await authority.issue("alice.example")],
});
console.log(await new Response(conn.readable).text());
conn.close();
await Promise.all([greeting, conn.closed]);
listener.close();
