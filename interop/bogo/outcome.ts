/**
 * How one run of the shim ends.
 *
 * @module
 */
import { alertName, TlsError } from "@sealane/wire";
import { errorToken } from "./error_map.ts";
import { UnimplementedError } from "./flags.ts";

/** An `-expect-…` flag, or a rule that holds for every connection, was not met. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

/** Throws an {@link ExpectationError} unless `condition` holds. */
export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ExpectationError(what);
}

/** On a client: the server declined the early data. The connection goes on with the flags of the retry. */
export class EarlyDataRejectedError extends Error {
  override readonly name = "EarlyDataRejectedError";
}

/** The exit code, and the one line for stderr. The runner wants stderr empty after a success. */
export function outcomeOf(error: unknown): { readonly code: number; readonly line: string } {
  if (error instanceof UnimplementedError) return { code: 89, line: error.message };
  if (error instanceof TlsError) {
    const token = error.code !== "peer/alert" || error.receivedAlert === undefined
      ? errorToken(error.code)
      : errorToken(`peer/alert ${alertName(error.receivedAlert)}`);
    return { code: 1, line: `${token} ${error.message}` };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 1, line: message.replaceAll("\n", " ") };
}
