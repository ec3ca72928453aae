/**
 * `deno task test` (not `test.ts`, for that name is a test's): every test and every documented example, with a list of what was skipped and why, and the line
 * `N passed, N failed, N skipped` at the end. Paths on the command line choose what is tested.
 *
 * A test that needs what this machine may not have says so in its name, "(needs openssl)", and is ignored without it.
 * With `SEALANE_REQUIRE_PEERS=1` a test that was skipped for want of one of the peers that `.ci/run` installs has failed.
 *
 * @module
 */
import { readReport, type TestCase } from "./test_report/junit.ts";
import { isRequiredPeer, skipReason } from "./test_report/skips.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

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
        "--reporter=dot",
        `--junit-path=${report}`,
        ...paths,
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
    });
    const child = command.spawn();
    await printDots(child.stdout);
    const { success } = await child.status;
    return { ok: success, cases: readReport(await Deno.readTextFile(report)) };
  } finally {
    await Deno.remove(report);
  }
}

/** Passes the output on, with the dots of parallel tests in lines rather than in a column. */
async function printDots(output: ReadableStream<Uint8Array>): Promise<void> {
  const encoder = new TextEncoder();
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    await Deno.stdout.write(encoder.encode(text.replace(/^([.,!])\n/gm, "$1")));
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

const { ok, cases } = await runTests(Deno.args);
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
console.log(`\n${passed} passed, ${failures} failed, ${skipped.length - missing.length} skipped`);
if (failures > 0 || passed === 0) Deno.exit(1);
