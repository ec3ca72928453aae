/**
 * The WebAssembly kernel, made on first use. Compiling takes a few milliseconds and is synchronous: `new
 * WebAssembly.Module` is allowed for modules of any size in Deno, Node and Bun, and on a browser's main thread where the
 * browser sets no limit (Chromium's is 8 MiB; the kernel has 30 KiB).
 *
 * @module
 */
import { instantiateBase64 } from "../wasm/instantiate.ts";
import { KERNEL_WASM } from "./kernel_wasm.ts";

/** What the module exports; `kernel/` has the source. Addresses are in bytes. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly IO: WebAssembly.Global;
  readonly IO_LENGTH: WebAssembly.Global;
  readonly KEY: WebAssembly.Global;
  readonly KEY_LENGTH: WebAssembly.Global;
  readonly BLOCK: WebAssembly.Global;
  readonly SM3_STATE: WebAssembly.Global;
  wipe(ioLength: number): void;
  sm3Blocks(data: number, count: number): void;
  sm3Finish(data: number, length: number): void;
  sm3Hmac(keyLength: number, length: number): void;
  sm4Key(): void;
  sm4Block(): void;
  gcmKey(): void;
  gcmStart(): void;
  gcmAad(length: number): void;
  gcmUpdate(offset: number, length: number, seal: number): void;
  gcmFinish(aadLength: number, length: number): void;
  ccmStart(): void;
  ccmAad(length: number): void;
  ccmUpdate(offset: number, length: number, seal: number): void;
  ccmFinish(): void;
  sm2Base(): number;
  sm2Multiply(): number;
  sm2MultiplyAdd(): number;
  sm2OnCurve(): number;
  sm2PrepareKey(): void;
  sm2Sign(): number;
}

/** The kernel: its functions, and views over the places where it takes and leaves data. */
export interface Kernel {
  /** The functions of the module. */
  readonly call: KernelExports;
  /** Bulk input and output. */
  readonly io: Uint8Array;
  /** Address of {@link Kernel.io}. */
  readonly ioAddress: number;
  /** The expanded key in use. */
  readonly key: Uint8Array;
  /** One block. */
  readonly block: Uint8Array;
  /** The chaining state of SM3. */
  readonly sm3State: Uint8Array;
}

function instantiate(): Kernel | null {
  try {
    // The module is our own: it has these exports (kernel/index.as).
    const call = instantiateBase64(KERNEL_WASM) as unknown as KernelExports;
    const { buffer } = call.memory;
    const view = (address: WebAssembly.Global, length: number) =>
      new Uint8Array(buffer, address.value, length);
    return {
      call,
      io: view(call.IO, call.IO_LENGTH.value),
      ioAddress: call.IO.value,
      key: view(call.KEY, call.KEY_LENGTH.value),
      block: view(call.BLOCK, 16),
      sm3State: view(call.SM3_STATE, 32),
    };
  } catch {
    // No WebAssembly, no SIMD, or a content security policy without 'wasm-unsafe-eval': the fallback does it.
    return null;
  }
}

let kernel: Kernel | null | undefined;

/** The kernel, or `null` where the platform cannot run it. */
export function loadKernel(): Kernel | null {
  if (kernel === undefined) kernel = instantiate();
  return kernel;
}
