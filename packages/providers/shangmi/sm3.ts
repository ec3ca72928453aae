/**
 * The hash SM3 (GB/T 32905-2016) and HMAC-SM3.
 *
 * @module
 */
import { wipe } from "@sealane/wire";
import type { Hash, HashState } from "../provider.ts";
import type { Engine } from "./engine.ts";
import { engine } from "./choose_engine.ts";

const BLOCK = 64;
const DIGEST = 32;
/** GB/T 32905 section 4.1 */
const INITIAL = Uint32Array.of(
  0x7380166f,
  0x4914b2b9,
  0x172442d7,
  0xda8a0600,
  0xa96f30bc,
  0x163138aa,
  0xe38dee4d,
  0xb0fb0e4e,
);

class Sm3State implements HashState {
  readonly #engine: Engine;
  readonly #words: Uint32Array;
  readonly #buffer: Uint8Array;
  /** Bytes of the message so far; the last `#length % 64` of them are in the buffer. */
  #length: number;

  constructor(engine: Engine, words: Uint32Array = INITIAL, buffer?: Uint8Array, length = 0) {
    this.#engine = engine;
    this.#words = new Uint32Array(words);
    this.#buffer = buffer === undefined ? new Uint8Array(BLOCK) : new Uint8Array(buffer);
    this.#length = length;
  }

  update(data: Uint8Array): this {
    const filled = this.#length % BLOCK;
    this.#length += data.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(BLOCK - filled, data.length);
      this.#buffer.set(at === data.length ? data : data.subarray(0, at), filled);
      if (filled + at < BLOCK) return this;
      this.#engine.sm3Compress(this.#words, this.#buffer, 0, 1);
    }
    const blocks = Math.floor((data.length - at) / BLOCK);
    if (blocks > 0) {
      this.#engine.sm3Compress(this.#words, data, at, blocks);
      at += blocks * BLOCK;
    }
    if (at < data.length) this.#buffer.set(data.subarray(at));
    return this;
  }

  clone(): Sm3State {
    return new Sm3State(this.#engine, this.#words, this.#buffer, this.#length);
  }

  digest(): Uint8Array {
    const digest = this.#engine.sm3Finish(this.#words, this.#buffer, this.#length);
    this.#buffer.fill(0);
    this.#words.fill(0);
    return digest;
  }
}

/** SM3 on an engine; `undefined` is the platform's, found at the first use. */
export function makeSm3(fixed?: Engine): Hash {
  const use = fixed === undefined ? engine : () => fixed;
  return Object.freeze({
    name: "SM3",
    outputLength: DIGEST,
    blockLength: BLOCK,
    create: () => new Sm3State(use()),
    hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
      const engine = use();
      const short = engine.sm3Hmac(key, data);
      if (short !== null) return short;
      // RFC 2104 §2: a key longer than a block is hashed first.
      const pad = new Uint8Array(BLOCK);
      pad.set(key.length > BLOCK ? new Sm3State(engine).update(key).digest() : key);
      for (let i = 0; i < BLOCK; i++) pad[i] ^= 0x36;
      const inner = new Sm3State(engine).update(pad);
      for (const part of data) inner.update(part);
      for (let i = 0; i < BLOCK; i++) pad[i] ^= 0x36 ^ 0x5c;
      const outer = new Sm3State(engine).update(pad).update(inner.digest());
      wipe(pad);
      return outer.digest();
    },
  });
}

/** SM3. */
export const sm3: Hash = makeSm3();

/** The SM3 digest of the concatenation of `parts`. */
export function sm3Digest(...parts: readonly Uint8Array[]): Uint8Array {
  const state = sm3.create();
  for (const part of parts) state.update(part);
  return state.digest();
}
