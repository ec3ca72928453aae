/** `@sealane/tls/node` under Node itself. */
import { assertEquals } from "@std/assert";

async function run(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const missing = await run("node", ["--version"]).then(() => false, () => true);

Deno.test({
  name: "HTTPS between Sealane and Node, in both roles, under Node (needs node)",
  ignore: missing,
  async fn(): Promise<void> {
    const bundle = await Deno.makeTempFile({ suffix: ".mjs" });
    try {
      const program = new URL("program.ts", import.meta.url).pathname;
      await run(Deno.execPath(), ["bundle", "--quiet", "--no-check", "-o", bundle, program]);
      const lines = (await run("node", [bundle])).trim().split("\n");
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
