/**
 * `deno task runtimes`: installs the packages, as archives for npm, into an empty project, type-checks a consumer of them, and
 * runs the tests that can run outside of Deno's test runner in each runtime. With `--write` the table in the README is
 * what came of it.
 *
 * @module
 */
import { missingProgram, runProgram } from "@sealane/programs";
import { readArguments } from "../arguments.ts";
import { installRuntime } from "./install.ts";
import { checkConsumer, makeProject, type Project } from "./project.ts";
import { type Runtime, RUNTIMES } from "./runtimes.ts";
import { type Row, tableOf, writeTable } from "./table.ts";
import type { TestResult } from "./run_tests.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Runs the tests of one package, in a process of their own. */
async function runPackage(
  { args }: Runtime,
  executable: string,
  project: Project,
  files: readonly string[],
): Promise<TestResult[]> {
  const modules = files.map((file) => `./${file}`);
  const command = { path: executable };
  const { code, stdout, stderr } = await runProgram(
    command,
    [...args, `${project.folder}/tests/run_tests.mjs`, ...modules],
    { cwd: project.folder, env: { NO_COLOR: "1" }, signal: AbortSignal.timeout(15 * 60_000) },
  );
  const results: TestResult[] = [];
  for (const line of stdout.split("\n")) {
    // Tests may print lines of their own.
    if (line.startsWith('{"module":')) results.push(JSON.parse(line));
  }
  if (code !== 0) {
    const reason = `exit code ${code}\n${stderr.slice(-2000)}`;
    results.push({ module: files[0], name: "(the process)", outcome: "failed", reason });
  }
  return results;
}

async function runRuntime(runtime: Runtime, project: Project): Promise<Row> {
  const start = performance.now();
  const executable = await installRuntime(ROOT, runtime);
  const { stdout } = await runProgram({ path: executable }, ["--version"]);
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "?";
  const results: TestResult[] = [];
  for (const { folder } of project.packages) {
    const files = project.tests.filter((test) => test.folder === folder && test.denoOnly === null)
      .map(({ file }) => file);
    if (files.length === 0) continue;
    const own = await runPackage(runtime, executable, project, files);
    for (const { module, name, outcome, reason } of own) {
      if (outcome === "failed") console.log(`\nFAILED ${module}: ${name}\n${reason}\n`);
    }
    results.push(...own);
    const failed = results.filter(({ outcome }) => outcome === "failed").length;
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(
      `${runtime.name}: ${folder}, ${results.length} tests, ${failed} failed, ${seconds} s`,
    );
  }
  return { runtime: runtime.title, version, results, denoOnly: project.tests };
}

async function main(): Promise<number> {
  const args = readArguments({
    task: "runtimes",
    about: "Installs the packages from archives, and runs the portable tests in other runtimes.",
    options: { write: { about: "puts the table into README.md" } },
    words: {
      name: "RUNTIME",
      about: "which, all unless given",
      known: RUNTIMES.map(({ name }) => name),
    },
  });
  const missing = await missingProgram("node", "npm", "npx");
  if (missing !== null) {
    console.error(`the packages are installed with npm, and ${missing}`);
    return 1;
  }
  const chosen = RUNTIMES.filter(({ name }) =>
    args.words.length === 0 || args.words.includes(name)
  );
  // It stays until the next time, for whoever wants to look at a failure.
  const folder = `${ROOT}/dist/project`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const project = await makeProject(ROOT, folder);
  const diagnostics = [...await checkConsumer(project)];
  for (const [way, said] of diagnostics) console.log(`types, ${way}: ${said || "ok"}`);
  const rows: Row[] = [];
  const waiting = [...chosen.entries()];
  // Two at a time: a runtime keeps one processor busy.
  await Promise.all([1, 2].map(async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, runtime] = next;
      rows[i] = await runRuntime(runtime, project);
      console.log(tableOf([rows[i]]));
    }
  }));
  console.log(`\n${tableOf(rows)}`);
  if (args.has("write")) await writeTable(`${ROOT}/README.md`, rows);
  return sum(rows, diagnostics.filter(([, said]) => said !== "").length);
}

/** Prints the sum of all; the exit code. */
function sum(rows: readonly Row[], wrong: number): number {
  const counts = { passed: 0, failed: wrong, skipped: 0 };
  for (const { outcome } of rows.flatMap(({ results }) => results)) counts[outcome]++;
  const { passed, failed, skipped } = counts;
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
