import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { helpText, parseArguments, type Usage, UsageError } from "./arguments.ts";

const USAGE: Usage<"json" | "seconds" | "only"> = {
  task: "bench",
  about: "measures",
  options: {
    json: { about: "for machines" },
    seconds: { value: "N", least: 1, about: "how long" },
    only: { value: "NAME", about: "one" },
  },
  words: { name: "MODULE", about: "what is measured", known: ["record", "quic"], most: 2 },
};

Deno.test("options and words are read", () => {
  const found = parseArguments(USAGE, ["record", "--json", "--seconds", "5", "--only=x"]);
  assert(found !== null);
  assertEquals(found.words, ["record"]);
  assertEquals([found.has("json"), found.has("only"), found.text("only")], [true, true, "x"]);
  assertEquals(found.whole("seconds", 60), 5);
  const nothing = parseArguments(USAGE, []);
  assertEquals([nothing?.has("json"), nothing?.text("only")], [false, undefined]);
  assertEquals(nothing?.whole("seconds", 60), 60);
});

const WRONG = [
  ["nonsense"],
  ["record", "nonsense"],
  ["--nonsense"],
  ["-x"],
  ["--json=yes"],
  ["--seconds"],
  ["--seconds", "0"],
  ["--seconds", "1.5"],
  ["--seconds", "-1"],
  ["--seconds", "five"],
  ["--only"],
  ["record", "quic", "record"],
];
for (const args of WRONG) {
  Deno.test(`the command line ${args.join(" ")} is refused`, () => {
    assertThrows(() => parseArguments(USAGE, args), UsageError);
  });
}

Deno.test("a task without words takes none", () => {
  assertThrows(() => parseArguments({ task: "x", about: "y" }, ["word"]), UsageError, '"word"');
});

Deno.test("--help wins over what is wrong with words, and names all there is", () => {
  for (const args of [["--help"], ["-h"], ["nonsense", "--help"]]) {
    assertEquals(parseArguments(USAGE, args), null);
  }
  const text = helpText(USAGE);
  for (const part of ["deno task bench", "--json", "--seconds N", "--help", "record, quic"]) {
    assertStringIncludes(text, part);
  }
});

interface TaskList {
  readonly tasks: Readonly<Record<string, string>>;
}

const root = new URL("..", import.meta.url).pathname;
const { tasks }: TaskList = JSON.parse(await Deno.readTextFile(`${root}deno.json`));

async function runTask(task: string, ...args: string[]): Promise<[number, string, string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  // What a task imports is fetched where it is not there yet.
  const said = decoder.decode(stderr).replace(/^(Download|Initialize) .*\n/gm, "");
  return [code, decoder.decode(stdout), said];
}

for (const task of Object.keys(tasks)) {
  Deno.test(`deno task ${task}: --help prints its usage alone, and an unknown option is exit code 2`, async () => {
    const [help, wrong] = await Promise.all([
      runTask(task, "--help"),
      runTask(task, "--nonsense"),
    ]);
    assertEquals([help[0], help[2]], [0, ""]);
    assert(help[1].startsWith("usage: deno task "), help[1]);
    assertEquals([wrong[0], wrong[1]], [2, ""]);
    assertStringIncludes(wrong[2], "--nonsense");
  });
}
