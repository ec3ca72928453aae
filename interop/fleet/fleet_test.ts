/** A small fleet: see `main.ts` for a large one. */
import { assert, assertEquals } from "@std/assert";
import { missingProgram } from "@sealane/programs";
import { type FleetReport, runFleet } from "./fleet.ts";
import { startRedis } from "@sealane/programs/redis";

function checkSafety({ acceptedTwice, resumedTwice, lost }: FleetReport): void {
  assertEquals({ acceptedTwice, resumedTwice, lost }, {
    acceptedTwice: 0,
    resumedTwice: 0,
    lost: [],
  });
}

const redis = await missingProgram("redis-server") === null;

Deno.test({
  name:
    "four servers on one Redis resume, accept nothing twice and lose no connection while it restarts" +
    (redis ? "" : " (needs redis-server)"),
  ignore: !redis,
  async fn() {
    await using redis = await startRedis({ durable: true });
    const report = await runFleet({
      store: redis.url,
      servers: 4,
      visits: 200,
      replayEvery: 10,
      clients: 8,
      async disturb() {
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await redis.restart();
      },
    });
    checkSafety(report);
    assertEquals(report.replays, 40);
    // Before the disturbance there is nothing that keeps a session from being resumed, early data included.
    assert(report.resumed >= 90 && report.early >= 80, JSON.stringify(report));
  },
});

const kv = typeof Deno.openKv === "function";

Deno.test({
  name: "two servers on one Deno KV file resume and accept nothing twice" +
    (kv ? "" : " (needs --unstable-kv)"),
  ignore: !kv,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "sealane_kv_" });
    try {
      const report = await runFleet({
        store: `${folder}/sessions.sqlite3`,
        servers: 2,
        visits: 40,
        replayEvery: 5,
        clients: 2,
      });
      checkSafety(report);
      assert(report.resumed >= 35, JSON.stringify(report));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
