/**
 * Going on with a value that may be a promise, without yielding to the event loop where it is none.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";

/** `next(value)`, now if `value` is there, else when its promise is resolved. */
export function chain<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
