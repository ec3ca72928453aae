/**
 * Sessions: what they are, the tickets that stand for them, and where they are kept. The Redis store is a module of its own,
 * `@sealane/handshake/redis`.
 *
 * @module
 */
export * from "./client_cache.ts";
export * from "./deno_kv.ts";
export * from "./memory_store.ts";
export * from "./replay.ts";
export * from "./session.ts";
export * from "./store.ts";
export * from "./ticket_keys.ts";
export * from "./tickets.ts";
