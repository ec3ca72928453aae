/**
 * What a peer's certificates may cost: one set of limits, and the one budget of work of a verification.
 *
 * @module
 */
import { MAX_DER_ELEMENTS, TlsError } from "@sealane/wire";

/** Bounds of what a peer's certificates may cost. */
export interface PathLimits {
  /** Certificates that a peer may send. */
  readonly certificates: number;
  /** Bytes of all certificates that a peer may send. */
  readonly bytes: number;
  /** DER elements of all certificates that a peer may send: a name has one or two. */
  readonly elements: number;
  /** Certificates in a path, without the anchor's. */
  readonly depth: number;
  /** Complete paths that are validated. */
  readonly paths: number;
  /** Certificates that are looked at as a next step. */
  readonly steps: number;
  /** Signatures that are verified. */
  readonly signatures: number;
  /**
   * Work of one verification across all paths, in bytes that are compared or hashed; what costs more than a comparison, for
   * instance the normalisation of a name, counts as more bytes.
   */
  readonly work: number;
}

/** The limits that hold unless others are given. */
export const DEFAULT_PATH_LIMITS: PathLimits = Object.freeze({
  certificates: 64,
  bytes: 131_072,
  elements: MAX_DER_ELEMENTS,
  depth: 64,
  paths: 32,
  steps: 500,
  signatures: 64,
  work: 1 << 21,
});

/**
 * The limits with the defaults where none is given; `undefined` is none.
 *
 * @throws {TlsError} `api/config` for a limit that is no number from 0 on, or has a name that is none of a limit.
 */
export function resolvePathLimits(given: Partial<PathLimits> = {}): PathLimits {
  return resolveLimits(DEFAULT_PATH_LIMITS, given, "limit");
}

/** `defaults` with what `given` has instead. Errors call an entry `what` and its name. */
export function resolveLimits<T extends object>(
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined },
  what: string,
): T {
  const resolved = { ...defaults };
  // The cast: the keys of an object literal are those of its type, and others are refused.
  for (const name of Object.keys(given) as (keyof T & string)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (!Object.hasOwn(defaults, name)) {
      throw new TlsError("api/config", `there is no ${what} ${name}`);
    }
    if (typeof value === "number" ? !(value >= 0) : typeof defaults[name] === "number") {
      throw new TlsError("api/config", `the ${what} ${name} is ${String(value)}, not a number`);
    }
    // The cast: `undefined` has been passed over.
    resolved[name] = value as T[keyof T & string];
  }
  return resolved;
}

/** What is left of the work that one verification may cost (`work` of {@link PathLimits}). */
export class WorkBudget {
  readonly #limit: number;
  #left: number;

  /** A budget of so many bytes. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Whether more has been asked for than there was. */
  get isExhausted(): boolean {
    return this.#left < 0;
  }

  /**
   * Takes from the budget.
   *
   * @throws {TlsError} `peer/bad-certificate` if there is not enough left.
   */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new TlsError(
      "peer/bad-certificate",
      `certificate path costs more than the limit work of ${this.#limit} bytes compared`,
    );
  }
}
