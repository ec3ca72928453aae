/**
 * The engine over the WebAssembly kernel: copies input to the kernel's memory, calls, and copies the result out.
 *
 * @module
 */
import { equalBytes, TlsError, wipe } from "@sealane/wire";
import { checkLength, NONCE_LENGTH, placeFor } from "../cipher_suites.ts";
import type { AeadKey } from "../provider.ts";
import type { Engine, Sm2Arithmetic } from "./engine.ts";
import type { Kernel } from "./kernel.ts";

const TAG = 16;
const SM3_BLOCK = 64;
/** Bytes of round keys; the rest of an expanded key is for GHASH. */
const ROUND_KEYS = 128;
/** NIST SP 800-38D section 5.2.1.1: 2^32 - 2 blocks. RFC 8998 section 3.5.1 has the same number. */
const MAX_GCM = 2 ** 36 - 31;
/** RFC 8998 section 3.5.2: a length has q = 3 bytes. */
const MAX_CCM = 2 ** 24 - 1;

/** What of a mode differs between GCM and CCM. */
interface Mode {
  readonly name: string;
  readonly maxLength: number;
  start(nonce: Uint8Array, aad: Uint8Array, length: number): void;
  update(length: number, seal: number): void;
  finish(aadLength: number, length: number): void;
}

/** The engine over `kernel`. */
export function kernelEngine(kernel: Kernel): Engine {
  const { call, io, block, key: keyPlace, sm3State } = kernel;
  const sm3Words = new Uint32Array(sm3State.buffer, sm3State.byteOffset, 8);
  const chunkLength = io.length;

  /** Additional data, which may begin with `from` bytes at `io` already. */
  function absorb(aad: Uint8Array, from: number, each: (length: number) => void): void {
    for (let at = 0; from + aad.length - at > 0; from = 0) {
      const length = Math.min(chunkLength - from, aad.length - at);
      io.set(aad.subarray(at, at + length), from);
      each(from + length);
      at += length;
    }
  }

  const gcm: Mode = {
    name: "SM4-GCM",
    maxLength: MAX_GCM,
    start(nonce, aad) {
      block.set(nonce);
      call.gcmStart();
      absorb(aad, 0, call.gcmAad);
    },
    update: (length, seal) => call.gcmUpdate(0, length, seal),
    finish: call.gcmFinish,
  };

  const ccm: Mode = {
    name: "SM4-CCM",
    maxLength: MAX_CCM,
    start(nonce, aad, length) {
      // RFC 3610 §2.2: the flags say whether there is additional data, M' = (16 - 2) / 2 and L' = 3 - 1.
      block[0] = (aad.length > 0 ? 0x40 : 0) | 7 << 3 | 2;
      block.set(nonce, 1);
      block[13] = length >>> 16;
      block[14] = length >>> 8;
      block[15] = length;
      call.ccmStart();
      if (aad.length > 0) absorb(aad, putAadLength(io, aad.length), call.ccmAad);
    },
    update: (length, seal) => call.ccmUpdate(0, length, seal),
    finish: call.ccmFinish,
  };

  function crypt(mode: Mode, input: Uint8Array, length: number, place: Uint8Array, seal: number) {
    for (let at = 0; at < length; at += chunkLength) {
      const size = Math.min(chunkLength, length - at);
      io.set(size === input.length ? input : input.subarray(at, at + size));
      mode.update(size, seal);
      place.set(io.subarray(0, size), at);
    }
  }

  function aeadKey(mode: Mode, expanded: Uint8Array): AeadKey {
    function start(nonce: Uint8Array, aad: Uint8Array, length: number): void {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      if (length > mode.maxLength) {
        throw new TlsError("api/argument", `${mode.name} cannot protect ${length} bytes`);
      }
      keyPlace.set(expanded);
      mode.start(nonce, aad, length);
    }
    return {
      seal(nonce, aad, plaintext, out) {
        const { length } = plaintext;
        const place = placeFor(length + TAG, out);
        start(nonce, aad, length);
        crypt(mode, plaintext, length, place, 1);
        mode.finish(aad.length, length);
        place.set(block, length);
        return place;
      },
      open(nonce, aad, ciphertext, out) {
        const length = ciphertext.length - TAG;
        if (length < 0) {
          checkLength("the nonce", nonce, NONCE_LENGTH);
          return null;
        }
        const place = placeFor(length, out);
        start(nonce, aad, length);
        crypt(mode, ciphertext, length, place, 0);
        mode.finish(aad.length, length);
        if (equalBytes(block, ciphertext.subarray(length))) return place;
        wipe(place);
        return null;
      },
    };
  }

  function expand(key: Uint8Array, bytes: number, make: () => void): Uint8Array {
    block.set(key);
    make();
    const expanded = keyPlace.slice(0, bytes);
    wipe(block);
    return expanded;
  }

  return Object.freeze({
    name: "wasm",
    sm3Compress(state: Uint32Array, data: Uint8Array, from: number, count: number) {
      sm3Words.set(state);
      while (count > 0) {
        const blocks = Math.min(count, chunkLength / 64);
        io.set(data.subarray(from, from + 64 * blocks));
        call.sm3Blocks(kernel.ioAddress, blocks);
        from += 64 * blocks;
        count -= blocks;
      }
      state.set(sm3Words);
    },
    sm3Finish(state: Uint32Array, rest: Uint8Array, length: number) {
      sm3Words.set(state);
      io.set(rest);
      call.sm3Finish(kernel.ioAddress, length);
      return sm3State.slice();
    },
    sm3Hmac(key: Uint8Array, data: readonly Uint8Array[]) {
      if (key.length > SM3_BLOCK) return null;
      let end = SM3_BLOCK;
      for (const part of data) end += part.length;
      if (end + 2 * SM3_BLOCK > chunkLength) return null;
      io.set(key);
      let at = SM3_BLOCK;
      for (const part of data) {
        io.set(part, at);
        at += part.length;
      }
      call.sm3Hmac(key.length, end - SM3_BLOCK);
      return sm3State.slice();
    },
    sm4Block(key: Uint8Array) {
      const expanded = expand(key, ROUND_KEYS, call.sm4Key);
      const result = new Uint8Array(16);
      return (input: Uint8Array) => {
        keyPlace.set(expanded);
        block.set(input);
        call.sm4Block();
        result.set(block);
        return result;
      };
    },
    sm4Gcm: (key: Uint8Array) => aeadKey(gcm, expand(key, keyPlace.length, call.gcmKey)),
    sm4Ccm: (key: Uint8Array) => aeadKey(ccm, expand(key, ROUND_KEYS, call.sm4Key)),
    sm2: sm2Arithmetic(kernel),
  });
}

