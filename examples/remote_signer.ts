/**
 * How do I keep the private key elsewhere, in a KMS or an HSM? `deno run -A examples/remote_signer.ts`
 *
 * A credential has a signer, and a signer may answer later. This one waits as long as a request to another machine takes.
 *
 * @module
 */
import { createCredential } from "@sealane/handshake";
import type { Signer } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { localAuthority } from "./local.ts";

const authority = await localAuthority();
const local = await authority.issue("localhost");

const remote: Signer = {
  schemes: local.signer.schemes,
  async sign(scheme, data, options) {
    options?.signal?.throwIfAborted(); // the client has gone: nobody needs the signature
    await new Promise((resolve) => setTimeout(resolve, 20)); // where a request would be made
    return await local.signer.sign(scheme, data, options);
  },
};

const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  credentials: [createCredential({ certificates: local.certificates, signer: remote })],
});
const accepted = listener.accept();
const { port } = listener.addr;
const conn = await connect({ hostname: "localhost", port, trust: authority.trust });
console.log("the signature came from elsewhere, and verifies");
conn.close();
(await accepted).close();
await conn.closed;
listener.close();
