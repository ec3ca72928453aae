import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { Redis } from "ioredis";
import { createClient, RESP_TYPES } from "redis";
import { REDIS_AVAILABLE, startRedis } from "@sealane/programs/redis";
import { DenoKvStore } from "./deno_kv.ts";
import { MemoryStore } from "./memory_store.ts";
import { type RedisClient, RedisStore } from "./redis.ts";
import { guardStore, type SessionStore } from "./store.ts";

const a = Uint8Array.of(1, 0, 255);
const b = Uint8Array.of(2);
const MINUTE = 60_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What every store does, on an empty one; `other` is the same store as another process would have it. */
async function conforms(store: SessionStore, other: SessionStore): Promise<void> {
  assertEquals(await store.get("k"), null);
  assertEquals(await store.take("k"), null);
  await store.put("k", a, MINUTE);
  assertEquals(await other.get("k"), a);
  await store.put("k", b, MINUTE);
  assertEquals(await other.get("k"), b);
  assertEquals(await other.add("k", a, MINUTE), false);
  assertEquals(await store.take("k"), b);
  assertEquals(await other.get("k"), null);
  assertEquals(await other.add("k", a, MINUTE), true);
  assertEquals(await store.get("k"), a);
  await store.put("empty", new Uint8Array(), MINUTE);
  assertEquals(await store.get("empty"), new Uint8Array());

  // A value is copied, not kept.
  const value = Uint8Array.of(5);
  await store.put("copy", value, MINUTE);
  value[0] = 6;
  assertEquals(await store.get("copy"), Uint8Array.of(5));

  await store.put("short", a, 400);
  assertEquals(await store.add("short", b, MINUTE), false);
  await wait(500);
  assertEquals(await store.get("short"), null);
  assertEquals(await store.take("short"), null);
  assertEquals(await store.add("short", b, MINUTE), true);

  // Of many at once, one takes and one adds.
  await store.put("race", a, MINUTE);
  const stores = Array.from({ length: 20 }, (_, i) => i % 2 ? store : other);
  const taken = await Promise.all(stores.map((each) => each.take("race")));
  assertEquals(taken.filter((value) => value !== null).length, 1);
  const added = await Promise.all(stores.map((each) => each.add("race", b, MINUTE)));
  assertEquals(added.filter((won) => won).length, 1);
}

Deno.test("the store in memory does what a store does", async () => {
  const store = new MemoryStore();
  await conforms(store, store);
});

const KV = typeof Deno.openKv === "function";

Deno.test({
  name: "the store in a Deno KV file does what a store does, for two connections to it" +
    (KV ? "" : " (needs --unstable-kv)"),
  ignore: !KV,
  async fn() {
    const path = await Deno.makeTempFile({ suffix: ".sqlite3" });
    const [one, two] = [await Deno.openKv(path), await Deno.openKv(path)];
    try {
      await conforms(new DenoKvStore(one), new DenoKvStore(two));
      assertEquals(await new DenoKvStore(two, { prefix: "another" }).get("k"), null);
    } finally {
      one.close();
      two.close();
      for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
    }
  },
});

const redisTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({
    name: name + (REDIS_AVAILABLE ? "" : " (needs redis-server)"),
    ignore: !REDIS_AVAILABLE,
    fn,
  });

/** A client as applications have it, and how to end it. */
interface Client {
  readonly client: RedisClient;
  close(): void;
}

/** With clients of `redis`, those that answer with bytes too, and of `ioredis`. */
const CLIENTS: readonly { name: string; connect(url: string): Promise<Client> }[] = [
  { name: "redis", connect: nodeRedis },
  {
    name: "redis that answers with bytes",
    async connect(url) {
      const { client, close } = await nodeRedis(url);
      const { BLOB_STRING, SIMPLE_STRING } = RESP_TYPES;
      const bytes = { [BLOB_STRING]: Buffer, [SIMPLE_STRING]: Buffer };
      return { client: client.withTypeMapping(bytes), close };
    },
  },
  { name: "ioredis", connect: ioredis },
];

async function nodeRedis(url: string) {
  const socket = { reconnectStrategy: () => 20 };
  const client = createClient({ url, disableOfflineQueue: true, socket });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

async function ioredis(url: string): Promise<Client> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.disconnect() };
}

for (const { name, connect } of CLIENTS) {
  redisTest(`the store over ${name} does what a store does, for two connections`, async () => {
    await using server = await startRedis();
    const [one, two] = await Promise.all([connect(server.url), connect(server.url)]);
    await conforms(new RedisStore(one.client), new RedisStore(two.client));
    assertEquals(await new RedisStore(one.client, { prefix: "another:" }).get("k"), null);
    one.close();
    two.close();
  });

  redisTest(
    `over ${name}, a Redis that dies and comes back makes declines, not errors, and then works`,
    async () => {
      await using server = await startRedis();
      const { client, close } = await connect(server.url);
      const errors: unknown[] = [];
      const options = { retryAfter: 0, onError: (error: unknown) => errors.push(error) };
      const store = guardStore(new RedisStore(client), options);
      await store.put("k", a, MINUTE);
      await server.kill();
      assertEquals(await store.get("k"), null);
      assertEquals(await store.add("new", a, MINUTE), false);
      assert(errors.length > 0);
      await server.restart();
      for (let attempt = 0; !await store.add("again", a, MINUTE); attempt++) {
        assert(attempt < 100, "it does not connect again");
        await wait(50);
      }
      assertEquals(await store.get("again"), a);
      close();
    },
  );
}

