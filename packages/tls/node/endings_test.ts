/** destroy() of a socket of the Node face has a bound. */
import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem } from "@sealane/wire";
import { connect, createServer, type TLSSocket } from "../node.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const cert = encodePem("CERTIFICATE", issued.chain[0]);
const key = encodePem("PRIVATE KEY", issued.privateKey);
const ca = encodePem("CERTIFICATE", authority.certificate);

for (const error of [undefined, new Error("enough")]) {
  const how = error === undefined ? "destroy()" : "destroy(error)";
  Deno.test(`row 252: ${how} ends within its bound while a write is blocked`, async () => {
    let accepted: TLSSocket | undefined;
    const server = createServer({ cert, key }, (socket) => {
      accepted = socket.pause();
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number }; // of a TCP socket
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(Buffer.alloc(32 * 2 ** 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const start = performance.now();
    socket.destroy(error);
    await closed;
    const after = performance.now() - start;
    assert(after < (error === undefined ? 1_000 : 0) + 1_500, `${after} ms`);
    accepted?.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}
