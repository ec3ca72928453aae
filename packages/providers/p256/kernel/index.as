// The kernel of P-256, in AssemblyScript: `tools/build_kernels.ts` compiles it, with the sources of `../weierstrass/kernel`, to
// `../kernel_wasm.ts`.
import { IO } from "./memory";
import { base, multiply } from "./point";

export { IO } from "./memory";
export { sign, verify } from "./ecdsa";

/** The scalar at IO times G: 64 bytes at IO + 64. Constant time. */
export function p256Base(): bool {
  return base(IO, IO + 64);
}

/** The scalar at IO times the point at IO + 64, which the product replaces; `false` if there is none. Constant time. */
export function p256Multiply(): bool {
  return multiply(IO, IO + 64);
}
