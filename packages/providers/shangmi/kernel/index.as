// The kernel of the ShangMi provider, in AssemblyScript: `tools/build_shangmi_wasm.ts` compiles it to `../kernel_wasm.ts`.
export { BLOCK, IO, IO_LENGTH, KEY, KEY_LENGTH, SM3_STATE, wipe } from "./memory";
export { sm3Blocks, sm3Finish, sm3Hmac } from "./sm3";
export { sm4Block, sm4Key } from "./sm4";
export { gcmAad, gcmFinish, gcmKey, gcmStart, gcmUpdate } from "./gcm";
export { ccmAad, ccmFinish, ccmStart, ccmUpdate } from "./ccm";
export { sm2Base, sm2Multiply, sm2MultiplyAdd, sm2OnCurve } from "./point";
export { sm2PrepareKey, sm2Sign } from "./scalar";
