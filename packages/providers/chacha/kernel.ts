/**
 * The WebAssembly kernel of ChaCha20-Poly1305, made on first use, for texts up to the length of a TLS record.
 *
 * @module
 */
import { checkLength, NONCE_LENGTH, placeFor } from "../cipher_suites.ts";
import type { AeadKey } from "../provider.ts";
import { instantiateBase64 } from "../wasm/instantiate.ts";
import { KERNEL_WASM } from "./kernel_wasm.ts";

/** What the module exports; `kernel/` has the source. Addresses and lengths are in bytes. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly KEY: WebAssembly.Global;
  readonly NONCE: WebAssembly.Global;
  readonly AAD: WebAssembly.Global;
  readonly AAD_LENGTH: WebAssembly.Global;
  readonly TEXT: WebAssembly.Global;
  readonly TEXT_LENGTH: WebAssembly.Global;
  seal(aadLength: number, length: number): void;
  open(aadLength: number, length: number): number;
}

const TAG_LENGTH = 16;

/** The kernel, ready for keys. */
export interface ChachaKernel {
  /** The longest text that it takes. */
  readonly maxLength: number;
  /** A key of 32 bytes: texts within `limits` are the kernel's, all others go to `others`. */
  importKey(key: Uint8Array, limits: ChachaLimits, others: AeadKey): AeadKey;
}

/** The longest texts, in bytes, that the kernel gets. */
export interface ChachaLimits {
  /** To seal. */
  readonly seal: number;
  /** To open. */
  readonly open: number;
}

function bind(call: KernelExports): ChachaKernel {
  const memory = new Uint8Array(call.memory.buffer);
  const [keyAt, nonceAt, aadAt, textAt, maxAad, maxLength] = [
    call.KEY,
    call.NONCE,
    call.AAD,
    call.TEXT,
    call.AAD_LENGTH,
    call.TEXT_LENGTH,
  ].map((global): number => global.value);
  /** Whose key is in the kernel's memory. */
  let current: AeadKey | null = null;

  function importKey(key: Uint8Array, limits: ChachaLimits, others: AeadKey): AeadKey {
    const ownKey = key.slice();
    const [longestSealed, longestOpened] = [limits.seal, limits.open].map((limit) =>
      Math.min(limit, maxLength)
    );

    function prepare(nonce: Uint8Array, aad: Uint8Array): void {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      if (current !== self) memory.set(ownKey, keyAt);
      current = self;
      memory.set(nonce, nonceAt);
      memory.set(aad, aadAt);
    }

    const self: AeadKey = Object.freeze({
      seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out?: Uint8Array) {
        const { length } = plaintext;
        if (length > longestSealed || aad.length > maxAad) {
          return others.seal(nonce, aad, plaintext, out);
        }
        const place = out && placeFor(length + TAG_LENGTH, out);
        prepare(nonce, aad);
        memory.set(plaintext, textAt);
        call.seal(aad.length, length);
        const end = textAt + length + TAG_LENGTH;
        if (place === undefined) return memory.slice(textAt, end);
        place.set(memory.subarray(textAt, end));
        return place;
      },
      open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array, out?: Uint8Array) {
        const length = ciphertext.length - TAG_LENGTH;
        if (length > longestOpened || aad.length > maxAad) {
          return others.open(nonce, aad, ciphertext, out);
        }
        checkLength("the nonce", nonce, NONCE_LENGTH);
        if (length < 0) return null;
        const place = out && placeFor(length, out);
        prepare(nonce, aad);
        memory.set(ciphertext, textAt);
        if (call.open(aad.length, length) === 0) return null;
        if (place === undefined) return memory.slice(textAt, textAt + length);
        place.set(memory.subarray(textAt, textAt + length));
        return place;
      },
    });
    return self;
  }

  return Object.freeze({ maxLength, importKey });
}

function instantiate(): ChachaKernel | null {
  try {
    // The module is our own: it has these exports (kernel/index.as).
    return bind(instantiateBase64(KERNEL_WASM) as unknown as KernelExports);
  } catch {
    return null; // the platform cannot run it, and its own or noble's serves
  }
}

let kernel: ChachaKernel | null | undefined;

/** The kernel, or `null` where the platform cannot run it. */
export function loadChacha(): ChachaKernel | null {
  if (kernel === undefined) kernel = instantiate();
  return kernel;
}
