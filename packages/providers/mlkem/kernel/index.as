// The kernel of ML-KEM, in AssemblyScript: `tools/build_kernels.ts` compiles it to `../kernel_wasm.ts`.
import { CIPHERTEXT, ENCAPSULATION_KEY, REJECTION, SECRET_VECTOR, SEED, SHARED_SECRET } from "./memory";

export { CIPHERTEXT, ENCAPSULATION_KEY, REJECTION, SECRET_VECTOR, SEED, SHARED_SECRET } from "./memory";
export { decapsulate, encapsulate, generate } from "./kem";

/** Overwrites every input and output. */
export function wipe(): void {
  memory.fill(SEED, 0, 64);
  memory.fill(SECRET_VECTOR, 0, 1536);
  memory.fill(ENCAPSULATION_KEY, 0, 1568);
  memory.fill(REJECTION, 0, 1600);
  memory.fill(SHARED_SECRET, 0, 32);
}
