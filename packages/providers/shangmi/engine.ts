/**
 * What the ShangMi provider needs of the primitives under it, which there are twice: see `choose_engine.ts`.
 *
 * @module
 */
import type { AeadKey } from "../provider.ts";

/** A point of curveSM2 that is not infinity: the coordinates x and y, 32 big-endian bytes each. */
export type Sm2Point = Uint8Array;

/** Arithmetic on curveSM2. Scalars are 32 big-endian bytes; {@link Sm2Point}s have 64. */
export interface Sm2Arithmetic {
  /** k G, for 0 < k < n. */
  multiplyBase(k: Uint8Array): Sm2Point;
  /** k P, or `null` if P is not on the curve. For 0 < k < n. */
  multiply(k: Uint8Array, point: Sm2Point): Sm2Point | null;
  /** k G + m P, or `null` if P is not on the curve or the sum is infinity. For public values: it may take variable time. */
  multiplyAdd(k: Uint8Array, m: Uint8Array, point: Sm2Point): Sm2Point | null;
  /** Whether coordinates below p are those of a point. */
  onCurve(point: Sm2Point): boolean;
  /** (1 + d)^-1 mod n, for 0 < d < n - 1. */
  prepareKey(d: Uint8Array): Uint8Array;
  /** s = (1 + d)^-1 (k + r) - r mod n, or `null` if r + k = n or s = 0. `prepared` is from {@link prepareKey}. */
  sign(prepared: Uint8Array, k: Uint8Array, r: Uint8Array): Uint8Array | null;
}

/** What an implementation of the primitives has. Everything is synchronous; keys and nonces have the right lengths. */
export interface Engine {
  /** `wasm` or `typescript`. */
  readonly name: string;
  /** Compresses `count` blocks of `data`, from `from` on, into the eight words of `state`. */
  sm3Compress(state: Uint32Array, data: Uint8Array, from: number, count: number): void;
  /** The digest of a message of `length` bytes of which the last `length % 64` are at the start of `rest`. */
  sm3Finish(state: Uint32Array, rest: Uint8Array, length: number): Uint8Array;
  /** HMAC-SM3 in one go, or `null` if the engine has no short way for input of these lengths. */
  sm3Hmac(key: Uint8Array, data: readonly Uint8Array[]): Uint8Array | null;
  /** SM4 on single blocks under one key, into the same 16 bytes every time. */
  sm4Block(key: Uint8Array): (block: Uint8Array) => Uint8Array;
  /** AEAD_SM4_GCM under one key. */
  sm4Gcm(key: Uint8Array): AeadKey;
  /** AEAD_SM4_CCM under one key. */
  sm4Ccm(key: Uint8Array): AeadKey;
  /** curveSM2. */
  readonly sm2: Sm2Arithmetic;
}
