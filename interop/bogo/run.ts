/**
 * `deno task bogo`: runs BoringSSL's conformance suite against Sealane, from the checkout that `BORINGSSL_DIR` names.
 *
 * ```
 * deno task bogo [--provider native|webcrypto|noble] [--only GLOB;GLOB] [--json FILE] [--workers N]
 * ```
 *
 * @module
 */
import { missingProgram, type Program, runProgram, startProgram } from "@sealane/programs";
import { readArguments, refuse, type Usage } from "../../tools/arguments.ts";
import { ERROR_MAP } from "./error_map.ts";
import {
  type FeatureData,
  formatLine,
  formatTable,
  type RunnerResults,
  summarize,
} from "./report.ts";

const HOW_TO_GET_ONE =
  `BORINGSSL_DIR is not set, so the suite was not run. To run it (Go is needed):

  git clone https://boringssl.googlesource.com/boringssl
  git -C boringssl checkout a0689af29
  BORINGSSL_DIR=$PWD/boringssl deno task bogo`;

const PROVIDERS = ["native", "webcrypto", "noble"];

const USAGE: Usage<"provider" | "only" | "json" | "workers"> = {
  task: "bogo",
  about: "Runs BoringSSL's conformance suite, from the checkout that BORINGSSL_DIR names.",
  options: {
    provider: { value: "NAME", about: "native (unless given), webcrypto or noble" },
    only: { value: "GLOB;GLOB", about: "the tests, all unless given" },
    json: { value: "FILE", about: "writes the outcome of every test there" },
    workers: { value: "N", least: 1, about: "how many tests run at once" },
  },
};

/** What the command line says. */
interface Options {
  readonly provider: string;
  readonly only: string | null;
  readonly json: string | null;
  readonly workers: string;
}

function parseOptions(): Options {
  const args = readArguments(USAGE);
  const provider = args.text("provider") ?? "native";
  if (!PROVIDERS.includes(provider)) {
    return refuse(USAGE, `there is no provider ${provider}; there are: ${PROVIDERS.join(", ")}`);
  }
  return {
    provider,
    only: args.text("only") ?? null,
    json: args.text("json") ?? null,
    workers: String(args.whole("workers", navigator.hardwareConcurrency + 1)),
  };
}

async function run(command: Program, args: string[], cwd?: string): Promise<void> {
  const { success, stderr } = await runProgram(command, args, { cwd });
  if (success) return;
  console.error(stderr);
  const name = typeof command === "string" ? command : command.path;
  console.error(`bogo: ${name} ${args.join(" ")} failed`);
  Deno.exit(2);
}

/** One file for the whole shim, so that it starts fast: the runner starts it once for every test. */
async function bundleShim(directory: string, provider: string): Promise<string> {
  const entry = new URL("shim.ts", import.meta.url).pathname;
  const root = new URL("../..", import.meta.url).pathname;
  const bundle = `${directory}/shim.js`;
  const args = ["bundle", "--quiet", "--platform", "deno", "--output", bundle, entry];
  await run({ path: Deno.execPath() }, args, root);
  const launcher = `${directory}/shim`;
  const flags =
    "run --quiet --no-check --no-config --no-lock --cached-only --allow-net --allow-read";
  await Deno.writeTextFile(
    launcher,
    `#!/bin/sh\nexec '${Deno.execPath()}' ${flags} '${bundle}' '${provider}' "$@"\n`,
    { mode: 0o755 },
  );
  return launcher;
}

async function writeRunnerConfig(directory: string): Promise<string> {
  const disabled = await Deno.readTextFile(new URL("disabled_tests.json", import.meta.url));
  const path = `${directory}/config.json`;
  const config = {
    DisabledTests: JSON.parse(disabled),
    ErrorMap: ERROR_MAP,
    // Tickets are sent after the client's Finished, not before it.
    HalfRTTTickets: 0,
  };
  await Deno.writeTextFile(path, JSON.stringify(config));
  return path;
}

/** Runs the runner to its end; the number of tests that the suite has, as its status line says. */
async function runSuite(runner: Program, args: string[], cwd: string): Promise<number> {
  const child = startProgram(runner, args, {
    cwd,
    stdout: "piped",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  let inSuite = 0;
  let shown = Date.now();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const status = [...text.matchAll(/(\d+)\/(\d+)\/(\d+)\/\d+\/(\d+)/g)].at(-1);
    if (status === undefined) continue;
    inSuite = Number(status[4]);
    if (Date.now() - shown < 10_000) continue;
    shown = Date.now();
    console.error(`bogo: ${status[3]} done, ${status[1]} failed, ${status[2]} unimplemented`);
  }
  await child.status;
  return inSuite;
}

async function main(): Promise<void> {
  const options = parseOptions();
  const boringssl = Deno.env.get("BORINGSSL_DIR");
  if (boringssl === undefined || boringssl === "") {
    console.error(HOW_TO_GET_ONE);
    Deno.exit(2);
  }
  const missing = await missingProgram("go");
  if (missing !== null) {
    console.error(`bogo needs Go: ${missing}`);
    Deno.exit(2);
  }
  const began = Date.now();
  const runnerDirectory = `${boringssl}/ssl/test/runner`;
  const work = await Deno.makeTempDir({ prefix: "sealane-bogo-" });
  try {
    const runner = `${work}/runner`;
    await run("go", ["test", "-c", "-vet=off", "-o", runner, "."], runnerDirectory);
    const results = `${work}/results.json`;
    const inSuite = await runSuite({ path: runner }, [
      "-test.timeout=60m",
      "-pipe=false",
      "-allow-unimplemented",
      `-num-workers=${options.workers}`,
      `-shim-path=${await bundleShim(work, options.provider)}`,
      `-shim-config=${await writeRunnerConfig(work)}`,
      `-json-output=${results}`,
      ...(options.only === null ? [] : [`-test=${options.only}`]),
    ], runnerDirectory);
    const features = await Deno.readTextFile(new URL("features.json", import.meta.url));
    // Both files have the shape that their types say: one is ours, the other the runner's.
    const data = JSON.parse(features) as FeatureData;
    const outcome = JSON.parse(await Deno.readTextFile(results)) as RunnerResults;
    report(options, summarize(outcome, data, inSuite), outcome, (Date.now() - began) / 1000);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function report(
  options: Options,
  summary: ReturnType<typeof summarize>,
  outcome: RunnerResults,
  seconds: number,
): void {
  for (const name of summary.failures) {
    console.log(`FAILED ${name}\n${outcome.tests[name].error ?? ""}`);
  }
  console.log(formatTable(summary));
  if (options.json !== null) {
    const { provider } = options;
    const content = { provider, seconds, ...summary, tests: outcome.tests };
    Deno.writeTextFileSync(options.json, JSON.stringify(content, null, 1));
  }
  console.log(`provider ${options.provider}, ${Math.round(seconds)} s`);
  console.log(formatLine(summary));
  if (summary.total.failed > 0) Deno.exitCode = 1;
}

await main();
