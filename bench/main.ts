/**
 * `deno task bench [MODULE ...]`: prints every benchmark as a table, with `--json` as an array of {@link BenchRow}.
 *
 * @module
 */
import { readArguments } from "../tools/arguments.ts";
import type { BenchRow } from "./row.ts";

interface BenchModule {
  rows(): Promise<BenchRow[]>;
}

/** Every other module of this folder that is no part of the machinery. */
function benchModules(): string[] {
  const names = Array.from(Deno.readDirSync(import.meta.dirname ?? "bench"), ({ name }) => name);
  const machinery = ["main.ts", "row.ts"];
  return names
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .filter((name) => !machinery.includes(name))
    .map((name) => name.slice(0, -".ts".length))
    .sort();
}

function line(row: BenchRow): string {
  const figure = (value: number) => value.toPrecision(4).padStart(10);
  const ratio = (value: number | undefined) => (value?.toFixed(2) ?? "").padStart(6);
  const [low, high] = row.cpuRange ?? [];
  const range = row.cpuRange === undefined ? "" : `${low?.toFixed(2)} to ${high?.toFixed(2)}`;
  return [
    row.name.padEnd(64),
    figure(row.value),
    figure(row.baseline),
    ratio(row.ratio),
    ratio(row.cpuRatio),
    range.padEnd(13),
    row.unit,
  ].join(" ");
}

const modules = benchModules();
const args = readArguments({
  task: "bench",
  about: "Measures, each row as a ratio to a baseline in the same run.",
  options: { json: { about: "prints the rows as JSON" } },
  words: { name: "MODULE", about: "what is measured, all unless given", known: modules },
});
const json = args.has("json");
const all: BenchRow[] = [];
if (!json) {
  const columns = [
    "Sealane".padStart(10),
    "baseline".padStart(10),
    " ratio",
    "by CPU",
    "quartiles",
  ];
  console.log(["".padEnd(64), ...columns].join(" "));
}
for (const name of modules) {
  if (args.words.length > 0 && !args.words.includes(name)) continue;
  const module: BenchModule = await import(`./${name}.ts`);
  for (const row of await module.rows()) {
    all.push(row);
    if (!json) console.log(line(row));
  }
}
if (json) console.log(JSON.stringify(all, null, 2));
