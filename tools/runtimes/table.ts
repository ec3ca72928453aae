/**
 * The table of runtimes in the README.
 *
 * @module
 */
import { skipReason } from "../test_report/skips.ts";
import type { PortableTest } from "./portable.ts";
import type { TestResult } from "./run_tests.ts";

/** What came of the tests in one runtime. */
export interface Row {
  /** Which. */
  readonly runtime: string;
  /** Its version. */
  readonly version: string;
  /** The tests. */
  readonly results: readonly TestResult[];
  /** The test modules, with those that were left out. */
  readonly denoOnly: readonly PortableTest[];
}

/** How often each value is there, the most frequent first: `3 a, 1 b`. */
function counted(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([value, n]) => `${n} ${value}`).join(", ");
}

/** The table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ runtime, version, results, denoOnly }) => {
    const count = (outcome: TestResult["outcome"]) =>
      results.filter((result) => result.outcome === outcome).length;
    const skipped = results.filter(({ outcome }) => outcome === "skipped");
    const tests = counted(skipped.map(({ name }) => skipReason(name) ?? "for no reason given"));
    const modules = counted(denoOnly.flatMap(({ denoOnly: why }) => why ?? []));
    const why = [tests && `tests: ${tests}`, modules && `modules: ${modules}`].filter(Boolean);
    return `| ${runtime} | ${version} | ${count("passed")} | ${count("failed")} | ${
      why.join("; ")
    } |`;
  });
  return [
    "| runtime | version | passed | failed | left out |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

const [BEGIN, END] = ["<!-- begin runtimes -->", "<!-- end runtimes -->"];

/** Replaces the table in a README. The formatter of the repository has the last word on its columns. */
export async function writeTable(path: string, rows: readonly Row[]): Promise<void> {
  const text = await Deno.readTextFile(path);
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no place for the table of runtimes`);
  const table = `${BEGIN}\n\n${tableOf(rows)}\n\n`;
  await Deno.writeTextFile(path, text.slice(0, begin) + table + text.slice(end));
  const args = ["fmt", "--quiet", path];
  await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
}
