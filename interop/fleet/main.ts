/**
 * Four server processes on one Redis, 10,000 resumptions with 1 % deliberate replays, and Redis killed and started again in
 * the middle:
 *
 * ```
 * deno run -A --unstable-kv interop/fleet/main.ts [VISITS]
 * ```
 *
 * @module
 */
import { runFleet } from "./fleet.ts";
import { startRedis } from "@sealane/programs/redis";

const visits = Number(Deno.args[0] ?? 10_000);
await using redis = await startRedis({ durable: true });
const report = await runFleet({
  store: redis.url,
  servers: 4,
  visits,
  replayEvery: 100,
  clients: 16,
  async disturb() {
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await redis.restart();
  },
});
console.log(report);
const good = report.acceptedTwice === 0 && report.resumedTwice === 0 && report.lost.length === 0;
console.log(good ? "fleet: ok" : "fleet: FAILED");
if (!good) Deno.exitCode = 1;
