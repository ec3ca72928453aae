/**
 * `deno task test [PATH ...]` (not `test.ts`, for that name is a test's): every test and every documented example, with a
 * list of what was skipped and why, and the line `N passed, N failed, N skipped` at the end.
 *
 * A test that needs what this machine may not have says so in its name, "(needs openssl)", and is ignored without it.
 * With `SEALANE_REQUIRE_PEERS=1` a test that was skipped for want of one of the peers that `.ci/run` installs has failed.
 *
 * @module
 */
import { readArguments, refuse, type Usage } from "./arguments.ts";
import { clock, Progress } from "./progress.ts";
import { testModules } from "./test_report/modules.ts";
import { readReport, type TestCase } from "./test_report/junit.ts";
import { isRequiredPeer, skipReason } from "./test_report/skips.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** How many test modules there are in files and folders. */
async function countModules(paths: readonly string[]): Promise<number> {
  let count = 0;
  for (const path of paths.length === 0 ? ["."] : paths) {
    for await (const _ of testModules(`${ROOT}/${path}`)) count++;
  }
  return count;
}

/** Runs `deno test` and reads its report. */
async function runTests(paths: readonly string[]): Promise<{ ok: boolean; cases: TestCase[] }> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = new Deno.Command(Deno.execPath(), {
      // Types are for `deno task check`.
      args: [
        "test",
        "--allow-all",
        "--no-check",
        "--doc",
        "--parallel",
        "--reporter=pretty",
        `--junit-path=${report}`,
        ...paths,
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
    });
    const child = command.spawn();
    await printProgress(child.stdout, await countModules(paths));
    const { success } = await child.status;
    return { ok: success, cases: readReport(await Deno.readTextFile(report)) };
  } finally {
    await Deno.remove(report);
  }
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Passes on what is no line of a test that went well, and says now and then how far the tests are. */
async function printProgress(output: ReadableStream<Uint8Array>, modules: number): Promise<void> {
  const progress = new Progress("modules begun", modules);
  const seen = new Set<string>();
  for await (const line of linesOf(output)) {
    const [, module, outcome] = /^(\.\/\S+) => .* \.\.\. (ok|ignored|FAILED)\b/.exec(line) ?? [];
    if (outcome !== "ok" && outcome !== "ignored") console.log(line);
    // Documented examples are modules of their own, and not counted.
    if (module?.endsWith("_test.ts")) seen.add(module);
    progress.at(seen.size);
  }
}

/** Prints the names under the reasons why they were skipped. */
function printSkipped(skipped: readonly TestCase[]): void {
  const byReason = Map.groupBy(skipped, ({ name }) => skipReason(name) ?? "no reason given");
  for (const [reason, cases] of [...byReason].sort()) {
    console.log(`\nskipped, ${reason}:`);
    for (const { name, file } of cases) console.log(`  ${file}: ${name}`);
  }
}

const USAGE: Usage = {
  task: "test",
  about: "Every test and every documented example; what was skipped, and why.",
  words: {
    name: "PATH",
    about: "files and folders, from the root of the repository; all unless given",
  },
};
const { words } = readArguments(USAGE);
for (const word of words) {
  const found = await Deno.stat(`${ROOT}/${word}`).then(() => true, () => false);
  if (!found) refuse(USAGE, `there is no ${word}`);
}
const began = Date.now();
const { ok, cases } = await runTests(words);
const requirePeers = Deno.env.get("SEALANE_REQUIRE_PEERS") === "1";
const skipped = cases.filter(({ outcome }) => outcome === "skipped");
const missing = requirePeers ? skipped.filter(({ name }) => isRequiredPeer(name)) : [];
const failed = cases.filter(({ outcome }) => outcome === "failed");
const passed = cases.length - skipped.length - failed.length;

printSkipped(skipped);
for (const { name, file } of failed) console.log(`\nfailed: ${file}: ${name}`);
for (const { name, file } of missing) {
  console.log(`\nfailed, its peer is missing: ${file}: ${name}`);
}
// A module that does not load and a test that leaks have no test case of their own.
const unnamed = !ok && failed.length === 0 ? 1 : 0;
if (unnamed > 0) console.log("\nfailed outside of a test: see above");

const failures = failed.length + missing.length + unnamed;
console.log(`\n${words.join(" ") || "all"}: ${clock(Date.now() - began)}`);
console.log(`${passed} passed, ${failures} failed, ${skipped.length - missing.length} skipped`);
if (failures > 0 || passed === 0) Deno.exit(1);