/** RFC 3610 §2.2: the length of the additional data in front of it. Returns how many bytes that took. */
function putAadLength(io: Uint8Array, length: number): number {
  if (length < 0xff00) {
    io[0] = length >>> 8;
    io[1] = length;
    return 2;
  }
  io[0] = 0xff;
  io[1] = 0xfe;
  for (let i = 0; i < 4; i++) io[2 + i] = length >>> (24 - 8 * i);
  return 6;
}

function sm2Arithmetic({ call, io }: Kernel): Sm2Arithmetic {
  /** Calls with `inputs` at the start of `io`, and takes `length` bytes at `from` as the result. */
  function run(
    operation: () => number | void,
    inputs: readonly Uint8Array[],
    from: number,
    length: number,
  ): Uint8Array | null {
    let at = 0;
    for (const input of inputs) {
      io.set(input, at);
      at += input.length;
    }
    const result = operation() === 0 ? null : io.slice(from, from + length);
    io.fill(0, 0, Math.max(at, from + length));
    return result;
  }
  const padding = new Uint8Array(32);
  /** For operations that cannot fail on scalars in range. */
  const sure = (result: Uint8Array | null): Uint8Array => {
    if (result === null) throw new TlsError("api/argument", "an SM2 scalar is out of range");
    return result;
  };
  return Object.freeze({
    multiplyBase: (k: Uint8Array) => sure(run(call.sm2Base, [k], 64, 64)),
    multiply: (k: Uint8Array, point: Uint8Array) =>
      run(call.sm2Multiply, [k, padding, point], 64, 64),
    multiplyAdd: (k: Uint8Array, m: Uint8Array, point: Uint8Array) =>
      run(call.sm2MultiplyAdd, [k, m, point], 64, 64),
    onCurve: (point: Uint8Array) => run(call.sm2OnCurve, [padding, padding, point], 64, 0) !== null,
    prepareKey: (d: Uint8Array) => sure(run(call.sm2PrepareKey, [d], 32, 32)),
    sign: (prepared: Uint8Array, k: Uint8Array, r: Uint8Array) =>
      run(call.sm2Sign, [prepared, k, r], 96, 32),
  });
}
