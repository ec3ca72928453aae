/**
 * Asks the platform for what it may refuse: files, environment, lists of certificates. What is refused is taken as not there,
 * and the flag that would allow it is kept.
 *
 * @module
 */
import type * as nodeFs from "node:fs";

/** Why a file gives nothing. */
export type Refusal = { readonly flag: string } | { readonly error: string };

/** What is asked for, and what was refused. */
export class PlatformAccess {
  readonly #fs: typeof nodeFs | undefined;
  readonly #flags = new Set<string>();
  readonly #variables = new Set<string>();
  readonly #refusals = new Map<string, Refusal>();

  /** `fs` is `node:fs`, where there is one. */
  constructor(fs: typeof nodeFs | undefined) {
    this.#fs = fs;
  }

  /** The value of an environment variable; empty if there is none. */
  variable(environment: () => Readonly<Record<string, string | undefined>>, name: string): string {
    const value = attempt(() => environment()[name]);
    if ("error" in value && isRefusal(value.error)) this.#variables.add(name);
    return "error" in value ? "" : value.result ?? "";
  }

  /** The bytes of a file, as a list of one; an empty list if it cannot be read. */
  read(path: string): Uint8Array[] {
    const bytes = this.#file(path, (fs) => fs.readFileSync(path));
    return bytes === undefined ? [] : [bytes];
  }

  /** The names in a folder, sorted; none if it cannot be read. */
  list(folder: string): string[] {
    return (this.#file(folder, (fs) => fs.readdirSync(folder)) ?? []).sort();
  }

  #file<T>(path: string, get: (fs: typeof nodeFs) => T): T | undefined {
    if (this.#fs === undefined) return undefined;
    const fs = this.#fs;
    const outcome = attempt(() => get(fs));
    if (!("error" in outcome)) return outcome.result;
    const { error } = outcome;
    const [deno, node] = [`--allow-read=${path}`, `--allow-fs-read=${path}`];
    if (isRefusal(error)) {
      this.#refusals.set(path, { flag: codeOf(error) === NODE_REFUSAL ? node : deno });
    } else {
      this.#refusals.set(path, { error: error instanceof Error ? error.message : String(error) });
    }
    return undefined;
  }

  /** What `get` returns, or `undefined` if it throws; `flag` is what a refusal is remembered by. */
  ask<T>(flag: string, get: () => T): T | undefined {
    const outcome = attempt(get);
    if (!("error" in outcome)) return outcome.result;
    if (isRefusal(outcome.error)) this.#flags.add(flag);
    return undefined;
  }

  /** What to say of a file that holds no certificate. */
  explain(path: string): string {
    const refusal = this.#refusals.get(path);
    if (refusal === undefined) return "which holds no certificate";
    if ("flag" in refusal) return `which may not be read: run again with ${refusal.flag}`;
    return `which cannot be read: ${refusal.error}`;
  }

  /** The flags for what was refused of files and lists. */
  flags(): string[] {
    const files = [...this.#refusals.values()].flatMap((refusal) => {
      return "flag" in refusal ? [refusal.flag.replace(/=.*/s, "")] : [];
    });
    return [...new Set([...files, ...this.#flags])];
  }

  /** The flag for the variables that were refused, or `null` if none were. */
  variableFlag(): string | null {
    return this.#variables.size === 0 ? null : `--allow-env=${[...this.#variables].join(",")}`;
  }
}

/** What Node's permission model throws. */
const NODE_REFUSAL = "ERR_ACCESS_DENIED";

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether an error says that a permission of the runtime is missing, not one of the file system. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || codeOf(error) === NODE_REFUSAL);
}

function attempt<T>(get: () => T): { readonly result: T } | { readonly error: unknown } {
  try {
    return { result: get() };
  } catch (error) {
    return { error };
  }
}
