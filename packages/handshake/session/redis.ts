/**
 * A session store in Redis, for a fleet, over the client that the application has already. It has a subpath of its own,
 * `@sealane/handshake/redis`.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from "@sealane/wire";
import type { SessionStore } from "./store.ts";

/**
 * What is needed of a client: a way to send a command and get its reply. Clients of `ioredis` have `call`, those of `redis`
 * have `sendCommand`; with any other, `{ call: (command, key, ...rest) => … }` is all that there is to write. The commands are GET,
 * GETDEL and SET, the second argument is always the key, and all arguments are text. A reply is text, its bytes, or `null`.
 */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> };

/** Options of a {@link RedisStore}. */
export interface RedisStoreOptions {
  /** Stands before every key; `sealane:` unless given. ASCII. */
  readonly prefix?: string;
}

/**
 * A session store over a connection to Redis (6.2 or later, for GETDEL) that belongs to the caller: who made the client
 * connects it, hears its errors and closes it. What a command rejects with, the operation rejects with; tickets and early data
 * are then declined. Values are kept as base64.
 *
 * Let a client fail at once while Redis is away, rather than queue commands that come too late for their handshakes:
 * `disableOfflineQueue: true` for `redis`, `enableOfflineQueue: false` for `ioredis`.
 *
 * ```ts ignore
 * import { RedisStore } from "@sealane/handshake/redis";
 * import { createClient } from "redis";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379", disableOfflineQueue: true });
 * client.on("error", console.error);
 * await client.connect();
 * const store = new RedisStore(client);
 * ```
 */
export class RedisStore implements SessionStore {
  readonly #client: RedisClient;
  readonly #prefix: string;

  /** Sends nothing yet. */
  constructor(client: RedisClient, options: RedisStoreOptions = {}) {
    this.#client = client;
    this.#prefix = options.prefix ?? "sealane:";
  }

  /** Sends a command; `null` or the text of the reply. */
  async #send(command: string, key: string, ...rest: string[]): Promise<string | null> {
    const args = [this.#prefix + key, ...rest];
    const client = this.#client;
    // A client of ioredis has a `sendCommand` too, with another meaning.
    const reply = "call" in client
      ? await client.call(command, ...args)
      : await client.sendCommand([command, ...args]);
    if (reply === null || typeof reply === "string") return reply;
    if (reply instanceof Uint8Array) return new TextDecoder().decode(reply);
    throw new TypeError(`Redis answered ${command} with ${typeof reply}, not with text`);
  }

  /** The value, or `null`. */
  async get(key: string): Promise<Uint8Array | null> {
    return decode(await this.#send("GET", key));
  }

  /** The value, which is gone afterwards, or `null`. */
  async take(key: string): Promise<Uint8Array | null> {
    return decode(await this.#send("GETDEL", key));
  }

  /** Sets a value for `ttl` milliseconds. */
  async put(key: string, value: Uint8Array, ttl: number): Promise<void> {
    const answer = await this.#send("SET", key, encodeBase64(value), "PX", milliseconds(ttl));
    if (answer !== "OK") throw new TypeError(`Redis answered SET with ${answer}, not with OK`);
  }

  /** Sets a value for `ttl` milliseconds unless there is one. */
  async add(key: string, value: Uint8Array, ttl: number): Promise<boolean> {
    const text = encodeBase64(value);
    return await this.#send("SET", key, text, "PX", milliseconds(ttl), "NX") === "OK";
  }
}

/** Redis takes whole milliseconds, 1 or more. */
function milliseconds(ttl: number): string {
  return String(Math.max(1, Math.ceil(ttl)));
}

function decode(reply: string | null): Uint8Array | null {
  return reply === null ? null : decodeBase64(reply);
}
