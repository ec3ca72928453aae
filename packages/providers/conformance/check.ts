/**
 * What the kit says when a provider fails.
 *
 * @module
 */
import { toHex } from "@sealane/wire";
import { isBytes } from "../answers.ts";

/** One test of the kit: run it with any test runner. */
export interface ConformanceTest {
  /** What is shown, with the primitive in front. */
  readonly name: string;
  /** Resolves if the provider passes, rejects with an `Error` that says what it did instead. */
  run(): Promise<void>;
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless `value` is a `Uint8Array`: not a promise of one, nor a list of numbers. */
export function checkIsBytes(value: unknown, what: string): asserts value is Uint8Array {
  check(isBytes(value), `${what}: not a Uint8Array but ${Object.prototype.toString.call(value)}`);
}

/** Throws unless both are the same bytes. */
export function checkBytes(actual: Uint8Array | null, expected: Uint8Array, what: string): void {
  if (actual !== null) checkIsBytes(actual, what);
  // Texts are for people: of long ones the place where they differ says more.
  if (actual !== null && actual.length === expected.length && expected.length > 200) {
    const at = actual.findIndex((byte, i) => byte !== expected[i]);
    check(at < 0, `${what} of ${expected.length} bytes is wrong from byte ${at} on`);
    return;
  }
  const shown = actual === null ? "null" : toHex(actual);
  check(shown === toHex(expected), `${what} is ${shown} instead of ${toHex(expected)}`);
}

/** Throws unless `run` throws or rejects. */
export async function checkThrows(run: () => unknown, what: string): Promise<void> {
  try {
    await run();
  } catch {
    return;
  }
  throw new Error(`${what} did not throw`);
}

/** Bytes that look like nothing in particular, and are the same each time. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed * 2654435761 | 1; i < length; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What `make` gives for a copy of each input, which is overwritten as soon as it has returned. */
export async function withCopies<T>(
  inputs: readonly Uint8Array[],
  make: (...copies: Uint8Array[]) => T | Promise<T>,
): Promise<T> {
  const copies = inputs.map((input) => input.slice());
  const result = make(...copies);
  for (const copy of copies) copy.fill(0x5a);
  return await result;
}

/** Bytes that differ from `bytes` in one bit. */
export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at] ^= bit;
  return copy;
}
