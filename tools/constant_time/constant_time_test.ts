import { assert, assertEquals } from "@std/assert";
import { instrument } from "./instrument.ts";
import { committedKernel } from "./main.ts";
import { OPERATIONS, scalar } from "./operations.ts";
import { compareTraces, TracedKernel } from "./trace.ts";

for (const { kernel, name, control, work } of OPERATIONS) {
  const what = control ? "depends on its public input, and the trace shows it" : "has one trace";
  Deno.test(`${kernel}: ${name} ${what}`, async () => {
    const { events, difference } = compareTraces(await committedKernel(kernel), work, 5);
    assertEquals(difference !== null, control);
    assert(events > 300n, `the trace has only ${events} events`);
  });
}

Deno.test("an instrumented kernel computes what the kernel does", async () => {
  const kernel = await committedKernel("P-256");
  kernel.put("IO", scalar(0));
  kernel.call("p256Base");
  const at = kernel.address("IO") + 64;
  assertEquals(kernel.memory.slice(at, at + 4), Uint8Array.of(0x6b, 0x17, 0xd1, 0xf2));
});

/** (func (export "f") (param i32) (result i32) BODY) beside a memory and a global `IO` of 0. */
function moduleWith(...body: number[]): Uint8Array {
  const code = [1, body.length + 2, 0, ...body, 0x0b];
  // deno-fmt-ignore
  return Uint8Array.of(
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f,
    3, 2, 1, 0,
    5, 3, 1, 0, 1,
    7, 14, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 1, 0x66, 0, 0,
    10, code.length, ...code,
  );
}

const LEAKS: Record<string, number[]> = {
  "a load at a secret address": [0x20, 0, 0x2d, 0, 0],
  "a store at a secret address": [0x20, 0, 0x41, 1, 0x3a, 0, 0, 0x41, 0],
  "a branch on a secret": [0x20, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b],
  "a br_if on a secret": [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x41, 0],
  "a select on a secret": [0x41, 1, 0x41, 2, 0x20, 0, 0x1b],
  "a division of a secret": [0x20, 0, 0x41, 3, 0x6e],
  "a division by a secret": [0x41, 3, 0x20, 0, 0x41, 1, 0x72, 0x6e],
  "a fill of secret length": [0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x41, 0],
  "a copy from a secret address": [0x41, 0, 0x20, 0, 0x41, 1, 0xfc, 10, 0, 0, 0x41, 0],
};

for (const [what, body] of Object.entries(LEAKS)) {
  Deno.test(`the trace tells ${what}`, () => {
    const kernel = new TracedKernel(moduleWith(...body));
    const { difference } = compareTraces(kernel, (traced, i) => traced.call("f", 2 * i), 2);
    assert(difference !== null);
    assertEquals(difference.event > 0n, true);
  });
}

Deno.test("the trace tells nothing of sums and shifts of secrets", () => {
  const kernel = new TracedKernel(moduleWith(0x20, 0, 0x20, 0, 0x6a, 0x41, 3, 0x74));
  const { difference } = compareTraces(kernel, (traced, i) => traced.call("f", i), 9);
  assertEquals(difference, null);
  assertEquals(instrument(moduleWith(0x41, 0)).sites, []);
});
