/**
 * What the kit says when a provider fails.
 *
 * @module
 */
import { toHex } from "@sealane/wire";

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

/** Throws unless the bytes are equal. */
export function checkBytes(actual: Uint8Array | null, expected: Uint8Array, what: string): void {
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

/** Bytes that differ from `bytes` in one bit. */
export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at] ^= bit;
  return copy;
}
