/**
 * A Redis server that forgets nothing when it crashes: its log is written before it answers.
 *
 * @module
 */

import { startProgram } from "@sealane/programs";

/** A Redis server that can be killed and started again. */
export interface DurableRedis extends AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same port, with what it had. */
  restart(): Promise<void>;
}

/** Starts a server on a free port of loopback. */
export async function startDurableRedis(): Promise<DurableRedis> {
  const folder = await Deno.makeTempDir({ prefix: "sealane_redis_" });
  const port = freePort();
  let child: Deno.ChildProcess | null = await spawn(port, folder);
  const kill = async () => {
    child?.kill("SIGKILL");
    await child?.status;
    child = null;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart(): Promise<void> {
      child = await spawn(port, folder);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function spawn(port: number, dir: string): Promise<Deno.ChildProcess> {
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir,
    save: "",
    appendonly: "yes",
    appendfsync: "always",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = startProgram("redis-server", args, { stdout: "null", stderr: "null" });
  for (let attempt = 0;; attempt++) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.close();
      return child;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
