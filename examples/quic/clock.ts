/**
 * Time for a connection: that of the machine, or of a test.
 *
 * @module
 */

/** A clock in milliseconds, with a timer whose `set` gives the way to stop it. */
export interface Clock {
  now(): number;
  set(action: () => void, delay: number): () => void;
}

/** The machine's time. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  set(action, delay) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};
