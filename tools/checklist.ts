/**
 * `deno task checklist`: which tests show which row of `docs/conformance.md`. The name of a test begins with the rows that it
 * shows, as in `row 12: ...` or `rows 189, 190: ...`; nothing is run to find that out. A row without a test is an error.
 *
 * @module
 */

import { readArguments } from "./arguments.ts";
import { registeredTests, testModules } from "./test_report/modules.ts";

/** The rows that the name of a test begins with. */
export function rowsOf(name: string): number[] {
  const match = /^rows? (\d+(?:, \d+)*): /.exec(name);
  return match === null ? [] : match[1].split(", ").map(Number);
}

/** The numbered lines of a checklist, with the indented lines that continue them. */
export function readChecklist(text: string): Map<number, string> {
  const rows = new Map<number, string>();
  for (const [, number, row] of text.matchAll(/^(\d+)\. (.*(?:\n {3,}\S.*)*)/gm)) {
    rows.set(Number(number), row.replace(/\s*\n\s*/g, " "));
  }
  return rows;
}

if (import.meta.main) {
  readArguments({
    task: "checklist",
    about:
      "Says which tests show which row of docs/conformance.md; a row without a test is an error.",
  });
  const root = new URL("../", import.meta.url).pathname;
  const texts = readChecklist(await Deno.readTextFile(`${root}docs/conformance.md`));
  const shown = new Map<number, Map<string, number>>();
  for await (const path of testModules(`${root}packages`)) {
    const where = path.slice(root.length);
    for (
      const row of (await registeredTests(`file://${path}`)).flatMap(({ name }) => rowsOf(name))
    ) {
      const files = shown.get(row) ?? new Map<string, number>();
      shown.set(row, files.set(where, (files.get(where) ?? 0) + 1));
    }
  }
  let missing = 0;
  for (const [row, text] of texts) {
    const files = shown.get(row);
    if (files === undefined) missing++;
    const list = Array.from(files ?? [], ([file, count]) => `${file} (${count})`).join(", ");
    console.log(`${row}. ${text}\n     ${list || "NOT SHOWN"}`);
  }
  for (const row of shown.keys()) {
    if (!texts.has(row)) console.log(`${row} is not a row of the checklist`);
  }
  console.log(`${texts.size - missing} of ${texts.size} rows are shown by tests`);
  Deno.exit(missing > 0 ? 1 : 0);
}
