/**
 * The engine without WebAssembly: SM3, bit-sliced SM4 and GHASH in TypeScript, curveSM2 on noble-curves.
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import { ccmKey } from "../../ccm.ts";
import { checkLength, NONCE_LENGTH, placeFor } from "../../cipher_suites.ts";
import type { AeadKey } from "../../provider.ts";
import type { Engine } from "../engine.ts";
import { ghash } from "./ghash.ts";
import { nobleSm2 } from "./sm2.ts";
import { encryptBlocks, expandKey, LANES } from "./sm4.ts";
import { sm3Compress, sm3Finish } from "./sm3.ts";

const BLOCK = 16;
const TAG = 16;
/** RFC 8998 section 3.5.1 */
const MAX_GCM = 2 ** 36 - 31;

const lanes = new DataView(new ArrayBuffer(BLOCK * LANES));
const laneBytes = new Uint8Array(lanes.buffer);

/** `data` encrypted in counter mode from the block `counter` on, of which the last four bytes count. */
function ctr(roundKeys: Int32Array, counter: Uint8Array, data: Uint8Array): Uint8Array {
  const output = new Uint8Array(data.length);
  let count = new DataView(counter.buffer, counter.byteOffset).getUint32(12);
  for (let at = 0; at < data.length; at += laneBytes.length) {
    for (let lane = 0; lane < LANES; lane++) {
      laneBytes.set(counter, BLOCK * lane);
      lanes.setUint32(BLOCK * lane + 12, count++);
    }
    encryptBlocks(roundKeys, lanes);
    const end = Math.min(data.length, at + laneBytes.length);
    for (let i = at; i < end; i++) output[i] = data[i] ^ laneBytes[i - at];
  }
  laneBytes.fill(0);
  return output;
}

function encryptOne(roundKeys: Int32Array, block: Uint8Array): Uint8Array {
  laneBytes.set(block);
  encryptBlocks(roundKeys, lanes);
  return laneBytes.slice(0, BLOCK);
}

function lengths(aadLength: number, length: number): Uint8Array {
  const block = new DataView(new ArrayBuffer(BLOCK));
  block.setBigUint64(0, BigInt(aadLength) * 8n);
  block.setBigUint64(8, BigInt(length) * 8n);
  return new Uint8Array(block.buffer);
}

function gcmKey(key: Uint8Array): AeadKey {
  const roundKeys = expandKey(key);
  const h = encryptOne(roundKeys, new Uint8Array(BLOCK));

  /** The counter block `nonce || index`. */
  function counterBlock(nonce: Uint8Array, index: number): Uint8Array {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    const block = new Uint8Array(BLOCK);
    block.set(nonce);
    block[15] = index;
    return block;
  }

  function tag(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const sum = ghash(h, aad, ciphertext, lengths(aad.length, ciphertext.length));
    return ctr(roundKeys, counterBlock(nonce, 1), sum);
  }

  return {
    seal(nonce, aad, plaintext, out) {
      const { length } = plaintext;
      if (length > MAX_GCM) {
        throw new TlsError("api/argument", `SM4-GCM cannot protect ${length} bytes`);
      }
      const place = placeFor(length + TAG, out);
      place.set(ctr(roundKeys, counterBlock(nonce, 2), plaintext));
      place.set(tag(nonce, aad, place.subarray(0, length)), length);
      return place;
    },
    open(nonce, aad, sealed, out) {
      const length = sealed.length - TAG;
      const counter = counterBlock(nonce, 2);
      if (length < 0) return null;
      const place = placeFor(length, out);
      const ciphertext = sealed.subarray(0, length);
      if (!equalBytes(tag(nonce, aad, ciphertext), sealed.subarray(length))) return null;
      place.set(ctr(roundKeys, counter, ciphertext));
      return place;
    },
  };
}

function cbc(roundKeys: Int32Array, blocks: Uint8Array): Uint8Array {
  const output = new Uint8Array(blocks.length);
  let previous = new Uint8Array(BLOCK);
  for (let at = 0; at < blocks.length; at += BLOCK) {
    for (let i = 0; i < BLOCK; i++) previous[i] ^= blocks[at + i];
    previous = encryptOne(roundKeys, previous).slice();
    output.set(previous, at);
  }
  return output;
}

/** The engine in TypeScript. */
export const fallbackEngine: Engine = Object.freeze({
  name: "typescript",
  sm3Compress,
  sm3Finish,
  sm3Hmac: () => null,
  sm4Block(key: Uint8Array) {
    const roundKeys = expandKey(key);
    const result = new Uint8Array(BLOCK);
    return (block: Uint8Array) => {
      result.set(encryptOne(roundKeys, block));
      return result;
    };
  },
  sm4Gcm: gcmKey,
  sm4Ccm(key: Uint8Array) {
    const roundKeys = expandKey(key);
    const modes = {
      cbc: (blocks: Uint8Array) => cbc(roundKeys, blocks),
      ctr: (counter: Uint8Array, data: Uint8Array) => ctr(roundKeys, counter, data),
    };
    return ccmKey(modes, TAG);
  },
  sm2: nobleSm2,
});
