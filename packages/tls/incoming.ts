/**
 * Data that has arrived and nobody has taken.
 *
 * @module
 */

/** Two queues: early data is in front of the rest. */
export class Incoming {
  readonly #early: Uint8Array[] = [];
  readonly #rest: Uint8Array[] = [];
  #last: Uint8Array[] = this.#rest;

  /** Adds what has arrived. */
  push(data: Uint8Array, early: boolean): void {
    (early ? this.#early : this.#rest).push(data);
  }

  /** The next chunk; `undefined` if there is none. */
  shift(): Uint8Array | undefined {
    this.#last = this.#early.length > 0 ? this.#early : this.#rest;
    return this.#last.shift();
  }

  /** The next chunk of early data; `undefined` if there is none. */
  shiftEarly(): Uint8Array | undefined {
    return this.#early.shift();
  }

  /** Puts back what is left of the last chunk of {@link Incoming.shift}. */
  putBack(rest: Uint8Array): void {
    this.#last.unshift(rest);
  }

  /** Forgets everything. */
  clear(): void {
    this.#early.length = this.#rest.length = 0;
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
