/**
 * `deno task check [STEP ...]`: everything that can be said about the code without running it.
 *
 * @module
 */
import { readArguments } from "./arguments.ts";
import { compile } from "./npm/compile.ts";
import { sourcePackages } from "./npm/source.ts";
import { checkFloors, type PublishRules } from "./check/floors.ts";
import { type Finding, repositoryFiles, type SourceFile } from "./check/files.ts";
import { checkForgotten } from "./check/forgotten.ts";
import { checkFlatOptions } from "./flat_options.ts";
import { checkRooms } from "./check/rooms.ts";
import { checkText } from "./check/text_rules.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** What of a package's `deno.json` matters here. */
interface PackageConfig {
  readonly exports: string | Readonly<Record<string, string>>;
  readonly publish?: Partial<PublishRules>;
}

/** The `deno.json` of every package, by the name of its folder. */
async function packageConfigs(): Promise<Map<string, PackageConfig>> {
  const configs = new Map<string, PackageConfig>();
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}/packages`)) {
    if (!isDirectory) continue;
    const text = await Deno.readTextFile(`${ROOT}/packages/${name}/deno.json`);
    configs.set(name, JSON.parse(text));
  }
  return configs;
}

/** The modules that users import. */
function entryPoints(configs: Map<string, PackageConfig>): string[] {
  const paths: string[] = [];
  for (const [name, { exports }] of configs) {
    for (const path of typeof exports === "string" ? [exports] : Object.values(exports)) {
      paths.push(`packages/${name}/${path.replace(/^\.\//, "")}`);
    }
  }
  return paths.sort();
}

/** What a step has to say; nothing if all is well. */
type Step = () => Promise<string>;

/** A step that is a command of this very Deno; it says what the command said if that failed. */
function deno(...args: string[]): Step {
  return async () => {
    const command = new Deno.Command(Deno.execPath(), {
      args,
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
    const { success, stdout, stderr } = await command.output();
    if (success) return "";
    const decoder = new TextDecoder();
    return `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trim() || "failed";
  };
}

function report(findings: readonly Finding[]): string {
  return findings.map(({ path, line, message }) => `${path}:${line} ${message}`).join("\n");
}

/** What both steps have to say. */
function both(first: Step, second: Step): Step {
  return async () => [await first(), await second()].filter((said) => said !== "").join("\n");
}

/** Options that were written out, and are not what they were written out from. */
async function staleOptions(): Promise<string> {
  return report(await checkFlatOptions(await repositoryFiles(ROOT), ROOT));
}

/** What must not stand in texts, and what was forgotten in them. */
function textFindings(files: readonly SourceFile[]): Finding[] {
  return [...checkText(files), ...checkForgotten(files)];
}

const configs = await packageConfigs();
const publish = Object.fromEntries(
  [...configs].map(([name, config]) => [name, { exclude: config.publish?.exclude ?? [] }]),
);

const STEPS: readonly { readonly name: string; readonly run: Step }[] = [
  { name: "format", run: deno("fmt", "--check") },
  { name: "lint", run: deno("lint") },
  { name: "types", run: deno("check", "--doc") },
  // All at once: a type of another package is public only if its entry point is looked at too.
  { name: "docs", run: both(deno("doc", "--lint", ...entryPoints(configs)), staleOptions) },
  { name: "floors", run: async () => report(checkFloors(await repositoryFiles(ROOT), publish)) },
  { name: "rooms", run: async () => report(checkRooms(await repositoryFiles(ROOT))) },
  { name: "text", run: async () => report(textFindings(await repositoryFiles(ROOT))) },
  {
    name: "oldest",
    run: async () => (await compile(ROOT, await sourcePackages(ROOT))).diagnostics,
  },
  { name: "publish", run: deno("publish", "--dry-run", "--allow-dirty") },
];

const { words } = readArguments({
  task: "check",
  about: "Everything that can be said about the code without running it.",
  words: {
    name: "STEP",
    about: "the steps, all unless given",
    known: STEPS.map(({ name }) => name),
  },
});
const chosen = STEPS.filter(({ name }) => words.length === 0 || words.includes(name));
let failures = 0;
for (const { name, run } of chosen) {
  const start = performance.now();
  const output = await run().catch((error: Error) => error.message);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${output === "" ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds} s`);
  if (output === "") continue;
  failures++;
  console.log(output.replace(/^/gm, "  "));
}
console.log(`check: ${chosen.length - failures} of ${chosen.length} steps ok`);
if (failures > 0) Deno.exit(1);
