/**
 * `deno task verdicts`: asks the providers in four runtimes about the same signatures and keys, and fails where one answers
 * otherwise than the standards want. With `--write` the table in `docs/providers.md` is what came of it.
 *
 * @module
 */
import { missingProgram, runProgram } from "@sealane/programs";
import { readArguments } from "../arguments.ts";
import { installRuntime } from "../runtimes/install.ts";
import { type Runtime, RUNTIMES } from "../runtimes/runtimes.ts";
import {
  type Column,
  disagreements,
  kitTable,
  type RuntimeVerdicts,
  verdictTable,
  writeBetween,
} from "./table.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
/** The Deno that runs this. */
const DENO: Runtime = { name: "deno", title: "Deno", args: ["run", "-A"] };
/** The runtimes of the table. */
const CHOSEN = ["deno", "node20", "node-newest", "bun"];

/** What runs in each of them. */
const PROGRAM = "packages/providers/testdata/verdicts/program.ts";

/** One file for every runtime. */
async function bundle(path: string): Promise<void> {
  const args = [
    "bundle",
    "--quiet",
    "--platform",
    "browser",
    "-o",
    path,
    PROGRAM,
  ];
  const { success, stderr } = await runProgram({ path: Deno.execPath() }, args, { cwd: ROOT });
  if (!success) throw new Error(`the program was not bundled:\n${stderr}`);
}

async function ask(name: string, program: string): Promise<Column> {
  const runtime = name === DENO.name ? DENO : RUNTIMES.find((each) => each.name === name);
  if (runtime === undefined) throw new Error(`there is no runtime ${name}`);
  const path = await installRuntime(ROOT, runtime);
  const version = (await runProgram({ path }, ["--version"])).stdout;
  const { success, stdout, stderr } = await runProgram({ path }, [...runtime.args, program], {
    cwd: ROOT,
    signal: AbortSignal.timeout(8 * 60_000),
  });
  if (!success) throw new Error(`${name} failed:\n${stderr.slice(-3000)}`);
  const verdicts: RuntimeVerdicts = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  const number = /\d+\.\d+\.\d+/.exec(version)?.[0] ?? "?";
  return { name: runtime.title, version: number, verdicts };
}

async function main(): Promise<number> {
  const args = readArguments({
    task: "verdicts",
    about: "Asks the providers in four runtimes about the same signatures and keys.",
    options: { write: { about: "puts the tables into docs/providers.md" } },
    words: { name: "RUNTIME", about: "which, all unless given", known: CHOSEN },
  });
  const missing = await missingProgram("node", "npm");
  if (missing !== null) {
    console.error(`the runtimes are installed with npm, and ${missing}`);
    return 1;
  }
  await Deno.mkdir(`${ROOT}/dist`, { recursive: true });
  const program = `${ROOT}/dist/verdicts.mjs`;
  await bundle(program);
  const columns: Column[] = [];
  for (const name of args.words.length === 0 ? CHOSEN : args.words) {
    columns.push(await ask(name, program));
    console.log(`${name}: asked`);
  }
  const { cases } = columns[0].verdicts;
  console.log(`\n${verdictTable(cases, columns)}\n\n${kitTable(columns)}\n`);
  if (args.has("write")) {
    const path = `${ROOT}/docs/providers.md`;
    await writeBetween(path, "verdicts", verdictTable(cases, columns));
    await writeBetween(path, "kit", kitTable(columns));
  }
  const wrong = disagreements(cases, columns);
  for (const line of wrong) console.log(`FAILED ${line}`);
  const asked = columns.flatMap(({ verdicts }) => Object.values(verdicts.answers).flat());
  const absent = asked.filter((answer) => answer === "absent").length;
  const kit = columns.flatMap(({ verdicts }) => Object.values(verdicts.kit));
  const passed = asked.length - absent + kit.reduce((sum, each) => sum + each.passed, 0);
  console.log(`${passed - wrong.length} passed, ${wrong.length} failed, ${absent} skipped`);
  return wrong.length === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
