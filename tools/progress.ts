/**
 * How far long work is: which of how many, and since when.
 *
 * @module
 */

/** Minutes and seconds of a time in milliseconds. */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Says how far work is, on standard error: at once, and then at most every ten seconds. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #began = Date.now();
  #said = 0;

  /** `what` is what there is `total` of. */
  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  /** `done` of them are done. */
  at(done: number): void {
    const now = Date.now();
    if (now - this.#said < 10_000) return;
    this.#said = now;
    console.error(`${done} of ${this.#total} ${this.#what}, ${clock(now - this.#began)}`);
  }
}
