/**
 * Chooses the primitives under the ShangMi provider: the WebAssembly kernel and, where a platform cannot run that, TypeScript
 * (`fallback/`).
 *
 * @module
 */
import type { Engine } from "./engine.ts";
import { fallbackEngine } from "./fallback/engine.ts";
import { loadKernel } from "./kernel.ts";
import { kernelEngine } from "./kernel_engine.ts";

let chosen: Engine | undefined;

/** The engine of this platform, made on first use. */
export function engine(): Engine {
  if (chosen === undefined) {
    const kernel = loadKernel();
    chosen = kernel === null ? fallbackEngine : kernelEngine(kernel);
  }
  return chosen;
}
