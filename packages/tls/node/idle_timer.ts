/**
 * Tells when a socket has been idle for too long.
 *
 * @module
 */
import { clearTimeout, setTimeout } from "node:timers";

/** Runs from the last activity on; does not keep the program running. */
export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Does nothing before {@link IdleTimer.set}. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Calls back after so many milliseconds without activity; 0: never. */
  set(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (milliseconds <= 0) return;
    // A longer time than a timer can be set to is as good as none.
    this.#timer = setTimeout(this.#onIdle, Math.min(milliseconds, 0x7fff_ffff));
    this.#timer.unref();
  }

  /** There was activity. */
  refresh(): void {
    this.#timer?.refresh();
  }
}
