/**
 * The option `onread`: reads into memory of the program's.
 *
 * @module
 */
import type { OnRead } from "./socket_options.ts";

/** Hands data on in the program's own buffer, as much at a time as it holds. */
export class ReadTarget {
  readonly #next: () => Uint8Array;
  readonly #callback: OnRead["callback"];
  #buffer: Uint8Array;

  /** Asks for the first buffer. */
  constructor({ buffer, callback }: OnRead) {
    this.#next = typeof buffer === "function" ? buffer : () => buffer;
    this.#callback = callback;
    this.#buffer = this.#next();
  }

  /** Hands data on. Returns whether the program wants more. */
  take(bytes: Uint8Array): boolean {
    let wanted = true;
    for (let at = 0; at < bytes.length;) {
      const target = this.#buffer;
      const piece = bytes.subarray(at, at + target.length);
      target.set(piece);
      at += piece.length;
      if (this.#callback(piece.length, target) === false) wanted = false;
      this.#buffer = this.#next();
    }
    return wanted;
  }
}