Deno.test("the store over Redis sends GET, GETDEL and SET, and takes no other answer for one", async () => {
  const sent: string[][] = [];
  let reply: unknown = "OK";
  const store = new RedisStore({
    sendCommand(args) {
      sent.push(args);
      return Promise.resolve(reply);
    },
  }, { prefix: "p:" });
  await store.put("k", a, 0.5);
  assertEquals(await store.add("k", a, 1500.2), true);
  for (reply of [undefined, 1, ["OK"], true, "not base64", new Uint8Array(1)]) {
    await assertRejects(async () => await store.get("k"));
    await assertRejects(async () => await store.take("k"));
  }
  for (reply of [null, "QUEUED"]) {
    await assertRejects(async () => await store.put("k", a, 1));
    assertEquals(await store.add("k", a, 1), false);
  }
  assertEquals(sent.slice(0, 4), [
    ["SET", "p:k", "AQD/", "PX", "1"],
    ["SET", "p:k", "AQD/", "PX", "1501", "NX"],
    ["GET", "p:k"],
    ["GETDEL", "p:k"],
  ]);
});

Deno.test("the store in memory answers without a promise", () => {
  const store = guardStore(new MemoryStore());
  assertEquals(store.put("k", a, MINUTE), undefined);
  assertEquals(store.get("k"), a);
  assertEquals(store.take("k"), a);
  assertEquals(store.add("k", b, MINUTE), true);
});

Deno.test("the store in memory evicts what was used least recently", () => {
  const store = new MemoryStore({ maxEntries: 3 });
  for (const key of ["a", "b", "c"]) store.put(key, a, MINUTE);
  store.get("a");
  store.put("d", a, MINUTE);
  assertEquals(["a", "b", "c", "d"].map((key) => store.get(key) !== null), [
    true,
    false,
    true,
    true,
  ]);
});

Deno.test("the store in memory keeps to its bytes", () => {
  const store = new MemoryStore({ maxBytes: 10_000 });
  for (let i = 0; i < 100; i++) store.put(`k${i}`, new Uint8Array(1000), MINUTE);
  assertEquals(store.size, 8);
  assertThrows(() => store.put("large", new Uint8Array(10_000), MINUTE), TlsError);
});

Deno.test("a store that refuses drops what has expired and nothing else", () => {
  let now = 0;
  const store = new MemoryStore({ maxEntries: 2, whenFull: "refuse", now: () => now });
  store.add("a", a, 10);
  now = 5;
  store.add("b", a, 10);
  assertThrows(() => store.add("c", a, 10), TlsError);
  now = 10;
  assertEquals(store.add("c", a, 10), true);
  assertEquals(store.get("b"), a);
});

Deno.test("100,000 sessions take less than 100 MB, and a lookup costs the same as among 1,000", () => {
  const session = new Uint8Array(200);
  const key = (i: number) => `session:${i.toString(16).padStart(64, "0")}`;
  const before = Deno.memoryUsage();
  const [small, large] = [new MemoryStore(), new MemoryStore()];
  for (let i = 0; i < 100_000; i++) large.put(key(i), session, MINUTE);
  const after = Deno.memoryUsage();
  const used = after.heapUsed + after.external - before.heapUsed - before.external;
  assertEquals(large.size, 100_000);
  assert(used < 100e6, `${used} bytes`);

  for (let i = 0; i < 1000; i++) small.put(key(i), session, MINUTE);
  const time = (store: MemoryStore, keys: number) => {
    const start = performance.now();
    for (let i = 0; i < 50_000; i++) store.get(key(i * 7919 % keys));
    return performance.now() - start;
  };
  time(small, 1000);
  time(large, 1000);
  // The best of three, so that a busy machine does not fail it; a linear lookup would be 100 times slower.
  const best = (store: MemoryStore, keys: number) =>
    Math.min(...[1, 2, 3].map(() => time(store, keys)));
  const ratio = best(large, 100_000) / best(small, 1000);
  assert(ratio < 10, `a lookup costs ${ratio} times as much`);
});

/** A store that fails in the way that a test wants. */
function failing(fail: () => never | Promise<never>): SessionStore {
  return { get: fail, take: fail, put: fail, add: fail };
}

const boom = () => {
  throw new Error("down");
};

for (
  const [how, fail] of [
    ["throws", boom],
    ["rejects", () => Promise.reject(new Error("down"))],
    ["never answers", () => new Promise<never>(() => {})],
  ] as const
) {
  Deno.test(`a store that ${how} has nothing, takes nothing and adds nothing`, async () => {
    let errors = 0;
    const options = { timeout: 10, retryAfter: 0, onError: () => errors++ };
    const store = guardStore(failing(fail), options);
    assertEquals(await store.get("k"), null);
    assertEquals(await store.take("k"), null);
    assertEquals(await store.put("k", a, MINUTE), undefined);
    assertEquals(await store.add("k", a, MINUTE), false);
    assertEquals(errors, 4);
  });
}

Deno.test("a store that has failed is left alone for a while", () => {
  let now = 0;
  let calls = 0;
  const store = guardStore(
    failing(() => {
      calls++;
      return boom();
    }),
    { retryAfter: 1000, now: () => now },
  );
  for (now of [0, 1, 999]) store.get("k");
  assertEquals(calls, 1);
  now = 1000;
  store.get("k");
  assertEquals(calls, 2);
});
