/**
 * Where a client keeps its sessions.
 *
 * @module
 */
import { requireClock, requireCount } from "@sealane/wire";
import type { MaybePromise } from "@sealane/providers";
import type { NamedGroup } from "@sealane/wire";
import { isSessionAlive, type Session } from "./session.ts";

/** The sessions of a client, by server. Write your own to keep them elsewhere; see {@link encodeSession}. */
export interface ClientSessionCache {
  /** A session with this server, or `null`. `server` names it as the client was told to: for instance `example.org:443`. */
  take(server: string): MaybePromise<Session | null>;
  /** Keeps a session. */
  put(server: string, session: Session): MaybePromise<void>;
  /** The group that this server last asked for a share of; `null` or left out: none is known. */
  rememberedGroup?(server: string): MaybePromise<NamedGroup | null>;
  /** Keeps the group that a server asked for with a HelloRetryRequest, so that the next ClientHello has a share for it. */
  rememberGroup?(server: string, group: NamedGroup): MaybePromise<void>;
}

/** Options of a {@link MemoryClientCache}. */
export interface MemoryClientCacheOptions {
  /** Most servers; the one whose sessions were used least recently is forgotten first. 1,000 unless given. */
  readonly maxServers?: number;
  /** Most sessions of one server; the oldest is forgotten first. 4 unless given. */
  readonly sessionsPerServer?: number;
  /** Whether a session is taken once only (RFC 9846 appendix C.4: else its connections can be linked); `true` unless given. */
  readonly singleUse?: boolean;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

/** A bounded cache in memory. The newest session of a server is taken first. */
export class MemoryClientCache implements ClientSessionCache {
  readonly #servers = new Map<string, Session[]>();
  readonly #groups = new Map<string, NamedGroup>();
  readonly #maxServers: number;
  readonly #sessionsPerServer: number;
  readonly #singleUse: boolean;
  readonly #now: () => number;

  /** A cache without sessions. */
  constructor(options: MemoryClientCacheOptions = {}) {
    this.#maxServers = requireCount("maxServers", options.maxServers ?? 1000);
    this.#sessionsPerServer = requireCount("sessionsPerServer", options.sessionsPerServer ?? 4, 1);
    this.#singleUse = options.singleUse ?? true;
    this.#now = requireClock("now", options.now ?? Date.now);
  }

  /** The newest session with this server that is still alive, or `null`. */
  take(server: string): Session | null {
    const now = this.#now();
    const sessions = this.#servers.get(server)?.filter((session) => isSessionAlive(session, now));
    this.#servers.delete(server);
    const newest = sessions?.at(-1);
    if (sessions === undefined || newest === undefined) return null;
    if (this.#singleUse) sessions.pop();
    if (sessions.length > 0) this.#servers.set(server, sessions);
    return newest;
  }

  /** Keeps a session. */
  put(server: string, session: Session): void {
    const sessions = this.#servers.get(server) ?? [];
    this.#servers.delete(server);
    this.#servers.set(server, [...sessions, session].slice(-this.#sessionsPerServer));
    forgetOldest(this.#servers, this.#maxServers);
  }

  /** The group that this server last asked for; `null` if it did not, or was forgotten. */
  rememberedGroup(server: string): NamedGroup | null {
    return this.#groups.get(server) ?? null;
  }

  /** Keeps the group that a server asked for; of as many servers as sessions are kept of. */
  rememberGroup(server: string, group: NamedGroup): void {
    this.#groups.delete(server);
    this.#groups.set(server, group);
    forgetOldest(this.#groups, this.#maxServers);
  }
}

/** Drops the entry that was set first if there are more than `most`. */
function forgetOldest(map: Map<string, unknown>, most: number): void {
  if (map.size <= most) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
