/**
 * How do I serve several names from one port? `deno run -A examples/names.ts`
 *
 * Credentials in a list are chosen by the name that the client asks for, and by the signatures that it accepts. For names
 * that are not known beforehand, `credentials` may be a function, which may take its time.
 *
 * @module
 */
import { connect, listen } from "@sealane/tls/deno";
import { localAuthority } from "./local.ts";

const authority = await localAuthority();
const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  async credentials({ serverName }) {
    if (serverName === null || !serverName.endsWith(".example")) return null; // handshake_failure
    return await authority.issue(serverName);
  },
});

for (const serverName of ["blue.example", "green.example"]) {
  const accepted = listener.accept();
  const { port } = listener.addr;
  const conn = await connect({ port, serverName, trust: authority.trust });
  const [name] = conn.info?.peer?.leaf?.extensions.subjectAltName ?? [];
  console.log(`asked for ${serverName}, and that is ${name?.value}`);
  conn.close();
  (await accepted).close();
  await conn.closed;
}
listener.close();
