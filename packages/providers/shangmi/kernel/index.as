// The kernel of the ShangMi provider, in AssemblyScript: `tools/build_kernels.ts` compiles it, with the sources of
// `../../weierstrass/kernel`, to `../kernel_wasm.ts`.
import { IO } from "./memory";
import { base, multiply, multiplyAdd, onCurve } from "./point";

export { BLOCK, IO, IO_LENGTH, KEY, KEY_LENGTH, SM3_STATE, wipe } from "./memory";
export { sm3Blocks, sm3Finish, sm3Hmac } from "./sm3";
export { sm4Block, sm4Key } from "./sm4";
export { gcmAad, gcmFinish, gcmKey, gcmStart, gcmUpdate } from "./gcm";
export { ccmAad, ccmFinish, ccmStart, ccmUpdate } from "./ccm";
export { sm2PrepareKey, sm2Sign } from "./sm2";

/** The scalar at IO times G: its 64 bytes at IO + 64. `false` if that is infinity. Constant time. */
export function sm2Base(): bool {
  return base(IO, IO + 64);
}

/**
 * The scalar at IO times the point at IO + 64, which it replaces. `false` if that point is not on the curve or the result
 * is infinity. Constant time.
 */
export function sm2Multiply(): bool {
  return multiply(IO, IO + 64);
}

/**
 * The scalar at IO times G plus the scalar at IO + 32 times the point at IO + 64, which the sum replaces. `false` if that
 * point is not on the curve or the sum is infinity. For public values only.
 */
export function sm2MultiplyAdd(): bool {
  return multiplyAdd(IO, IO + 32, IO + 64);
}

/** Whether the point at IO + 64 is on the curve. */
export function sm2OnCurve(): bool {
  return onCurve(IO + 64);
}
