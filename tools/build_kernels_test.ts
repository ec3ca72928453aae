import { assert } from "@std/assert";
import { compileKernel, kernelModule, KERNELS, moduleText } from "./build_kernels.ts";

for (const kernel of KERNELS) {
  let rebuilt: Uint8Array | null = null;
  try {
    rebuilt = await compileKernel(kernel);
  } catch (error) {
    // Only a missing compiler is a reason to skip.
    if (!(error instanceof Error && "code" in error) && !(error instanceof TypeError)) throw error;
  }
  const name = `the ${kernel.name} kernel's bytes are those of its source`;
  Deno.test({
    name: rebuilt === null ? `${name} (needs the AssemblyScript compiler from npm)` : name,
    ignore: rebuilt === null,
    fn() {
      const committed = Deno.readTextFileSync(kernelModule(kernel));
      assert(rebuilt !== null && moduleText(kernel, rebuilt) === committed);
    },
  });
}
