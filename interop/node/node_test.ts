/** `@sealane/tls/node` under Node itself. */
import { assertEquals } from "@std/assert";
import { missingProgram, type Program, runProgram } from "@sealane/programs";

async function output(program: Program, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await runProgram(program, args);
  if (!success) throw new Error(stderr);
  return stdout;
}

const missing = await missingProgram("node");

const PAGES = [
  "Sealane asks Sealane: over Sealane: Sealane has /page",
  "Node asks Sealane: over Node: Sealane has /page",
  "Sealane asks Node: over Sealane: Node has /page",
];
const program = new URL("program.ts", import.meta.url).pathname;
const deno = { path: Deno.execPath() };

Deno.test("HTTPS between Sealane and node:tls of Deno, in both roles", async () => {
  const lines = (await output(deno, ["run", "-A", "--no-check", "--quiet", program])).trim();
  assertEquals(lines.split("\n"), PAGES);
});

Deno.test({
  name: "HTTPS between Sealane and Node, in both roles, under Node (needs node)",
  ignore: missing !== null,
  async fn(): Promise<void> {
    const bundle = await Deno.makeTempFile({ suffix: ".mjs" });
    try {
      await output(deno, ["bundle", "--quiet", "--no-check", "-o", bundle, program]);
      assertEquals((await output("node", [bundle])).trim().split("\n"), PAGES);
    } finally {
      await Deno.remove(bundle);
    }
  },
});
