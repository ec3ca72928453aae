/**
 * The keys that seal tickets: a new one every day, each accepted for two days, the same on every server of a fleet.
 *
 * @module
 */
import { chain, type MaybePromise, randomFrom } from "@sealane/providers";
import { equalBytes, requireClock, secretBytes, TlsError } from "@sealane/wire";
import { guardStore, type SessionStore } from "./store.ts";

/** A key that tickets are sealed under. */
export interface TicketKey {
  /** Stands in the ticket in the clear: {@link TICKET_KEY_NAME_LENGTH} bytes, the number of the period and random bytes. */
  readonly name: Uint8Array;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}

/** Bytes of the name of a ticket key. */
export const TICKET_KEY_NAME_LENGTH = 16;

const KEY_LENGTH = 32;

/** Where the keys of tickets come from. Keys are used at once: they are wiped when their time is over. */
export interface TicketKeyRing {
  /** The key to seal with now. */
  current(): MaybePromise<TicketKey>;
  /** The key of this name, or `null` if it is unknown or no longer accepted. */
  find(name: Uint8Array): MaybePromise<TicketKey | null>;
}

/** Options of a {@link RotatingTicketKeys}. */
export interface RotatingTicketKeysOptions {
  /** Cryptographic random bytes: the `random` of a provider. */
  readonly random: (length: number) => Uint8Array;
  /** Shared by the servers of a fleet; without it the keys live and die with the process. */
  readonly store?: SessionStore;
  /** Milliseconds for which a key seals; 24 hours unless given. It opens for as long again. */
  readonly period?: number;
  /** Told about failures of the store. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
}

/** How far ahead the clock of another server may be, in milliseconds: it may seal with the next key already. */
const CLOCK_MARGIN = 300_000;

/**
 * A key ring that makes a new key in every period and forgets it after two. Time is cut into periods at the same moments
 * everywhere, and the first server that needs the key of a period puts it into the store, so a fleet agrees without
 * talking. While the store is down, a server seals with a key of its own: its tickets then resume only with it.
 *
 * ```ts
 * import { RotatingTicketKeys } from "@sealane/handshake";
 *
 * const keys = new RotatingTicketKeys({ random: (n) => crypto.getRandomValues(new Uint8Array(n)) });
 * const key = await keys.current();
 * console.assert((await keys.find(key.name)) === key);
 * ```
 */
export class RotatingTicketKeys implements TicketKeyRing {
  readonly #random: (length: number) => Uint8Array;
  readonly #store: SessionStore | null;
  readonly #period: number;
  readonly #now: () => number;
  /** Period to its key in the store, once known. */
  readonly #shared = new Map<number, TicketKey>();
  /** Period to a key of this process. */
  readonly #own = new Map<number, TicketKey>();

  /**
   * A ring without keys; the first is made when it is needed.
   *
   * @throws {TlsError} `api/config` if the period is not a positive number.
   */
  constructor(options: RotatingTicketKeysOptions) {
    const { random, store, period = 24 * 3600 * 1000, onError } = options;
    const now = requireClock("now", options.now ?? Date.now);
    if (!(period > 0)) {
      throw new TlsError("api/config", `the period of ticket keys is ${period} milliseconds`);
    }
    this.#random = (length) => randomFrom(random, length);
    this.#store = store === undefined ? null : guardStore(store, { now, onError });
    this.#period = period;
    this.#now = now;
  }

  /** The key to seal with now. */
  current(): MaybePromise<TicketKey> {
    const period = this.#today();
    const known = this.#shared.get(period);
    if (known !== undefined) return known;
    if (this.#store === null) return this.#ownKey(period);
    return this.#agree(this.#store, period);
  }

  /** The key of this name, or `null` if it is unknown or no longer accepted. */
  find(name: Uint8Array): MaybePromise<TicketKey | null> {
    const period = periodOf(name);
    if (period === null || !this.#accepts(period)) return null;
    const own = this.#own.get(period);
    if (own !== undefined && equalBytes(own.name, name)) return own;
    const shared = this.#shared.get(period);
    if (shared !== undefined) return withName(shared, name);
    if (this.#store === null) return null;
    return chain(this.#load(this.#store, period), (key) => withName(key, name));
  }

  #today(): number {
    const period = Math.floor(this.#now() / this.#period);
    for (const keys of [this.#shared, this.#own]) {
      for (const old of keys.keys()) if (!this.#accepts(old)) forget(keys, old);
    }
    return period;
  }

  /** The key of this period and of the one before; of the next one where a faster clock has reached it. */
  #accepts(period: number): boolean {
    const now = this.#now();
    const newest = Math.floor((now + Math.min(CLOCK_MARGIN, this.#period)) / this.#period);
    return period >= Math.floor(now / this.#period) - 1 && period <= newest;
  }

  #ownKey(period: number): TicketKey {
    const existing = this.#own.get(period);
    if (existing !== undefined) return existing;
    const key = this.#generate(period);
    this.#own.set(period, key);
    return key;
  }

  #generate(period: number): TicketKey {
    const name = this.#random(TICKET_KEY_NAME_LENGTH);
    new DataView(name.buffer, name.byteOffset).setUint32(0, period % 0x1_0000_0000);
    return { name, key: secretBytes(this.#random(KEY_LENGTH)) };
  }

  /** The key that the store has for this period, ours if it had none, a key of our own if it does not answer. */
  #agree(store: SessionStore, period: number): MaybePromise<TicketKey> {
    return chain(this.#load(store, period), (found) => {
      if (found !== null) return found;
      const ours = this.#generate(period);
      const bytes = new Uint8Array([...ours.name, ...ours.key]);
      // Kept until the period after it has passed, and then some, for clocks that differ.
      const ttl = 2 * this.#period + CLOCK_MARGIN;
      return chain(store.add(storeKey(period), bytes, ttl), (added) => {
        if (added) {
          this.#shared.set(period, ours);
          return ours;
        }
        // Another server was faster, or the store is down.
        return chain(this.#load(store, period), (theirs) => theirs ?? this.#ownKey(period));
      });
    });
  }

  #load(store: SessionStore, period: number): MaybePromise<TicketKey | null> {
    return chain(store.get(storeKey(period)), (bytes) => {
      const key = bytes === null ? null : decodeKey(bytes, period);
      if (key !== null) this.#shared.set(period, key);
      return key;
    });
  }
}

function forget(keys: Map<number, TicketKey>, period: number): void {
  keys.get(period)?.key.fill(0);
  keys.delete(period);
}

function storeKey(period: number): string {
  return `ticket-key:${period}`;
}

function periodOf(name: Uint8Array): number | null {
  if (name.length !== TICKET_KEY_NAME_LENGTH) return null;
  return new DataView(name.buffer, name.byteOffset).getUint32(0);
}

function decodeKey(bytes: Uint8Array, period: number): TicketKey | null {
  if (bytes.length !== TICKET_KEY_NAME_LENGTH + KEY_LENGTH) return null;
  const name = bytes.slice(0, TICKET_KEY_NAME_LENGTH);
  if (periodOf(name) !== period) return null;
  return { name, key: secretBytes(bytes.slice(TICKET_KEY_NAME_LENGTH)) };
}

function withName(key: TicketKey | null, name: Uint8Array): TicketKey | null {
  return key !== null && equalBytes(key.name, name) ? key : null;
}
