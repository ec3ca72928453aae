/**
 * `deno task tlsfuzzer [NAME ...]`: runs the scripts of tlsfuzzer for TLS 1.3 against a server of ours, and says how many of
 * their conversations went as they must. `TLSFUZZER_DIR` names the checkout; `SEALANE_PYTHON` a Python with its
 * requirements, `python3` unless given. See README.md beside this file.
 *
 * @module
 */
import { missingProgram, runProgram } from "@sealane/programs";
import { readArguments } from "../../tools/arguments.ts";
import type { ServerOptions } from "./server.ts";
import scripts from "./scripts.json" with { type: "json" };

/** A script, and what of it does not hold for us. */
interface Script {
  readonly name: string;
  readonly args?: readonly string[];
  /** Conversations that are not run, each with the reason. */
  readonly excluded?: Readonly<Record<string, string>>;
  /** Conversations that end in another way than the script wants: what its message says then, and the reason. */
  readonly expected?: Readonly<Record<string, readonly string[]>>;
}

/** Scripts for one server. Credentials are names of PEM files in the checkout's folder `tests`. */
interface Group {
  readonly server: Omit<ServerOptions, "credentials"> & { readonly credentials?: string[] };
  readonly scripts: readonly Script[];
}

/** The counts at the end of a script's output. */
const COUNTS = ["PASS", "XFAIL", "FAIL", "XPASS"] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

// The shape of the file is that of its types.
const list = scripts as { groups: Group[]; leftOut: Record<string, string> };
const { words } = readArguments({
  task: "tlsfuzzer",
  about:
    "Runs tlsfuzzer's scripts for TLS 1.3 servers, from the checkout that TLSFUZZER_DIR names.",
  words: {
    name: "NAME",
    about: "the scripts, all unless given",
    known: list.groups.flatMap(({ scripts }) => scripts.map(({ name }) => name)),
  },
});

const folder = Deno.env.get("TLSFUZZER_DIR");
if (folder === undefined) {
  console.error("TLSFUZZER_DIR names no checkout of tlsfuzzer: see interop/tlsfuzzer/README.md");
  Deno.exit(2);
}
const missing = await missingProgram("python3");
if (missing !== null) {
  console.error(`tlsfuzzer needs Python: ${missing}`);
  Deno.exit(2);
}
const TESTS = `${folder}/tests`;

/** Runs `body` with the port of a server. */
async function withServer<T>(
  { credentials = [], ...options }: Group["server"],
  body: (port: number) => Promise<T>,
): Promise<T> {
  const server: ServerOptions = {
    ...options,
    credentials: credentials.map((name) =>
      [`${TESTS}/${name}Cert.pem`, `${TESTS}/${name}Key.pem`] as const
    ),
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("server.ts", import.meta.url).pathname]
      .concat(JSON.stringify(server)),
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    const { value } = await reader.read();
    return await body(Number(new TextDecoder().decode(value)));
  } finally {
    await reader.cancel();
    child.kill("SIGTERM");
    await child.status;
  }
}

/** Runs a script to its end; answers its counts, and its output where something failed. */
async function runScript(script: Script, port: number): Promise<[Counts, string]> {
  const { name, args = [], excluded = {}, expected = {} } = script;
  const files = args.map((each) => each.endsWith(".pem") ? `${TESTS}/${each}` : each);
  const { stdout, stderr } = await runProgram("python3", [
    `${folder}/scripts/test-tls13-${name}.py`,
    ...["-h", "localhost", "-p", `${port}`, ...files],
    ...Object.keys(excluded).flatMap((each) => ["-e", each]),
    ...Object.entries(expected).flatMap(([each, [said]]) => ["-x", each, "-X", said]),
  ], { env: { PYTHONPATH: folder ?? "" } });
  const output = stdout + stderr;
  const count = (what: string): number =>
    Number(new RegExp(`^${what}: (\\d+)$`, "m").exec(output)?.[1] ?? NaN);
  return [
    { PASS: count("PASS"), XFAIL: count("XFAIL"), FAIL: count("FAIL"), XPASS: count("XPASS") },
    output,
  ];
}

/** Scripts of the checkout that the list says nothing about: it has to be brought up to date. */
async function forgotten(): Promise<string[]> {
  const known = new Set(Object.keys(list.leftOut));
  for (const group of list.groups) for (const { name } of group.scripts) known.add(name);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${folder}/scripts`)) {
    const script = /^test-tls13-(.+)\.py$/.exec(name)?.[1];
    if (script !== undefined && !known.has(script)) names.push(script);
  }
  return names.sort();
}

const wanted = new Set(words);
const total: Counts = { PASS: 0, XFAIL: 0, FAIL: 0, XPASS: 0 };
let broken = 0;
for (const name of await forgotten()) {
  console.log(`FAILED ${name}: neither run nor left out in scripts.json`);
  broken++;
}
const start = performance.now();
for (const group of list.groups) {
  const chosen = group.scripts.filter(({ name }) => wanted.size === 0 || wanted.has(name));
  if (chosen.length === 0) continue;
  await withServer(group.server, async (port) => {
    for (const script of chosen) {
      const [counts, output] = await runScript(script, port);
      const good = counts.FAIL === 0 && counts.XPASS === 0;
      console.log(`${good ? "ok    " : "FAILED"} ${script.name}: ${counts.PASS} passed`);
      if (!good) console.log(output.split("\n").slice(-40).join("\n"));
      if (Number.isNaN(counts.PASS)) broken++;
      else for (const name of COUNTS) total[name] += counts[name];
    }
  });
}
const seconds = Math.round((performance.now() - start) / 1000);
const failed = total.FAIL + total.XPASS + broken;
console.log(
  `tlsfuzzer: ${total.PASS} passed, ${failed} failed, ${total.XFAIL} with another alert, ${seconds} s`,
);
if (failed > 0 || total.PASS === 0) Deno.exit(1);
