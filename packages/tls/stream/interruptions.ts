/**
 * Waiting for the transport, which may take for ever, until the stream ends.
 *
 * @module
 */
import { LONGEST_TIMER } from "@sealane/wire";

/** The waits of one direction that end together. None outlives what it waits for. */
export class Interruptions {
  readonly #waiting = new Set<() => void>();

  /** Done when `work` is, whatever became of it, or when it is interrupted. */
  until(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      work.then(done, done);
    });
  }

  /** Ends every wait. */
  interrupt(): void {
    for (const done of this.#waiting) done();
  }
}

/** A bound on how long something may stand still: milliseconds, counted anew after every {@link Patience.restart}. */
export class Patience {
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #give: () => void = () => {};

  /** `milliseconds` is how long nothing may happen. */
  constructor(milliseconds: number) {
    this.#milliseconds = Math.min(milliseconds, LONGEST_TIMER);
  }

  /** Something has happened. */
  restart(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#give, this.#milliseconds);
  }

  /** Waits for `work`, whatever becomes of it; whether it ended in time. */
  async for(work: Promise<unknown>): Promise<boolean> {
    const late = new Promise<boolean>((resolve) => {
      this.#give = () => resolve(false);
      this.#timer = setTimeout(this.#give, this.#milliseconds);
    });
    try {
      return await Promise.race([work.then(() => true, () => true), late]);
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }
}
