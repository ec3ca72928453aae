/**
 * The session store in memory: what a lookup costs among 100,000 sessions, against among 1,000, and how many sessions 100 MB
 * hold.
 *
 * @module
 */
import { MemoryStore } from "@sealane/handshake";
import { type BenchRow, compare } from "./row.ts";

const SESSIONS = 100_000;
const FEW = 1_000;
const DAY = 24 * 3600 * 1000;
/** Bytes of an encoded session without a client certificate. */
const SESSION = new Uint8Array(200);

function key(i: number): string {
  return `session:${i.toString(16).padStart(64, "0")}`;
}

function filled(sessions: number): MemoryStore {
  const store = new MemoryStore();
  for (let i = 0; i < sessions; i++) store.put(key(i), SESSION, DAY);
  return store;
}

/** Looks sessions up, one after the other in no order that a cache would like. */
function lookups(store: MemoryStore, sessions: number): () => unknown {
  let next = 0;
  return () => store.get(key(next = (next + 7919) % sessions));
}

function memory(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** The rows. */
export async function rows(): Promise<BenchRow[]> {
  const before = memory();
  const large = filled(SESSIONS);
  const perSession = (memory() - before) / SESSIONS;
  const value = 100e6 / perSession;
  return [
    {
      name: "sessions in 100 MB, to 100,000",
      value,
      unit: "sessions",
      baseline: SESSIONS,
      ratio: value / SESSIONS,
    },
    await compare(
      "lookup among 100,000 sessions, to among 1,000",
      { unit: "/s", perCall: 1 },
      lookups(large, SESSIONS),
      lookups(filled(FEW), FEW),
    ),
  ];
}
