/**
 * GREASE (RFC 8701): reserved values among the real ones, so that servers which choke on the unknown are found early.
 *
 * @module
 */
import type { KeyShareEntry } from "./key_share.ts";
import type { RawExtension } from "./extension.ts";

/** The GREASE values of one connection: the same in both ClientHellos. */
export class Grease {
  readonly #suite: number;
  readonly #group: number;
  readonly #version: number;
  readonly #scheme: number;
  readonly #first: number;
  readonly #last: number;

  /** Draws the values. */
  constructor(randomBytes: (length: number) => Uint8Array) {
    const [suite, group, version, scheme, first, last] = randomBytes(6);
    this.#suite = greaseValue(suite);
    this.#group = greaseValue(group);
    this.#version = greaseValue(version);
    this.#scheme = greaseValue(scheme);
    this.#first = greaseValue(first);
    // RFC 9846 §4.3: an extension type stands in a message once.
    this.#last = greaseValue((first & 0xf0) === (last & 0xf0) ? last ^ 0x10 : last);
  }

  /** A cipher suite. */
  cipherSuites(): number[] {
    return [this.#suite];
  }

  /** A group. */
  groups(): number[] {
    return [this.#group];
  }

  /** A key share of that group, with one byte. */
  keyShares(): KeyShareEntry[] {
    return [{ group: this.#group, share: new Uint8Array(1) }];
  }

  /** A version. */
  versions(): number[] {
    return [this.#version];
  }

  /** A signature scheme. */
  signatureSchemes(): number[] {
    return [this.#scheme];
  }

  /** The extensions between an empty one and one with a byte. */
  surround(extensions: readonly RawExtension[]): RawExtension[] {
    return [
      { type: this.#first, data: new Uint8Array() },
      ...extensions,
      { type: this.#last, data: new Uint8Array(1) },
    ];
  }
}

/** One of 0x0A0A, 0x1A1A ... 0xFAFA, by the high half of a random byte. */
export function greaseValue(random: number): number {
  const byte = random & 0xf0 | 0x0a;
  return byte << 8 | byte;
}
