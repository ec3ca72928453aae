/**
 * How do I resume a session, so that the second connection costs less? `deno run -A examples/resume.ts`
 *
 * The server seals sessions into tickets; the client keeps them in a cache.
 *
 * @module
 */
import { MemoryClientCache, RotatingTicketKeys, sealedTickets } from "@sealane/handshake";
import { defaultProvider } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { localAuthority } from "./local.ts";

const provider = defaultProvider();
const authority = await localAuthority();
const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  credentials: [await authority.issue("localhost")],
  tickets: sealedTickets({ provider, keys: new RotatingTicketKeys({ random: provider.random }) }),
});

async function greet(): Promise<void> {
  const conn = await listener.accept();
  await conn.write(new TextEncoder().encode("hello"));
  conn.close();
}

const sessionCache = new MemoryClientCache();
for (const visit of ["first", "second"]) {
  const greeting = greet();
  const { port } = listener.addr;
  const conn = await connect({
    hostname: "localhost",
    port,
    trust: authority.trust,
    sessionCache,
  });
  await new Response(conn.readable).text(); // the tickets come before the data
  console.log(`${visit} visit: ${conn.info?.resumed ? "resumed" : "a full handshake"}`);
  conn.close();
  await greeting;
}
listener.close();
