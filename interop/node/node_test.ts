/** `@sealane/tls/node` under Node itself. */
import { assertEquals } from "@std/assert";
import { missingProgram, type Program, runProgram } from "@sealane/programs";

async function output(program: Program, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await runProgram(program, args);
  if (!success) throw new Error(stderr);
  return stdout;
}

const missing = await missingProgram("node");

Deno.test({
  name: "HTTPS between Sealane and Node, in both roles, under Node (needs node)",
  ignore: missing !== null,
  async fn(): Promise<void> {
    const bundle = await Deno.makeTempFile({ suffix: ".mjs" });
    try {
      const program = new URL("program.ts", import.meta.url).pathname;
      const args = ["bundle", "--quiet", "--no-check", "-o", bundle, program];
      await output({ path: Deno.execPath() }, args);
      const lines = (await output("node", [bundle])).trim().split("\n");
      assertEquals(lines, [
        "Sealane asks Sealane: Sealane has /page",
        "Node asks Sealane: Sealane has /page",
        "Sealane asks Node: Node has /page",
      ]);
    } finally {
      await Deno.remove(bundle);
    }
  },
});
