/**
 * Decompresses what comes on standard input, in a process of its own, and prints by how many KiB that raised the memory of the
 * process. Lines: name of the algorithm (`stream` for the one of browsers), the length to allow, a harmless stream as warm-up,
 * the stream; the last two in hexadecimal. Linux only.
 */
import { fromHex } from "@sealane/wire";
import { builtinCompression, streamZlib } from "../extensions/compression_algorithms.ts";

const [name, length, warmUp, bomb] = (await new Response(Deno.stdin.readable).text()).split("\n");
const algorithm = name === "stream"
  ? streamZlib()
  : builtinCompression().find((each) => each.name === name);
if (algorithm === undefined) throw new Error(`no algorithm ${name}`);

function peak(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]);
}

const input = fromHex(bomb);
await algorithm.decompress(fromHex(warmUp), 100);
// Lets the peak start again from what is in use now: proc(5), clear_refs.
Deno.writeTextFileSync("/proc/self/clear_refs", "5");
const before = peak();
const output = await algorithm.decompress(input, Number(length));
console.log(JSON.stringify({ refused: output === null, grown: peak() - before }));
