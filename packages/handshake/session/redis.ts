/**
 * A session store in Redis, for a fleet. The only module that imports `npm:redis`; it has a subpath of its own,
 * `@sealane/handshake/redis`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES } from "redis";
import type { SessionStore } from "./store.ts";

/** Options of a {@link RedisStore}. */
export interface RedisStoreOptions {
  /** Where Redis is: `redis[s]://[user:password@]host[:port][/database]`. */
  readonly url: string;
  /** Stands before every key; `sealane:` unless given. */
  readonly prefix?: string;
  /** Told when the connection fails; it is made again by itself. */
  readonly onError?: (error: unknown) => void;
}

/** The longest pause between two attempts to connect, in milliseconds. */
const MAX_RECONNECT_DELAY = 2000;

function openClient(url: string) {
  return createClient({
    url,
    // While Redis is away an operation fails at once; what waited would come too late for its handshake.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => Math.min(20 * 2 ** retries, MAX_RECONNECT_DELAY) },
  });
}

/**
 * A session store over one connection to Redis (6.2 or later, for GETDEL). It connects in the background: until Redis answers,
 * operations reject, and with them tickets and early data are declined.
 *
 * ```ts ignore
 * import { RedisStore } from "@sealane/handshake/redis";
 *
 * const store = new RedisStore({ url: "redis://127.0.0.1:6379", onError: console.error });
 * await store.connected;
 * ```
 */
export class RedisStore implements SessionStore {
  readonly #client: ReturnType<typeof openClient>;
  readonly #prefix: string;
  /** Resolves when Redis has answered for the first time. */
  readonly connected: Promise<void>;

  /** Begins to connect. */
  constructor(options: RedisStoreOptions) {
    this.#client = openClient(options.url);
    this.#prefix = options.prefix ?? "sealane:";
    const onError = options.onError ?? (() => {});
    this.#client.on("error", onError);
    this.connected = this.#client.connect().then(() => {});
    this.connected.catch(onError);
  }

  #binary() {
    return this.#client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  }

  /** The value, or `null`. */
  async get(key: string): Promise<Uint8Array | null> {
    return plain(await this.#binary().get(this.#prefix + key));
  }

  /** The value, which is gone afterwards, or `null`. */
  async take(key: string): Promise<Uint8Array | null> {
    return plain(await this.#binary().getDel(this.#prefix + key));
  }

  /** Sets a value for `ttl` milliseconds. */
  async put(key: string, value: Uint8Array, ttl: number): Promise<void> {
    await this.#client.set(this.#prefix + key, buffer(value), { expiration: expiry(ttl) });
  }

  /** Sets a value unless there is one. */
  async add(key: string, value: Uint8Array, ttl: number): Promise<boolean> {
    const answer = await this.#client.set(this.#prefix + key, buffer(value), {
      expiration: expiry(ttl),
      condition: "NX",
    });
    return answer === "OK";
  }

  /** Ends the connection; operations that are under way reject. */
  close(): void {
    this.#client.destroy();
  }
}

function expiry(ttl: number): { type: "PX"; value: number } {
  return { type: "PX", value: Math.max(1, Math.ceil(ttl)) };
}

function buffer(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** A `Uint8Array` that is no `Buffer`, over memory of its own: those of a client's buffers are shared. */
function plain(value: Buffer | null): Uint8Array | null {
  return value === null ? null : Uint8Array.from(value);
}
