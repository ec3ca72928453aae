/**
 * `deno task bench`: prints every benchmark as a table, with `--json` as an array of {@link BenchRow}. Words on the
 * command line choose the rows whose module has one of them in its name.
 *
 * @module
 */
import type { BenchRow } from "./row.ts";

interface BenchModule {
  rows(): Promise<BenchRow[]>;
}

const json = Deno.args.includes("--json");
const words = Deno.args.filter((argument) => !argument.startsWith("--"));

/** Every other module of this folder that is no part of the machinery. */
function benchModules(): string[] {
  const names = Array.from(Deno.readDirSync(import.meta.dirname ?? "bench"), ({ name }) => name);
  const machinery = ["main.ts", "row.ts"];
  return names
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .filter((name) => !machinery.includes(name))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort();
}

function line(row: BenchRow): string {
  const figure = (value: number) => value.toPrecision(4).padStart(10);
  const ratio = row.ratio.toFixed(3).padStart(7);
  return `${row.name.padEnd(52)} ${figure(row.value)} ${
    figure(row.baseline)
  } ${ratio}  ${row.unit}`;
}

const all: BenchRow[] = [];
if (!json) {
  console.log(`${"".padEnd(52)} ${"Sealane".padStart(10)} ${"baseline".padStart(10)}   ratio`);
}
for (const name of benchModules()) {
  const module: BenchModule = await import(`./${name}`);
  for (const row of await module.rows()) {
    all.push(row);
    if (!json) console.log(line(row));
  }
}
if (json) console.log(JSON.stringify(all, null, 2));
