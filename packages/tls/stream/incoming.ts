/**
 * Data that has arrived and nobody has taken.
 *
 * @module
 */

import { type Deferred, deferred } from "../connection/deferred.ts";

/** How much waits at most where the transport is read for something else than data: bytes. */
const ROOM = 65_536;

/** Two queues: early data is in front of the rest. */
export class Incoming {
  readonly #early: Uint8Array[] = [];
  readonly #rest: Uint8Array[] = [];
  #last: Uint8Array[] = this.#rest;
  #bytes = 0;
  #room: Deferred<void> | null = null;

  /** Done when more than what is there may be read without being asked for. */
  get room(): Promise<void> | null {
    if (this.#bytes < ROOM) return null;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  /** Adds what has arrived. */
  push(data: Uint8Array, early: boolean): void {
    (early ? this.#early : this.#rest).push(data);
    this.#bytes += data.length;
  }

  /** The next chunk; `undefined` if there is none. */
  shift(): Uint8Array | undefined {
    this.#last = this.#early.length > 0 ? this.#early : this.#rest;
    return this.#taken(this.#last.shift());
  }

  /** The next chunk of early data; `undefined` if there is none. */
  shiftEarly(): Uint8Array | undefined {
    return this.#taken(this.#early.shift());
  }

  /** Puts back what is left of the last chunk of {@link Incoming.shift}. */
  putBack(rest: Uint8Array): void {
    this.#last.unshift(rest);
    this.#bytes += rest.length;
  }

  /** Forgets everything. */
  clear(): void {
    this.#early.length = this.#rest.length = 0;
    this.#bytes = 0;
    this.#makeRoom();
  }

  #taken(chunk: Uint8Array | undefined): Uint8Array | undefined {
    this.#bytes -= chunk?.length ?? 0;
    if (this.#bytes < ROOM) this.#makeRoom();
    return chunk;
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}

/** A stream of what `next` gives, a chunk for each that is asked for, until `null`. */
export function pullStream(
  next: () => Promise<Uint8Array | null>,
  cancel?: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const chunk = await next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel,
  }, { highWaterMark: 0 });
}
