/** What single connections and a lack of resources do to a listener over Deno's sockets: nothing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect as connectSocket } from "node:net";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem, utf8 } from "@sealane/wire";
import { connect, listen, TlsListener } from "../deno.ts";
import { serverConfig } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const cert = encodePem("CERTIFICATE", issued.chain[0]);
const key = encodePem("PRIVATE KEY", issued.privateKey);
const trust = TrustStore.fromCertificates([authority.certificate]);

/** Connects and resets the connection, before anybody has accepted it. */
async function reset(port: number): Promise<void> {
  const socket = connectSocket(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resetAndDestroy();
  await closed;
}

Deno.test("row 246: connections that were reset before they are accepted end nothing", async () => {
  const listener = await listen({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr;
  for (let i = 0; i < 3; i++) await reset(port);
  const serving = (async () => {
    for await (const conn of listener) {
      conn.write(utf8("hello")).then(() => conn.close(), () => {});
    }
  })();
  for (let i = 0; i < 3; i++) {
    const conn = await connect({ hostname: "127.0.0.1", serverName: "localhost", port, trust });
    assertEquals(await conn.read(new Uint8Array(5)), 5);
    conn.close();
    await conn.closed;
    await reset(port);
  }
  listener.close();
  await serving;
});

/** A listener of Deno whose `accept` does these things one after the other. */
function scripted(steps: (() => Promise<Deno.TcpConn>)[]): Deno.TcpListener {
  const accept = (): Promise<Deno.TcpConn> => {
    const step = steps.shift();
    return step === undefined ? Promise.reject(new Deno.errors.BadResource("closed")) : step();
  };
  // Stands in for the system's: only `accept` and `close` are used.
  return { accept, close: () => steps.splice(0) } as unknown as Deno.TcpListener;
}

function socketThatThrows(closed: () => void): Deno.TcpConn {
  const gone = (): never => {
    throw new Deno.errors.NotConnected("Transport endpoint is not connected");
  };
  const read = () => Promise.reject(new Deno.errors.ConnectionReset("reset"));
  // Stands in for a socket whose peer is gone.
  return {
    setNoDelay: gone,
    read,
    write: read,
    closeWrite: gone,
    close: closed,
  } as unknown as Deno.TcpConn;
}

Deno.test("row 246: no error of a connection or of the system leaves accept", async () => {
  const fail = (error: Error) => () => Promise.reject(error);
  const seen: unknown[] = [];
  let closed = 0;
  const errors = [
    new Deno.errors.NotConnected("Transport endpoint is not connected (os error 107)"),
    new Deno.errors.ConnectionAborted("Software caused connection abort (os error 103)"),
    new Deno.errors.ConnectionReset("Connection reset by peer (os error 104)"),
    new Error("Too many open files (os error 24)"),
    new Error("Too many open files in system (os error 23)"),
    new Error("No buffer space available (os error 105)"),
    new Deno.errors.PermissionDenied("Operation not permitted (os error 1)"),
  ];
  const socket = () => Promise.resolve(socketThatThrows(() => closed++));
  const listener = new TlsListener(scripted([...errors.map(fail), socket]), serverConfig, {
    onAcceptError: (error) => seen.push(error),
  });
  const conn = await listener.accept();
  assertEquals(seen, errors);
  await conn.closed.catch(() => {});
  assertEquals([conn.info, closed], [null, 1]);
  await assertRejects(() => listener.accept(), Deno.errors.BadResource);
});

Deno.test("row 246: a configuration that fails for one connection ends that connection", async () => {
  let [closed, made] = [0, 0];
  // Stands in for a mistake that shows late.
  const config = {
    ...serverConfig,
    get externalPsks() {
      if (++made === 1) throw new Error("not now");
      return undefined;
    },
  };
  const socket = () => Promise.resolve(socketThatThrows(() => closed++));
  const listener = new TlsListener(scripted([socket, socket]), config, {});
  const conn = await listener.accept();
  assertEquals(closed, 1);
  await conn.closed.catch(() => {});
  assertEquals(closed, 2);
});

Deno.test("row 246: closing ends an accept that waits for descriptors", async () => {
  const forever = (): Promise<Deno.TcpConn> => Promise.reject(new Error("Too many open files"));
  const steps = Array.from({ length: 1000 }, () => forever);
  const listener = new TlsListener(scripted(steps), serverConfig, {});
  const loop = (async () => {
    for await (const _ of listener) assert(false, "nothing to accept");
  })();
  await new Promise((resolve) => setTimeout(resolve, 30));
  listener.close();
  await loop;
});
