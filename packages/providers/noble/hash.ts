/**
 * SHA-2 and HMAC from `@noble/hashes`. The WebCrypto provider takes them too, since its own are asynchronous.
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { HashName } from "../key_info.ts";
import type { Hash, HashState } from "../provider.ts";

type NobleHash = typeof sha256;
type NobleState = ReturnType<NobleHash["create"]>;

/** The noble function of a hash. */
export const nobleHashFunctions: Readonly<Record<HashName, NobleHash>> = {
  "SHA-256": sha256,
  // One type of constructor, three widths: noble types each by its own class.
  "SHA-384": sha384 as unknown as NobleHash,
  "SHA-512": sha512 as unknown as NobleHash,
};

class NobleHashState implements HashState {
  readonly #state: NobleState;

  constructor(state: NobleState) {
    this.#state = state;
  }

  update(data: Uint8Array): this {
    this.#state.update(data);
    return this;
  }

  clone(): HashState {
    return new NobleHashState(this.#state.clone());
  }

  digest(): Uint8Array {
    return this.#state.digest();
  }
}

/** A hash of SHA-2. */
export function nobleHash(name: HashName): Hash {
  const hash = nobleHashFunctions[name];
  return Object.freeze({
    name,
    outputLength: hash.outputLen,
    blockLength: hash.blockLen,
    create: () => new NobleHashState(hash.create()),
    hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
      const mac = hmac.create(hash, key);
      for (const part of data) mac.update(part);
      return mac.digest();
    },
  });
}
