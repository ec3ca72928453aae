/**
 * Secrets that stand in plain objects: shown by their length only.
 *
 * @module
 */

/** What Deno, and Node and Bun, call to show a value. */
const INSPECT = [Symbol.for("Deno.customInspect"), Symbol.for("nodejs.util.inspect.custom")];

/**
 * The same bytes, which `console.log`, `Deno.inspect` and `util.inspect` show as their length from now on, wherever they stand.
 * They are still what they are for everything else.
 */
export function secretBytes<T extends Uint8Array>(bytes: T): T {
  const shown = (): string => `<${bytes.length} secret bytes>`;
  for (const symbol of INSPECT) {
    Object.defineProperty(bytes, symbol, { value: shown, configurable: true });
  }
  return bytes;
}
