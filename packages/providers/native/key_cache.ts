/**
 * Public keys that `node:crypto` has read already. Reading one costs Node more than verifying with it (OpenSSL 3), and the same
 * few come again and again: those of authorities, and of servers that are asked more than once.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";

/** How many keys are kept: a peer that sends ever new ones costs no more memory than that. */
const CAPACITY = 64;

/** Keys by their SubjectPublicKeyInfo, the latest used last. */
export class KeyCache {
  readonly #keys = new Map<string, KeyObject>();

  /** The key that `read` makes of `spki`, or made before. What it throws is not kept. */
  get(spki: Uint8Array, read: (spki: Uint8Array) => KeyObject): KeyObject {
    const name = String.fromCharCode(...spki);
    const key = this.#keys.get(name) ?? read(spki);
    this.#keys.delete(name);
    this.#keys.set(name, key);
    if (this.#keys.size > CAPACITY) {
      const [oldest] = this.#keys.keys();
      this.#keys.delete(oldest);
    }
    return key;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#keys.size;
  }
}
