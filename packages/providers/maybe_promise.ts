/**
 * What counts as a promise, decided once for every package: a thenable, whoever made it. A provider, a callback or a store
 * may run in another realm, or in a program that has replaced `globalThis.Promise`; its promise is waited for like one
 * of our own, never taken for the value that it stands for.
 *
 * @module
 */
import type { MaybePromise } from "./provider.ts";

/** The promises of the language itself, also where a program has put its own class in their place. */
// The prototype of an async function's result has the constructor; its type is not known from there.
const LanguagePromise = (async () => {})().constructor as PromiseConstructor;

/**
 * Whether `value` is a promise, or behaves like one: whatever has a method `then`. The methods of one that we did not make
 * may be missing or wrong; {@link promised} makes it one of ours.
 */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  // A function may have a `then`, too (ECMAScript, Promise Resolve Functions).
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    "then" in value && typeof value.then === "function";
}

/** `value`, and a promise of the language in place of another thenable. */
export function promised<T>(value: MaybePromise<T>): MaybePromise<T> {
  return isPromise(value) ? LanguagePromise.resolve(value) : value;
}

/**
 * `next(value)`, now if `value` is there, else when its promise is resolved; then the result is a promise of the
 * language. `failed` is given what the promise is rejected with.
 */
export function chain<T, U, F = never>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
  failed?: (error: unknown) => MaybePromise<F>,
): MaybePromise<U | F> {
  return isPromise(value) ? LanguagePromise.resolve(value).then(next, failed) : next(value);
}

/** `combine` of two values, now if both are there. */
export function chainBoth<A, B, C>(
  a: MaybePromise<A>,
  b: MaybePromise<B>,
  combine: (a: A, b: B) => MaybePromise<C>,
): MaybePromise<C> {
  if (!isPromise(a) && !isPromise(b)) return combine(a, b);
  return LanguagePromise.all([a, b]).then(([first, second]) => combine(first, second));
}
