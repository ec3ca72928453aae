/**
 * The variables of the environment, as far as the program may read them.
 *
 * @module
 */

import process from "node:process";

/** The value of a variable; `undefined` where it is not set, and where the runtime does not let the program look. */
export function environmentVariable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined; // Deno without --allow-env: what may not be read is taken as not there
  }
}
