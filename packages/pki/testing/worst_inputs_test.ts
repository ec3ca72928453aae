import { assert, assertEquals } from "@std/assert";
import { worstInputs } from "./worst_inputs.ts";

/** CONFORMANCE row 266, in milliseconds of CPU. */
const BOUND = 20;

Deno.test("row 266: no function of pki costs more than 20 ms of CPU, whatever a peer sends", async () => {
  // In a process of its own: other tests run beside this one.
  const program = new URL("./worst_inputs.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", program] });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const costs: { name: string; milliseconds: number }[] = lines.map((line) => JSON.parse(line));
  assertEquals(costs.map(({ name }) => name), worstInputs().map(({ name }) => name));
  const slow = costs.filter(({ milliseconds }) => milliseconds > BOUND);
  assertEquals(slow, []);
});
