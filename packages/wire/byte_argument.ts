/**
 * Arguments that have to be bytes, checked for programs without types.
 *
 * @module
 */
import { TlsError } from "./error.ts";

/** What kind of value this is, for messages. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === "object") return `a ${value.constructor?.name ?? "object"}`;
  return `the ${typeof value} ${String(value).slice(0, 40)}`;
}

/**
 * Refuses what is no `Uint8Array`; `call` is the function that was given it.
 *
 * @throws {TlsError} `api/argument`.
 */
export function requireByteArgument(value: unknown, call: string): asserts value is Uint8Array {
  if (value instanceof Uint8Array) return;
  const hint = typeof value === "string" ? ": encode it with TextEncoder" : "";
  throw new TlsError(
    "api/argument",
    `${call} takes a Uint8Array, not ${describeValue(value)}${hint}`,
  );
}
