/**
 * A session store in the memory of the process.
 *
 * @module
 */
import { requireClock, requireCount, requireDuration, TlsError } from "@sealane/wire";
import { type Cell, Slab } from "./slab.ts";
import type { SessionStore } from "./store.ts";

/** Options of a {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** Most entries; 100,000 unless given. */
  readonly maxEntries?: number;
  /** Most bytes of keys and values, each entry counted with 200 bytes more; 64 MiB unless given. */
  readonly maxBytes?: number;
  /**
   * What happens when it is full: `evict` drops the entry that was used least recently, `refuse` throws. A record of early
   * data must not be evicted, or the early data could be replayed. `evict` unless given.
   */
  readonly whenFull?: "evict" | "refuse";
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

interface Entry {
  readonly cell: Cell;
  readonly expiresAt: number;
}

/** What an entry costs besides its key and value, roughly. */
const ENTRY_OVERHEAD = 200;

/**
 * A bounded store in memory. Every operation takes constant time, and none yields to the event loop. Entries stand in the
 * order of their last use, so the first is the one to evict; a value that leaves is wiped.
 */
export class MemoryStore implements SessionStore {
  readonly #entries = new Map<string, Entry>();
  readonly #slab = new Slab();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #refuse: boolean;
  readonly #now: () => number;
  #bytes = 0;

  /** A store without entries. */
  constructor(options: MemoryStoreOptions = {}) {
    this.#maxEntries = requireCount("maxEntries", options.maxEntries ?? 100_000);
    this.#maxBytes = requireCount("maxBytes", options.maxBytes ?? 64 * 1024 * 1024);
    this.#refuse = options.whenFull === "refuse";
    this.#now = requireClock("now", options.now ?? Date.now);
  }

  /** Entries, with those that have expired and not been noticed yet. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value, or `null`. */
  get(key: string): Uint8Array | null {
    const entry = this.#find(key);
    if (entry === null) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return this.#slab.read(entry.cell);
  }

  /** The value, which is gone afterwards, or `null`. */
  take(key: string): Uint8Array | null {
    const entry = this.#find(key);
    if (entry === null) return null;
    const value = this.#slab.read(entry.cell);
    this.#delete(key, entry);
    return value;
  }

  /**
   * Sets a value for `ttl` milliseconds.
   *
   * @throws {TlsError} `local/internal` if the store is full and refuses, or the value alone is larger than `maxBytes`.
   */
  put(key: string, value: Uint8Array, ttl: number): void {
    requireDuration("ttl", ttl);
    const old = this.#entries.get(key);
    if (old !== undefined) this.#delete(key, old);
    const bytes = cost(key, value.length);
    this.#makeRoom(bytes);
    this.#entries.set(key, { cell: this.#slab.allocate(value), expiresAt: this.#now() + ttl });
    this.#bytes += bytes;
  }

  /**
   * Sets a value unless there is one.
   *
   * @throws {TlsError} As {@link MemoryStore.put}.
   */
  add(key: string, value: Uint8Array, ttl: number): boolean {
    if (this.#find(key) !== null) return false;
    this.put(key, value, ttl);
    return true;
  }

  #find(key: string): Entry | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.expiresAt > this.#now()) return entry;
    this.#delete(key, entry);
    return null;
  }

  #delete(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= cost(key, entry.cell.length);
    this.#slab.release(entry.cell);
  }

  #makeRoom(bytes: number): void {
    if (bytes > this.#maxBytes) this.#full();
    const now = this.#now();
    // At most as many as were put: constant time on average.
    for (const [key, entry] of this.#entries) {
      const full = this.#entries.size >= this.#maxEntries || this.#bytes + bytes > this.#maxBytes;
      if (entry.expiresAt > now) {
        if (!full) return;
        if (this.#refuse) this.#full();
      }
      this.#delete(key, entry);
    }
  }

  #full(): never {
    throw new TlsError("local/internal", `the session store is full at ${this.size} entries`);
  }
}

function cost(key: string, valueLength: number): number {
  return ENTRY_OVERHEAD + key.length + valueLength;
}
