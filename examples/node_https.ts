/**
 * How do I use it with `node:https` and `node:http`? `deno run -A examples/node_https.ts`
 *
 * @module
 */
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { createTestAuthority } from "@sealane/pki/testing";
import { defaultProvider } from "@sealane/providers";
import { connect, createServer } from "@sealane/tls/node";
import { encodePem } from "@sealane/wire";

const authority = await createTestAuthority(defaultProvider());
const { chain, privateKey } = await authority.issue({ names: ["localhost"] });
const ca = encodePem("CERTIFICATE", authority.certificate);

const pages = http.createServer((request, response) => response.end(`this is ${request.url}`));
const server = createServer({
  cert: encodePem("CERTIFICATE", chain[0]),
  key: encodePem("PRIVATE KEY", privateKey),
}, (socket) => pages.emit("connection", socket));

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo; // it listens on a port, so it has one
  const request = https.request({
    host: "localhost",
    path: "/page",
    // The types ask for a socket of the runtime; what is used of it, ours has.
    createConnection: () => connect({ port, ca }) as unknown as TLSSocket,
  }, async (response) => {
    for await (const chunk of response) console.log(String(chunk));
    server.close();
  });
  request.end();
});
