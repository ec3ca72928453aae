/**
 * Anti-replay for early data: ClientHello recording (RFC 9846 section 8.2) with the freshness check that bounds it (section
 * 8.3).
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import { CLOCK_MARGIN, requireClock, requireDuration, requireTime, toHex } from "@sealane/wire";
import { MemoryStore } from "./memory_store.ts";
import { guardStore, type SessionStore } from "./store.ts";

/** Says of each early-data handshake whether it is the first of its kind. */
export interface ReplayGuard {
  /** Largest difference between the ages of the ticket on both sides, in milliseconds, with which early data is accepted. */
  readonly tolerance: number;
  /**
   * Records a handshake: `true` if it may have early data, `false` if it was recorded before or that cannot be known.
   * `binder` is the PSK binder of the chosen identity, verified; nothing else of the ClientHello may be part of it.
   */
  claim(binder: Uint8Array): MaybePromise<boolean>;
  /**
   * The same under an external PSK, which says nothing about its age: the record has to be kept until `expires`, milliseconds
   * since 1970, also if the process ends before. A guard without this method has no early data under external PSKs.
   */
  claimUntil?(binder: Uint8Array, expires: number): MaybePromise<boolean>;
}

/** Options of {@link createReplayGuard}. */
export interface ReplayGuardOptions {
  /**
   * Where handshakes are recorded, shared by all processes that accept the same tickets. Unless given, memory of this process
   * for 100,000 handshakes; when it is full, early data is declined. Needed for early data under external PSKs, which memory
   * of this process does not serve: the PSK may outlive it.
   */
  readonly store?: SessionStore;
  /** See {@link ReplayGuard.tolerance}; 60,000 unless given. */
  readonly tolerance?: number;
  /**
   * Whether to decline early data until nothing from before the start can be replayed: a little more than twice the tolerance. Needed where
   * records are lost in a restart while tickets from before it are accepted after it; `false` unless given.
   */
  readonly declineAfterStart?: boolean;
  /** Told about failures of the store. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

const RECORDED = Uint8Array.of(1);

/** A replay guard over a store. A store that fails makes it decline. */
export function createReplayGuard(options: ReplayGuardOptions = {}): ReplayGuard {
  const { tolerance = 60_000, onError, declineAfterStart = false } = options;
  const now = requireClock("now", options.now ?? Date.now);
  requireDuration("tolerance", tolerance);
  const store = guardStore(options.store ?? new MemoryStore({ whenFull: "refuse", now }), {
    now,
    onError,
    retryAfter: 0,
  });
  // A ClientHello that arrives with its ticket `tolerance` too old on the client is acceptable until the ticket is `tolerance`
  // too young, and a little longer by the clock of another server.
  const window = 2 * tolerance + CLOCK_MARGIN;
  let start = declineAfterStart ? now() + window : -Infinity;
  let latest = -Infinity;
  /** Whether records of all that is acceptable now are there. */
  const recording = (): boolean => {
    const time = now();
    // A clock that was ahead has let records expire that count again: what arrives now may have been seen.
    if (time < latest - CLOCK_MARGIN) {
      start = time + window;
      latest = time;
    }
    latest = Math.max(latest, time);
    // RFC 9846 §8.2: freshly started, reject while the recording window overlaps the startup time.
    return time >= start;
  };
  return Object.freeze({
    tolerance,
    claim(binder: Uint8Array): MaybePromise<boolean> {
      if (!recording()) return false;
      return store.add(`early:${toHex(binder)}`, RECORDED, window);
    },
    ...(options.store !== undefined && {
      claimUntil(binder: Uint8Array, expires: number): MaybePromise<boolean> {
        if (!recording()) return false;
        const left = requireTime("expires", expires) - now();
        return left > 0 && store.add(`early:${toHex(binder)}`, RECORDED, left + CLOCK_MARGIN);
      },
    }),
  });
}
