/**
 * One server of the fleet, a process of its own: prints its port, serves until its input ends, and then prints what it has
 * accepted, as JSON.
 *
 * ```
 * deno run -A interop/fleet/server.ts STORE CERT_FILE KEY_FILE
 * ```
 *
 * @module
 */
import {
  createReplayGuard,
  DenoKvStore,
  RotatingTicketKeys,
  sealedTickets,
  type SessionStore,
} from "@sealane/handshake";
import { RedisStore } from "@sealane/handshake/redis";
import { nativeProvider as provider } from "@sealane/providers/native";
import { listen, type TlsConn } from "@sealane/tls/deno";
import { NamedGroup, utf8 } from "@sealane/wire";
import { createClient } from "redis";

/** What a server says at its end. */
export interface ServerReport {
  /** The early messages that it accepted, in order. */
  readonly early: string[];
  /** Handshakes that were done: full ones and resumptions. */
  readonly handshakes: { full: number; resumed: number };
  /** Connections that ended with an error: replays end like that. */
  readonly failed: number;
  /** Failures of the store. */
  readonly storeErrors: number;
}

async function openStore(where: string, onError: () => void): Promise<SessionStore> {
  if (!where.startsWith("redis:")) return new DenoKvStore(await Deno.openKv(where));
  const client = createClient({ url: where, disableOfflineQueue: true });
  client.on("error", onError);
  await client.connect();
  return new RedisStore(client);
}

/** Every message is answered with itself; whatever is early is remembered. */
async function answer(conn: TlsConn, early: string[]): Promise<void> {
  let message = "";
  for await (const chunk of conn.earlyData) {
    message += new TextDecoder().decode(chunk);
    // Now, since a client that only replays gets no further than this.
    early.push(message);
  }
  await conn.handshake();
  if (message === "") message = new TextDecoder().decode(await conn.stream.next() ?? undefined);
  await conn.write(utf8(message));
  conn.close();
  await conn.closed;
}

async function main(): Promise<void> {
  const [where, certFile, keyFile] = Deno.args;
  const report = { early: [], handshakes: { full: 0, resumed: 0 }, failed: 0, storeErrors: 0 };
  const onError = () => void report.storeErrors++;
  const store = await openStore(where, onError);
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    provider,
    groups: [NamedGroup.x25519],
    cert: await Deno.readTextFile(certFile),
    key: await Deno.readTextFile(keyFile),
    ticketCount: 1,
    tickets: sealedTickets({
      provider,
      keys: new RotatingTicketKeys({ random: (length) => provider.random(length), store, onError }),
      used: store,
      onError,
    }),
    earlyData: { replayGuard: createReplayGuard({ store, onError }) },
  });
  console.log(listener.addr.port);
  const serve = async () => {
    for await (const conn of listener) {
      answer(conn, report.early).then(() => {
        report.handshakes[conn.info?.resumed ? "resumed" : "full"]++;
      }, () => void report.failed++);
    }
  };
  serve();
  for await (const _ of Deno.stdin.readable) { /* until it ends */ }
  console.log(JSON.stringify(report));
  Deno.exit();
}

if (import.meta.main) await main();
