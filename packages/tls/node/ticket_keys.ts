/**
 * The keys that seal the tickets of a context: new ones every day, or the 48 bytes that Node's servers share.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  RotatingTicketKeys,
  TICKET_KEY_NAME_LENGTH,
  type TicketKey,
  type TicketKeyRing,
} from "@sealane/handshake";
import type { MaybePromise } from "@sealane/providers";
import { equalBytes } from "@sealane/wire";

/** The bytes of `ticketKeys`: a name and a key. */
export const TICKET_KEYS_LENGTH = 48;

/** The random bytes of a provider. */
type Random = (length: number) => Uint8Array;

/**
 * Rotates its keys, until somebody wants to share them: what {@link ContextTicketKeys.export} gives, or
 * {@link ContextTicketKeys.replace} sets, stays in use from then on, and to change it is the program's task.
 */
export class ContextTicketKeys implements TicketKeyRing {
  readonly #rotating: RotatingTicketKeys;
  readonly #random: Random;
  #shared: TicketKey | null = null;
  #before: TicketKey | null = null;

  /** A ring that rotates. */
  constructor(random: Random) {
    this.#random = random;
    this.#rotating = new RotatingTicketKeys({ random });
  }

  /** The key to seal with now. */
  current(): MaybePromise<TicketKey> {
    return this.#shared ?? this.#rotating.current();
  }

  /** The key of this name. */
  find(name: Uint8Array): MaybePromise<TicketKey | null> {
    for (const key of [this.#shared, this.#before]) {
      if (key !== null && equalBytes(key.name, name)) return key;
    }
    return this.#rotating.find(name);
  }

  /** The 48 bytes to give to another server of the same name: they open every ticket. */
  export(): Buffer {
    this.#shared ??= keyOf(this.#random(TICKET_KEYS_LENGTH));
    return Buffer.concat([this.#shared.name, this.#shared.key]);
  }

  /** Seals with these 48 bytes from now on. Tickets under the ones before them are still opened. */
  replace(keys: Uint8Array): void {
    this.#before = this.#shared;
    this.#shared = keyOf(Uint8Array.from(keys));
  }
}

function keyOf(bytes: Uint8Array): TicketKey {
  return {
    name: bytes.slice(0, TICKET_KEY_NAME_LENGTH),
    key: bytes.slice(TICKET_KEY_NAME_LENGTH),
  };
}
