/**
 * SHA-2 and HMAC through `node:crypto`.
 *
 * @module
 */
import type { Hash as NodeHash } from "node:crypto";
import { HASHES, type HashName } from "../key_info.ts";
import type { Hash, HashState } from "../provider.ts";
import { isDeno, type NodeCrypto, plain } from "./platform.ts";
import { hmacSha256 } from "./sha256.ts";

/** The name of a hash in `node:crypto`. */
export function nodeHashName(hash: HashName): string {
  return hash.replace("-", "").toLowerCase();
}

class NativeHashState implements HashState {
  readonly #hash: NodeHash;

  constructor(hash: NodeHash) {
    this.#hash = hash;
  }

  update(data: Uint8Array): this {
    this.#hash.update(data);
    return this;
  }

  clone(): HashState {
    return new NativeHashState(this.#hash.copy());
  }

  digest(): Uint8Array {
    return plain(this.#hash.digest());
  }
}

/** From about this many bytes on the calls into Deno cost less than compressing in TypeScript. */
const SHORT = 512;

/** A hash of SHA-2. */
export function nativeHash(crypto: NodeCrypto, name: HashName): Hash {
  const algorithm = nodeHashName(name);
  const outputLength = HASHES[name].bytes;
  const blockLength = name === "SHA-256" ? 64 : 128;

  /** RFC 2104 by hand: on Deno two hashes cost two thirds of its `createHmac` (see `bench/hmac.ts`). */
  function hmacOfHashes(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
    const block = new Uint8Array(blockLength);
    block.set(key.length > blockLength ? crypto.createHash(algorithm).update(key).digest() : key);
    for (let i = 0; i < blockLength; i++) block[i] ^= 0x36;
    const inner = crypto.createHash(algorithm).update(block);
    for (const part of data) inner.update(part);
    for (let i = 0; i < blockLength; i++) block[i] ^= 0x36 ^ 0x5c;
    const outer = crypto.createHash(algorithm).update(block).update(inner.digest());
    block.fill(0);
    return plain(outer.digest());
  }

  function hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
    const mac = crypto.createHmac(algorithm, key);
    for (const part of data) mac.update(part);
    return plain(mac.digest());
  }

  const parameters = { name, outputLength, blockLength };
  const create = () => new NativeHashState(crypto.createHash(algorithm));
  if (!isDeno) return Object.freeze({ ...parameters, create, hmac });
  if (name !== "SHA-256") return Object.freeze({ ...parameters, create, hmac: hmacOfHashes });
  return Object.freeze({
    ...parameters,
    create,
    hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
      const short = key.length <= blockLength && data.every(({ length }) => length <= SHORT);
      return short ? hmacSha256(key, data) : hmacOfHashes(key, ...data);
    },
  });
}
