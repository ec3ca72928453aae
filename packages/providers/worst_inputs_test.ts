import { runProgram } from "@sealane/programs";
import { assert, assertEquals } from "@std/assert";
import { worstInputs } from "./testdata/worst_inputs.ts";

/** Milliseconds of CPU: as much as any function of `pki` may cost. */
const BOUND = 20;

Deno.test("no signature costs more than 20 ms of CPU to verify, whatever key a peer sends", async () => {
  // In a process of its own: other tests run beside this one.
  const program = new URL("./testdata/worst_inputs.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", program];
  const { success, stdout, stderr } = await runProgram({ path: Deno.execPath() }, args);
  assert(success, stderr);
  const costs: { name: string; milliseconds: number }[] = stdout.trim().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(costs.map(({ name }) => name), worstInputs().map(({ name }) => name));
  assertEquals(costs.filter(({ milliseconds }) => milliseconds > BOUND), []);
});
