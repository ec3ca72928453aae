/**
 * Where sessions, ticket keys and records of early data are kept: one small interface, so that a fleet can share them.
 * There are stores in memory (`memory_store.ts`), in Deno KV (`deno_kv.ts`) and in Redis (`redis.ts`).
 *
 * @module
 */
import { chain, isPromise, type MaybePromise, requireBytesOrNull } from "@sealane/providers";
import { requireClock, requireDuration, TlsError } from "@sealane/wire";

/**
 * A map from text to bytes whose entries expire. All four operations are atomic, also between processes that share the
 * store: that is what makes a ticket single-use and a replay visible.
 *
 * A store may throw or reject: {@link guardStore} makes the safe answer of every failure. What is in a store are secrets.
 */
export interface SessionStore {
  /** The value, or `null`. Keys are ASCII, at most 200 characters; the caller does not change the value. */
  get(key: string): MaybePromise<Uint8Array | null>;
  /** The value, which is gone afterwards, or `null`: of several takers one gets it. */
  take(key: string): MaybePromise<Uint8Array | null>;
  /** Sets a value for `ttl` milliseconds. The store keeps a copy. */
  put(key: string, value: Uint8Array, ttl: number): MaybePromise<void>;
  /** Sets a value for `ttl` milliseconds unless there is one: `false` if there is. Of several adders one gets `true`. */
  add(key: string, value: Uint8Array, ttl: number): MaybePromise<boolean>;
}

/** Options of {@link guardStore}. */
export interface GuardOptions {
  /** Milliseconds after which an operation counts as failed; 500 unless given. */
  readonly timeout?: number;
  /** Milliseconds for which the store is left alone after a failure; 1,000 unless given. */
  readonly retryAfter?: number;
  /** Told about every failure, but not about the operations that are left out after it. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

/**
 * The store, made so that it never fails and never makes a handshake wait for long: an operation that throws, rejects or
 * takes too long answers as if the entry did not exist (`null`) or could not be added (`false`). So a store that
 * is down makes a full handshake, never a failed one, and never an accepted replay.
 *
 * ```ts
 * import { guardStore, MemoryStore } from "@sealane/handshake";
 *
 * const store = guardStore(new MemoryStore(), { onError: console.error });
 * console.assert(store.add("key", Uint8Array.of(1), 1000) === true);
 * ```
 */
export function guardStore(store: SessionStore, options: GuardOptions = {}): SessionStore {
  const guard = new Guard(options);
  return {
    get: (key) => guard.attempt(() => store.get(key), toValue, null),
    take: (key) => guard.attempt(() => store.take(key), toValue, null),
    put: (key, value, ttl) => guard.attempt(() => store.put(key, value, ttl), nothing, undefined),
    add: (key, value, ttl) => guard.attempt(() => store.add(key, value, ttl), toVerdict, false),
  };
}

/** The value of an entry; a store that has none may answer with nothing. */
function toValue(answer: unknown): Uint8Array | null {
  return requireBytesOrNull(answer, "what the store gave", undefined, "local/callback");
}

function toVerdict(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TlsError("local/callback", "the store answered neither true nor false");
}

function nothing(): void {}

class Guard {
  readonly #timeout: number;
  readonly #retryAfter: number;
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  #downUntil = -Infinity;

  constructor({ timeout = 500, retryAfter = 1000, onError, now = Date.now }: GuardOptions) {
    requireDuration("timeout", timeout);
    requireDuration("retryAfter", retryAfter);
    this.#timeout = timeout;
    this.#retryAfter = retryAfter;
    this.#onError = onError ?? (() => {});
    this.#now = requireClock("now", now);
  }

  /** What `operation` answers, read by `read`, which throws for what is no answer. */
  attempt<T>(
    operation: () => MaybePromise<unknown>,
    read: (answer: unknown) => T,
    fallback: T,
  ): MaybePromise<T> {
    if (this.#now() < this.#downUntil) return fallback;
    try {
      const result = chain(operation(), read);
      return isPromise(result) ? this.#wait(result, fallback) : result;
    } catch (error) {
      return this.#fail(error, fallback);
    }
  }

  #wait<T>(result: Promise<T>, fallback: T): Promise<T> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(this.#fail(new Error(`no answer in ${this.#timeout} ms`), fallback));
      }, this.#timeout);
      result.then(resolve, (error) => resolve(this.#fail(error, fallback)))
        .finally(() => clearTimeout(timer));
    });
  }

  #fail<T>(error: unknown, fallback: T): T {
    // A value that the store does not take is that session's problem: the store is not down.
    if (isTooLarge(error)) {
      this.#onError(error);
      return fallback;
    }
    this.#downUntil = this.#now() + this.#retryAfter;
    this.#onError(error);
    return fallback;
  }
}

/** Whether a store says that a value is too large, as Deno KV and those of this package do. */
function isTooLarge(error: unknown): boolean {
  if (error instanceof TlsError) return error.code === "api/argument";
  return error instanceof TypeError && /too large/i.test(error.message);
}
