/**
 * `deno task checklist [file]`: which tests show which row of the conformance checklist. The name of a test begins with the
 * rows that it shows, as in `row 12: ...` or `rows 189, 190: ...`; nothing is run to find that out. A row without a test is an
 * error. With the file of the checklist (lines like `12. text`) its rows are those of the file, and are printed with their
 * text.
 *
 * @module
 */

import { readArguments } from "./arguments.ts";
import { registeredTests, testModules } from "./test_report/modules.ts";

/** How many rows the checklist has. */
const ROWS = 245;

/** The rows that the name of a test begins with. */
export function rowsOf(name: string): number[] {
  const match = /^rows? (\d+(?:, \d+)*): /.exec(name);
  return match === null ? [] : match[1].split(", ").map(Number);
}

/** The numbered lines of a checklist. */
export function readChecklist(text: string): Map<number, string> {
  const rows = new Map<number, string>();
  for (const [, number, line] of text.matchAll(/^(\d+)\. (.*)$/gm)) rows.set(Number(number), line);
  return rows;
}

if (import.meta.main) {
  const { words: [path] } = readArguments({
    task: "checklist",
    about:
      "Says which tests show which row of the conformance checklist; a row without a test is an error.",
    words: { name: "FILE", about: "the checklist, with lines like `12. text`", most: 1 },
  });
  const texts = path === undefined
    ? new Map(Array.from({ length: ROWS }, (_, i) => [i + 1, ""]))
    : readChecklist(await Deno.readTextFile(path));
  const root = new URL("../", import.meta.url).pathname;
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
