/**
 * What the files of this back end share: the types that `crypto.subtle` wants, and the way back to noble.
 *
 * @module
 */

/** The asynchronous primitives of the platform. */
export const subtle: SubtleCrypto = crypto.subtle;

/** `bytes` in memory of its own that is not shared, which is what `crypto.subtle` takes: an unshared view as it is. */
export function input(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // A Uint8Array is over either kind of buffer, and this has just been looked at.
  return bytes.buffer instanceof ArrayBuffer ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
}

/** Whether an operation failed because the platform does not have the algorithm. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotSupportedError";
}

/**
 * `run`, or `fallback` where the platform does not have the algorithm. Which it is cannot be asked for, and a list of a
 * provider has to stand before anything asynchronous, so each operation finds out by itself.
 */
export async function orElse<T>(run: () => Promise<T>, fallback: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isUnsupported(error)) return fallback();
    throw error;
  }
}
