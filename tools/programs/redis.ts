/**
 * A Redis server for tests and the fleet: the installed `redis-server`, on loopback, at a free port.
 *
 * @module
 */
import { missingProgram, startProgram } from "./mod.ts";

/** Whether there is a `redis-server` to start. */
export const REDIS_AVAILABLE: boolean = await missingProgram("redis-server") === null;

/** A running server. */
export interface RedisServer extends AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same port: with what it had if it is durable, else empty. */
  restart(): Promise<void>;
}

/** What a server is to be like. */
export interface RedisOptions {
  /** Whether it forgets nothing when it crashes: its log is written before it answers. False unless given. */
  readonly durable?: boolean;
}

/** Starts a server and waits until it accepts connections. */
export async function startRedis({ durable = false }: RedisOptions = {}): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "sealane_redis_" });
  const port = freePort();
  const settings = { dir: folder, appendonly: durable ? "yes" : "no", appendfsync: "always" };
  let child: Deno.ChildProcess | null = await spawn(port, settings);
  const kill = async (): Promise<void> => {
    child?.kill("SIGKILL");
    await child?.status;
    child = null;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart(): Promise<void> {
      child = await spawn(port, settings);
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

async function spawn(
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Deno.ChildProcess> {
  const all = { port: String(port), bind: "127.0.0.1", save: "", ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
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
