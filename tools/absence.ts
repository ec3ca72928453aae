/**
 * `deno task absence [PROGRAM ...]`: the demo, and the tests of every module that can start a program, on a PATH where each
 * program in turn is missing, and where all are. Both have to end well, and to name what they skip. What does not reach
 * `@sealane/programs` starts no program, as the check of texts holds: there is nothing to hide from it.
 *
 * @module
 */
import { PROGRAM_NAMES, runProgram } from "@sealane/programs";
import { readArguments } from "./arguments.ts";
import { repositoryFiles } from "./check/files.ts";
import { modulesThatReach } from "./check/reach.ts";
import { environment, type HidingFolder, pathWithOnly, pathWithout } from "./programs/hiding.ts";
import { clock } from "./progress.ts";

const ALL = "all";
const { words, text } = readArguments({
  task: "absence",
  about: "The demo and the tests that can start programs, with each program hidden in turn.",
  options: { only: { value: "demo|test", about: "one of the two" } },
  words: {
    name: "PROGRAM",
    about: "what is hidden, each in turn and all at once unless given",
    known: [ALL, ...PROGRAM_NAMES],
  },
});
const only = text("only") ?? "";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const modules = modulesThatReach(await repositoryFiles(root), "@sealane/programs")
  .filter((path) => path.endsWith("_test.ts"));

/** Runs a command of the README; its exit code, and its last line. */
async function run(
  folder: HidingFolder,
  ...args: string[]
): Promise<{ ok: boolean; said: string }> {
  const { success, code, stdout, stderr } = await runProgram(
    { path: Deno.execPath() },
    ["run", "-A", ...args],
    { cwd: root, env: environment(folder.path), clearEnv: true },
  );
  if (!success) console.log(`${stdout}${stderr}`.split("\n").slice(-60).join("\n"));
  const reasons = new Set(stdout.match(/(?<=^skipped: \d+ connections, |^skipped, ).*$/gm));
  const last = stdout.trim().split("\n").at(-1);
  return {
    ok: success,
    said: `exit code ${code}: ${last}; skipped: ${[...reasons].join(", ") || "nothing"}`,
  };
}

let failures = 0;
for (const hidden of words.length > 0 ? words : [ALL, ...PROGRAM_NAMES]) {
  await using folder = await (hidden === ALL ? pathWithOnly() : pathWithout(hidden));
  const commands: [string, string[]][] = [
    ["demo", ["examples/demo/main.ts"]],
    ["test", ["tools/run_tests.ts", ...modules]],
  ];
  for (const [name, args] of commands) {
    if (only !== "" && only !== name) continue;
    const began = Date.now();
    const { ok, said } = await run(folder, ...args);
    if (!ok) failures++;
    const time = clock(Date.now() - began);
    console.log(`${ok ? "ok    " : "FAILED"} without ${hidden.padEnd(12)} ${name} ${time} ${said}`);
  }
}
console.log(failures === 0 ? "absence: ok" : `absence: ${failures} failed`);
if (failures > 0) Deno.exit(1);
