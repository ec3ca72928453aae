/**
 * A Redis server for tests: the installed `redis-server`, on loopback, with an empty database that is never saved.
 *
 * @module
 */

import { missingProgram, startProgram } from "@sealane/programs";

/** Whether there is a `redis-server` to start. */
export const REDIS_AVAILABLE: boolean = await missingProgram("redis-server") === null;

/** A running server. */
export interface RedisServer extends AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same port, empty. */
  restart(): Promise<void>;
}

/** Starts a server at a free port and waits until it accepts connections. */
export async function startRedis(): Promise<RedisServer> {
  const port = freePort();
  let child = await spawn(port);
  const kill = async () => {
    child.kill("SIGKILL");
    await child.status;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      child = await spawn(port);
    },
    async [Symbol.asyncDispose]() {
      try {
        await kill();
      } catch (error) {
        // It has been killed already.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function spawn(port: number): Promise<Deno.ChildProcess> {
  const settings = { port: String(port), bind: "127.0.0.1", save: "", appendonly: "no" };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = startProgram("redis-server", args, { stdout: "null", stderr: "null" });
  for (let attempt = 0;; attempt++) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.close();
      return child;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
