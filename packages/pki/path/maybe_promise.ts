/**
 * One code path for providers that answer at once and for those that answer later: an algorithm is a generator that
 * yields promises, and {@link run} returns a plain value if none came up.
 *
 * @module
 */
import { isPromise, type MaybePromise, promised } from "@sealane/providers";

/** An algorithm that waits at its `yield`s. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

/** Waits for `value` if it is a promise; a plain value comes back without a suspension. */
export function* settle<T>(value: MaybePromise<T>): Steps<T> {
  const later = promised(value);
  // The cast: `run` resumes with what the yielded promise resolved to.
  return isPromise(later) ? (yield later) as T : later;
}

/** Runs an algorithm: to its end at once if it never waits, else as a promise. */
export function run<T>(steps: Steps<T>): MaybePromise<T> {
  const resume = (turn: () => IteratorResult<Promise<unknown>, T>): MaybePromise<T> => {
    const result = turn();
    if (result.done) return result.value;
    return result.value.then(
      (value) => resume(() => steps.next(value)),
      (error) => resume(() => steps.throw(error)),
    );
  };
  return resume(() => steps.next());
}
