/**
 * How a WebAssembly kernel becomes functions.
 *
 * @module
 */

/**
 * The exports of a module in base64 that imports nothing. Compiling is synchronous and takes a few milliseconds: `new
 * WebAssembly.Module` is allowed for modules of any size in Deno, Node and Bun, and on a browser's main thread where the
 * browser sets no limit (Chromium's is 8 MiB).
 *
 * @throws {Error} if the platform cannot run it: no WebAssembly, no SIMD, or a content security policy without
 * 'wasm-unsafe-eval'.
 */
export function instantiateBase64(base64: string): WebAssembly.Exports {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
}
