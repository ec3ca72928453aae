/**
 * The WebAssembly kernel of ML-KEM (FIPS 203), made on first use. It works on plain bytes, and what it does with secrets takes the
 * same way whatever they are (`deno task constant-time` shows it).
 *
 * @module
 */
import { TlsError, wipe } from "@sealane/wire";
import type { MlKem } from "../ml_kem.ts";
import { instantiateBase64 } from "../wasm/instantiate.ts";
import { KERNEL_WASM } from "./kernel_wasm.ts";

/** What the module exports; `kernel/` has the source. `k` is the rank: 2, 3 or 4. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly SEED: WebAssembly.Global;
  readonly SECRET_VECTOR: WebAssembly.Global;
  readonly ENCAPSULATION_KEY: WebAssembly.Global;
  readonly REJECTION: WebAssembly.Global;
  readonly CIPHERTEXT: WebAssembly.Global;
  readonly SHARED_SECRET: WebAssembly.Global;
  generate(k: number): void;
  encapsulate(k: number): number;
  decapsulate(k: number): void;
  wipe(): void;
}

/** Bytes of the seeds d, z and m, and of a shared secret. */
const SEED_LENGTH = 32;

function bind(call: KernelExports, k: 2 | 3 | 4): MlKem {
  const memory = new Uint8Array(call.memory.buffer);
  const put = (at: WebAssembly.Global, bytes: Uint8Array) => memory.set(bytes, at.value);
  const take = (at: WebAssembly.Global, length: number) =>
    memory.slice(at.value, at.value + length);
  const vectorLength = 384 * k;
  const keyLength = vectorLength + SEED_LENGTH;
  // FIPS 203 table 3.
  const ciphertextLength = { 2: 768, 3: 1088, 4: 1568 }[k];

  return Object.freeze({
    keygen(seed: Uint8Array = crypto.getRandomValues(new Uint8Array(2 * SEED_LENGTH))) {
      put(call.SEED, seed);
      call.generate(k);
      const publicKey = take(call.ENCAPSULATION_KEY, keyLength);
      // The secret vector, the encapsulation key, and z.
      const secretKey = new Uint8Array(vectorLength + keyLength + SEED_LENGTH);
      const at = call.SECRET_VECTOR.value;
      secretKey.set(memory.subarray(at, at + vectorLength));
      secretKey.set(publicKey, vectorLength);
      secretKey.set(seed.subarray(SEED_LENGTH), vectorLength + keyLength);
      call.wipe();
      return { publicKey, secretKey };
    },
    encapsulate(
      publicKey: Uint8Array,
      message: Uint8Array = crypto.getRandomValues(new Uint8Array(SEED_LENGTH)),
    ) {
      put(call.ENCAPSULATION_KEY, publicKey);
      put(call.SEED, message);
      const ok = call.encapsulate(k) !== 0;
      const cipherText = take(call.CIPHERTEXT, ciphertextLength);
      const sharedSecret = take(call.SHARED_SECRET, SEED_LENGTH);
      call.wipe();
      wipe(message);
      if (ok) return { cipherText, sharedSecret };
      throw new TlsError(
        "api/argument",
        "the encapsulation key has a coefficient above the modulus",
      );
    },
    decapsulate(cipherText: Uint8Array, secretKey: Uint8Array) {
      put(call.SECRET_VECTOR, secretKey.subarray(0, vectorLength));
      put(call.ENCAPSULATION_KEY, secretKey.subarray(vectorLength, vectorLength + keyLength));
      put(call.REJECTION, secretKey.subarray(vectorLength + keyLength));
      put(call.CIPHERTEXT, cipherText);
      call.decapsulate(k);
      const sharedSecret = take(call.SHARED_SECRET, SEED_LENGTH);
      call.wipe();
      return sharedSecret;
    },
  });
}

/** The three parameter sets by the kernel. */
export type MlKemKernel = Readonly<Record<"512" | "768" | "1024", MlKem>>;

function instantiate(): MlKemKernel | null {
  try {
    // The module is our own: it has these exports (kernel/index.as).
    const call = instantiateBase64(KERNEL_WASM) as unknown as KernelExports;
    return { "512": bind(call, 2), "768": bind(call, 3), "1024": bind(call, 4) };
  } catch {
    return null; // the platform cannot run it, and noble serves
  }
}

let kernel: MlKemKernel | null | undefined;

/** The kernel, or `null` where the platform cannot run it. */
export function loadMlKem(): MlKemKernel | null {
  if (kernel === undefined) kernel = instantiate();
  return kernel;
}
