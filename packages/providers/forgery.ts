/**
 * How an implementation says that a tag is wrong, where it throws: a throw of any other kind is no fault of the peer.
 *
 * @module
 */

/** What tells one kind of error from another. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return `not an Error: ${String(error)}`;
  const code = "code" in error ? error.code : "";
  return `${error.name} ${code} ${error.message}`;
}

/** Recognizes the error for a wrong tag, which it has seen once in a forgery of its own. */
export class ForgeryErrors {
  readonly #forge: () => unknown;
  #known: string | null = null;

  /** `forge` opens something with a wrong tag, and so throws. */
  constructor(forge: () => unknown) {
    this.#forge = forge;
  }

  /** Whether `error` is thrown for wrong tags. */
  has(error: unknown): boolean {
    this.#known ??= this.#learn();
    return kindOf(error) === this.#known;
  }

  #learn(): string {
    try {
      this.#forge();
    } catch (error) {
      return kindOf(error);
    }
    return "nothing is thrown";
  }
}
