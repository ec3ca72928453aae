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
  type Tickets,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import type { CryptoProvider } from "@sealane/providers";

/** Tickets of this process: sealed under a key that changes every day, and each for one use. */
export function defaultTickets(provider: CryptoProvider): Tickets {
  const keys = new RotatingTicketKeys(provider);
  return sealedTickets({ provider, keys, used: new MemoryStore() });
}

const caches = new WeakMap<object, ClientSessionCache>();

/**
 * The cache that all clients of this process share who trust the same. A session says how its server was verified, but not by
 * which trust store; so each has a cache of its own, and who judges in another way than by a trust store has none.
 */
export function defaultSessionCache(config: ClientConfig): ClientSessionCache | undefined {
  const { trust, verifyPeer, trustedPublicKeys, credentials } = config;
  const other = verifyPeer ?? trustedPublicKeys ??
    (typeof credentials === "function" ? credentials : undefined);
  if (trust === undefined || other !== undefined) return undefined;
  const store = TrustStore.of(trust);
  let cache = caches.get(store);
  if (cache === undefined) caches.set(store, cache = new MemoryClientCache());
  return cache;
}
