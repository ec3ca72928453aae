/**
 * `deno task bite [EXPORT ...]`: replaces each entry point of the packages by one that throws, in a copy of the repository, and
 * says which live test notices. One that no test notices by its name is an error.
 *
 * @module
 */
import { missingProgram, runProgram } from "@sealane/programs";
import { readArguments, refuse, type Usage } from "./arguments.ts";
import { ENTRY_POINTS, type EntryPoint } from "./bite/entry_points.ts";
import { readReport, type TestCase } from "./test_report/junit.ts";

const USAGE: Usage = {
  task: "bite",
  about:
    "Replaces each entry point of the packages by one that throws, and says which live test notices.",
  words: {
    name: "EXPORT",
    about: "the entry points, all unless given",
    known: [...new Set(ENTRY_POINTS.map(labelOf))],
  },
};
const { words } = readArguments(USAGE);
const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const deno = { path: Deno.execPath() };

function labelOf({ name, member }: EntryPoint): string {
  return member === undefined ? name : `${name}.${member}`;
}

/** Copies what Git tracks, and what it would. */
async function copyRepository(to: string): Promise<void> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await runProgram("git", args, { cwd: root });
  for (const path of stdout.split("\0").filter((path) => path !== "")) {
    await Deno.mkdir(`${to}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    await Deno.copyFile(`${root}/${path}`, `${to}/${path}`);
  }
}

/** Runs tests in the copy, until one fails; what came of each. */
async function runTests(copy: string, paths: readonly string[]): Promise<TestCase[]> {
  const report = `${copy}/report.xml`;
  await Deno.remove(report).catch(() => {});
  await runProgram(
    deno,
    ["test", "-A", "--no-check", "--quiet", "--fail-fast", `--junit-path=${report}`, ...paths],
    { cwd: copy, env: { NO_COLOR: "1" } },
  );
  return readReport(await Deno.readTextFile(report).catch(() => ""));
}

/** Replaces an entry point while `use` lasts. */
async function without<T>(
  copy: string,
  { file, name, member }: EntryPoint,
  use: () => Promise<T>,
): Promise<T> {
  const path = `${copy}/${file}`;
  const real = path.replace(/\.ts$/, "_real.ts");
  const [text, realName] = [await Deno.readTextFile(path), real.slice(real.lastIndexOf("/") + 1)];
  await Deno.writeTextFile(real, text);
  await Deno.writeTextFile(
    path,
    `import { bitten } from "${copy}/tools/bite/bitten.ts";
import { ${name} as real } from "./${realName}";
export * from "./${realName}";
export const ${name} = bitten(real, "${name}"${member === undefined ? "" : `, "${member}"`});
`,
  );
  try {
    return await use();
  } finally {
    await Deno.writeTextFile(path, text);
    await Deno.remove(real);
  }
}

const missing = await missingProgram("git");
if (missing !== null) refuse(USAGE, `needs Git, which says what belongs to the copy: ${missing}`);
const chosen = ENTRY_POINTS.filter((entry) => words.length === 0 || words.includes(labelOf(entry)));
const copy = await Deno.makeTempDir({ prefix: "sealane_bite_" });
const counts = { noticed: 0, unnoticed: 0, skipped: 0 };
try {
  await copyRepository(copy);
  for (const entry of chosen) {
    const where = `${entry.file} ${labelOf(entry)}`.padEnd(58);
    const found: TestCase[] = [];
    for (const path of entry.tests) {
      found.push(...await without(copy, entry, () => runTests(copy, [path])));
      if (found.some(({ outcome }) => outcome === "failed")) break;
    }
    const noticing = found.find(({ outcome }) => outcome === "failed");
    const skipped = found.length > 0 && found.every(({ outcome }) => outcome === "skipped");
    if (noticing !== undefined) counts.noticed++;
    else if (skipped) counts.skipped++;
    else counts.unnoticed++;
    console.log(
      noticing !== undefined
        ? `ok      ${where} ${noticing.name}`
        : skipped
        ? `skipped ${where} ${found[0].name}`
        : `FAILED  ${where} noticed by no test of ${entry.tests.join(", ")}`,
    );
  }
} finally {
  await Deno.remove(copy, { recursive: true });
}
console.log(
  `${counts.noticed} passed, ${counts.unnoticed} failed, ${counts.skipped} skipped`,
);
if (counts.unnoticed > 0) Deno.exit(1);
