/**
 * Values that may be promises, without a hop where they are not.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";

/** `next` applied to a value now, or to a promise's value later. */
export function chain<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
