/**
 * What a program may give as a time, a duration or a count. A comparison with what is no number is false, whatever it was
 * to guard: so every public function that takes one looks at it here first.
 *
 * @module
 */
import { describeValue } from "./byte_argument.ts";
import { TlsError } from "./error.ts";

function refuse(name: string, value: unknown, wanted: string): never {
  throw new TlsError("api/argument", `${name} is ${describeValue(value)}, not ${wanted}`);
}

/**
 * A moment: milliseconds since 1970, fractions included.
 *
 * @throws {TlsError} `api/argument` for what is no finite number.
 */
export function requireTime(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  refuse(name, value, "a finite number of milliseconds");
}

/**
 * How long something lasts or may last: milliseconds from 0, fractions included; `Infinity` is for ever.
 *
 * @throws {TlsError} `api/argument`.
 */
export function requireDuration(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0) return value;
  refuse(name, value, "a number of milliseconds from 0");
}

/**
 * A length or a count: a whole number from `least` to `most`.
 *
 * @throws {TlsError} `api/argument`.
 */
export function requireCount(
  name: string,
  value: unknown,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  refuse(name, value, `a whole number from ${least} to ${most}`);
}

/**
 * A clock whose readings are times.
 *
 * @throws {TlsError} `api/argument` if it is no function; so does the clock for a reading that is no finite number.
 */
export function requireClock(name: string, clock: unknown): () => number {
  if (typeof clock !== "function") return refuse(name, clock, "a function");
  return () => requireTime(`the reading of ${name}`, clock());
}

/** By how much the clocks of servers that share keys or a store may differ: milliseconds. */
export const CLOCK_MARGIN = 10_000;

/** The longest wait of a timer: 2^31 - 1 milliseconds, above which timers of the runtimes fire at once. */
export const LONGEST_TIMER = 0x7fff_ffff;
