/**
 * Runs under Node itself, once it is bundled: HTTPS between Sealane and Node's own TLS, in both roles. Prints a line for
 * each page.
 *
 * @module
 */
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { TLSSocket as NodeTlsSocket } from "node:tls";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider } from "@sealane/providers/native";
import { connect, createSecureContext, createServer, TLSSocket } from "@sealane/tls/node";
import { encodePem } from "@sealane/wire";

const authority = await createTestAuthority(nativeProvider);
const ca = encodePem("CERTIFICATE", authority.certificate);
const issued = await authority.issue({ names: ["localhost"] });
const cert = encodePem("CERTIFICATE", issued.chain[0]);
const key = encodePem("PRIVATE KEY", issued.privateKey);

async function portOf(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // it listens on a port, so it has one
}

/** Asks for a page; what it says, and whose socket it came over. */
function ask(port: number, options: https.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const address = { host: "localhost", port, path: "/page", ca, ...options };
    const request = https.request(address, async (response) => {
      const socket: unknown = response.socket;
      let text = socket instanceof TLSSocket ? "over Sealane: " : "over Node: ";
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
    request.on("error", reject);
    request.end();
  });
}

/**
 * Asks over a socket of ours. The types want a socket of Node; what is used of it, ours has. There is no `agent` beside it:
 * with one, and with `agent: false` too, Node makes a socket of its own.
 */
function overSealane(port: number): https.RequestOptions {
  const options = { host: "127.0.0.1", port, servername: "localhost", ca };
  return { createConnection: () => connect(options) as unknown as NodeTlsSocket };
}

const pages = http.createServer((request, response) => response.end(`Sealane has ${request.url}`));
const secureContext = createSecureContext({ cert, key });
const ours = createServer({ secureContext }, (socket) => pages.emit("connection", socket));
const theirs = https.createServer({ cert, key }, (request, response) => {
  response.end(`Node has ${request.url}`);
});
const [ourPort, theirPort] = await Promise.all([portOf(ours), portOf(theirs)]);

console.log(`Sealane asks Sealane: ${await ask(ourPort, overSealane(ourPort))}`);
console.log(`Node asks Sealane: ${await ask(ourPort, { agent: false })}`);
console.log(`Sealane asks Node: ${await ask(theirPort, overSealane(theirPort))}`);
ours.close();
theirs.close();
