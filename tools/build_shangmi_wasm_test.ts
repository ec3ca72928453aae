import { assert } from "@std/assert";
import { compileKernel, KERNEL_MODULE, moduleText } from "./build_shangmi_wasm.ts";

let rebuilt: Uint8Array | null = null;
try {
  rebuilt = await compileKernel();
} catch (error) {
  // Only a missing compiler is a reason to skip.
  if (!(error instanceof Error && "code" in error) && !(error instanceof TypeError)) throw error;
}

Deno.test({
  name: rebuilt === null
    ? "the ShangMi kernel's bytes are those of its source (needs the AssemblyScript compiler from npm)"
    : "the ShangMi kernel's bytes are those of its source",
  ignore: rebuilt === null,
  fn() {
    const committed = Deno.readTextFileSync(KERNEL_MODULE);
    assert(rebuilt !== null && moduleText(rebuilt) === committed);
  },
});
