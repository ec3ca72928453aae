/**
 * A fleet of servers that share a store, and clients that go from one to the other with their sessions, while somebody
 * replays first flights and uses tickets twice.
 *
 * @module
 */
import { makeMaterial } from "../peers/material.ts";
import type { ServerReport } from "./server.ts";
import { replay, type Visit, visit } from "./visit.ts";

/** What a run is like. */
export interface FleetOptions {
  /** What the servers share: a Redis URL or the path of a Deno KV file. */
  readonly store: string;
  /** How many servers. */
  readonly servers: number;
  /** How many visits with a session. */
  readonly visits: number;
  /** Every so many visits, its first flight is replayed to two servers at once and its ticket is used again. */
  readonly replayEvery: number;
  /** How many clients at a time. */
  readonly clients: number;
  /** Called once, in the middle. */
  readonly disturb?: () => Promise<void>;
}

/** What came of a run. */
export interface FleetReport {
  /** Visits that offered a session. */
  readonly visits: number;
  /** How many of them resumed it. */
  readonly resumed: number;
  /** How many had their early data accepted. */
  readonly early: number;
  /** First flights that were sent again, and tickets that were used again. */
  readonly replays: number;
  /** Early messages that servers accepted more than once. */
  readonly acceptedTwice: number;
  /** Tickets that were resumed more than once. */
  readonly resumedTwice: number;
  /** Connections of clients that were lost, with the reason. */
  readonly lost: readonly string[];
  /** Failures of the store that the servers noticed. */
  readonly storeErrors: number;
  /** How long the visits took. */
  readonly seconds: number;
}

interface FleetServer {
  readonly port: number;
  end(): Promise<ServerReport>;
}

async function startServer(args: readonly string[]): Promise<FleetServer> {
  const script = new URL("server.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--unstable-kv", script, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error("a server has not started");
    text += value;
  }
  return {
    port: parseInt(text),
    async end(): Promise<ServerReport> {
      await child.stdin.close();
      let json = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        json += value;
      }
      await child.status;
      return JSON.parse(json);
    },
  };
}

/** Runs a fleet. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  using material = await makeMaterial();
  const { certFile, keyFile } = await material.identity("ecdsa-p256");
  const args = [options.store, certFile, keyFile];
  const servers = await Promise.all(
    Array.from({ length: options.servers }, () => startServer(args)),
  );
  const anyPort = () => servers[Math.floor(Math.random() * servers.length)].port;
  const counts = { visits: 0, resumed: 0, early: 0, replays: 0, resumedTwice: 0 };
  const lost: string[] = [];
  let disturbed: Promise<void> | undefined;

  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      lost.push(`${what}: ${error instanceof Error ? error.message : error}`);
      return null;
    }
  };

  /** Replays a visit to two servers at once, and uses its ticket again. */
  async function misuse(name: string, used: Visit["session"], flight: Uint8Array, again: boolean) {
    counts.replays++;
    await Promise.all([anyPort(), anyPort()].map((port) => replay(port, flight).catch(() => {})));
    counts.replays++;
    const second = await attempt(name, () => visit(anyPort(), material.trust, used, `${name}!`));
    if (second?.info.resumed && again) counts.resumedTwice++;
  }

  async function client(number: number): Promise<void> {
    let session: Visit["session"] = null;
    for (let round = 0; counts.visits < options.visits; round++) {
      const name = `client ${number} round ${round}`;
      const used: Visit["session"] = session;
      const nth = used === null ? 0 : ++counts.visits;
      if (nth === options.visits >> 1) disturbed = options.disturb?.();
      const result: Visit | null = await attempt(
        name,
        () => visit(anyPort(), material.trust, used, name),
      );
      session = result?.session ?? null;
      if (result === null || used === null) continue;
      if (result.info.resumed) counts.resumed++;
      if (result.info.earlyDataAccepted) counts.early++;
      if (nth % options.replayEvery === 0) {
        await misuse(name, used, result.firstFlight, result.info.resumed);
      }
    }
  }

  const start = performance.now();
  await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
  const seconds = (performance.now() - start) / 1000;
  await disturbed;
  const reports = await Promise.all(servers.map((server) => server.end()));
  const accepted = reports.flatMap(({ early }) => early);
  return {
    ...counts,
    acceptedTwice: accepted.length - new Set(accepted).size,
    lost,
    storeErrors: reports.reduce((sum, report) => sum + report.storeErrors, 0),
    seconds,
  };
}
