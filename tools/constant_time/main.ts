/**
 * `deno task constant-time`: shows for each WebAssembly kernel, from its committed bytes, that the addresses it reads and writes,
 * its branches and its selects are the same whatever the secret is; and that the controls, which may depend on their input, do.
 *
 * @module
 */
import { readArguments } from "../arguments.ts";
import { kernelModule, KERNELS } from "../build_kernels.ts";
import { OPERATIONS } from "./operations.ts";
import { compareTraces, TracedKernel } from "./trace.ts";

/** The committed bytes of a kernel. */
export async function committedKernel(name: string): Promise<TracedKernel> {
  const source = KERNELS.find((kernel) => kernel.name === name);
  if (source === undefined) throw new Error(`there is no kernel ${name}`);
  const module: { KERNEL_WASM: string } = await import(kernelModule(source).href);
  return new TracedKernel(
    Uint8Array.from(atob(module.KERNEL_WASM), (character) => character.charCodeAt(0)),
  );
}

if (import.meta.main) {
  const { whole } = readArguments({
    task: "constant-time",
    about: "Compares traces of every WebAssembly kernel over many secrets.",
    options: {
      secrets: { value: "N", least: 2, about: "how many secrets for each; 71 unless given" },
    },
  });
  const secrets = whole("secrets", 71);
  let failures = 0;
  for (const { kernel, name, secret, control, work } of OPERATIONS) {
    const { events, difference } = compareTraces(await committedKernel(kernel), work, secrets);
    const ok = control === (difference !== null);
    if (!ok) failures++;
    const found = difference === null
      ? `${secrets} traces of ${events} events are one`
      : `secret ${difference.secret} has another event ${difference.event}: ` +
        `${difference.site.what} in function ${difference.site.function}`;
    console.log(`${ok ? "ok    " : "FAILED"} ${kernel}, ${name} (${secret}): ${found}`);
  }
  if (failures > 0) Deno.exit(1);
}
