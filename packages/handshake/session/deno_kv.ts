/**
 * A session store in Deno KV: one file on one machine, or a hosted database for a fleet, with the same code.
 *
 * @module
 */
import { requireClock } from "@sealane/wire";
import type { SessionStore } from "./store.ts";

/** What {@link DenoKvStore} needs of a `Deno.Kv`: so that this module can be imported where there is none. */
export interface DenoKv {
  /** As `Deno.Kv.get`. */
  get(
    key: readonly string[],
  ): Promise<{ readonly value: unknown; readonly versionstamp: string | null }>;
  /** As `Deno.Kv.set`. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): Promise<unknown>;
  /** As `Deno.Kv.atomic`. */
  atomic(): DenoKvAtomic;
}

/** What {@link DenoKvStore} needs of a `Deno.AtomicOperation`. */
export interface DenoKvAtomic {
  /** As `Deno.AtomicOperation.check`. */
  check(entry: { key: string[]; versionstamp: string | null }): this;
  /** As `Deno.AtomicOperation.set`. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): this;
  /** As `Deno.AtomicOperation.delete`. */
  delete(key: readonly string[]): this;
  /** As `Deno.AtomicOperation.commit`. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** Options of a {@link DenoKvStore}. */
export interface DenoKvStoreOptions {
  /** First part of every key; `sealane` unless given. */
  readonly prefix?: string;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

/** An entry. Deno KV deletes what has expired when it gets to it, so the time stands in the entry too. */
interface Entry {
  readonly value: Uint8Array;
  readonly expiresAt: number;
}

/**
 * A session store over a `Deno.Kv`, which the program opens and closes. A value has at most 64 KiB.
 *
 * ```ts ignore
 * import { DenoKvStore } from "@sealane/handshake";
 *
 * const store = new DenoKvStore(await Deno.openKv("sessions.sqlite3"));
 * ```
 */
export class DenoKvStore implements SessionStore {
  readonly #kv: DenoKv;
  readonly #prefix: string;
  readonly #now: () => number;

  /** A store over an open database. */
  constructor(kv: DenoKv, options: DenoKvStoreOptions = {}) {
    this.#kv = kv;
    this.#prefix = options.prefix ?? "sealane";
    this.#now = requireClock("now", options.now ?? Date.now);
  }

  /** The value, or `null`. */
  async get(key: string): Promise<Uint8Array | null> {
    const { value } = await this.#kv.get(this.#key(key));
    return this.#alive(value);
  }

  /** The value, which is gone afterwards, or `null`. */
  async take(key: string): Promise<Uint8Array | null> {
    const at = this.#key(key);
    const { value, versionstamp } = await this.#kv.get(at);
    const alive = this.#alive(value);
    if (alive === null) return null;
    // Of several takers that read the same version, one deletes it.
    const { ok } = await unlocked(() =>
      this.#kv.atomic().check({ key: at, versionstamp }).delete(at).commit()
    );
    return ok ? alive : null;
  }

  /** Sets a value for `ttl` milliseconds. */
  async put(key: string, value: Uint8Array, ttl: number): Promise<void> {
    const entry = this.#entry(value, ttl);
    await unlocked(() => this.#kv.set(this.#key(key), entry, { expireIn: ttl }));
  }

  /** Sets a value unless there is one. */
  async add(key: string, value: Uint8Array, ttl: number): Promise<boolean> {
    const at = this.#key(key);
    const existing = await this.#kv.get(at);
    if (this.#alive(existing.value) !== null) return false;
    const entry = this.#entry(value, ttl);
    const { ok } = await unlocked(() =>
      this.#kv.atomic().check({ key: at, versionstamp: existing.versionstamp })
        .set(at, entry, { expireIn: ttl }).commit()
    );
    return ok;
  }

  #key(key: string): string[] {
    return [this.#prefix, key];
  }

  #entry(value: Uint8Array, ttl: number): Entry {
    return { value: value.slice(), expiresAt: this.#now() + ttl };
  }

  #alive(value: unknown): Uint8Array | null {
    return isEntry(value) && value.expiresAt > this.#now() ? value.value : null;
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && "value" in value &&
    value.value instanceof Uint8Array && "expiresAt" in value &&
    typeof value.expiresAt === "number";
}

/** Attempts to write while another process does, and the pause after each, in milliseconds. */
const ATTEMPTS = 40;
const PAUSE = 5;

/** Writes again where nothing was written because another process was writing to the same file. */
async function unlocked<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await write();
    } catch (error) {
      const locked = error instanceof Error && error.message.includes("database is locked");
      if (!locked || attempt === ATTEMPTS) throw error;
      // A random part, so that two processes do not go on meeting.
      await new Promise((resolve) => setTimeout(resolve, PAUSE * (1 + Math.random())));
    }
  }
}
