/**
 * Sessions where the program says nothing of them: a server gives tickets, a client keeps and resumes them.
 *
 * @module
 */
import {
  type ClientConfig,
  type ClientSessionCache,
  MemoryClientCache,
  MemoryStore,
  RotatingTicketKeys,
  sealedTickets,
  type Session,
  type TicketKeyRing,
  type Tickets,
  verificationPolicyOf,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import type { CryptoProvider, MaybePromise } from "@sealane/providers";

/**
 * Tickets of this process, on every face: sealed under a key that changes every day unless others are given, and each for one
 * use. With `context` they are for servers of the same one only.
 */
export function defaultTickets(
  provider: CryptoProvider,
  { keys = new RotatingTicketKeys(provider), context }: {
    readonly keys?: TicketKeyRing;
    readonly context?: Uint8Array;
  } = {},
): Tickets {
  return sealedTickets({ provider, keys, context, used: new MemoryStore() });
}

const caches = new WeakMap<object, MemoryClientCache>();

/**
 * The cache that all clients of this process share who trust the same and judge a server by the same: a session is kept
 * under its server and the policy that it was made under, so that clients with other policies do not use up each other's
 * sessions. Each trust store has a cache of its own, and who judges in another way than by a trust store has none.
 */
export function defaultSessionCache(config: ClientConfig): ClientSessionCache | undefined {
  const { trust, verifyPeer, trustedPublicKeys, credentials } = config;
  const other = verifyPeer ?? trustedPublicKeys ??
    (typeof credentials === "function" ? credentials : undefined);
  if (trust === undefined || other !== undefined) return undefined;
  const store = TrustStore.of(trust);
  let cache = caches.get(store);
  if (cache === undefined) caches.set(store, cache = new MemoryClientCache());
  return new PolicyCache(cache, config);
}

/** A part of a cache: the sessions of one policy. */
class PolicyCache implements ClientSessionCache {
  readonly #cache: ClientSessionCache;
  readonly #config: ClientConfig;

  constructor(cache: ClientSessionCache, config: ClientConfig) {
    this.#cache = cache;
    this.#config = config;
  }

  take(server: string): MaybePromise<Session | null> {
    return this.#cache.take(this.#key(server));
  }

  put(server: string, session: Session): MaybePromise<void> {
    return this.#cache.put(this.#key(server), session);
  }

  #key(server: string): string {
    return `${verificationPolicyOf(this.#config)} ${server}`;
  }
}
