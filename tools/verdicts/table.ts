/**
 * The tables of `docs/providers.md`: what the providers say, by runtime.
 *
 * @module
 */
/** A case in words. */
export interface Case {
  /** What it is a case of: cases with the same text are one line of the table. */
  readonly what: string;
  /** What the answer is by the standards. */
  readonly expected: string;
  /** What says so. */
  readonly why: string;
}

/** What came of the kit: how many tests were passed, and those that were not. */
interface KitResult {
  readonly passed: number;
  readonly failed: readonly string[];
}

/** What the program says in a runtime. */
export interface RuntimeVerdicts {
  /** The cases. */
  readonly cases: readonly Case[];
  /** By provider: an answer for each case, in their order. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  /** By provider. */
  readonly kit: Readonly<Record<string, KitResult>>;
}

/** A runtime and what it said. */
export interface Column {
  /** Its name. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** Its answers. */
  readonly verdicts: RuntimeVerdicts;
}

/** What a runtime says of these cases, by number: one answer, or which provider gives which. */
function cell({ verdicts }: Column, numbers: readonly number[]): string {
  const said = new Map<string, Set<string>>();
  for (const [provider, answers] of Object.entries(verdicts.answers)) {
    for (const number of numbers) {
      const answer = answers[number];
      if (answer === "absent") continue;
      said.set(answer, (said.get(answer) ?? new Set()).add(provider));
    }
  }
  if (said.size === 0) return "-";
  if (said.size === 1) return [...said.keys()].join();
  return [...said].map(([answer, providers]) => `${answer} (${[...providers].join(", ")})`).join(
    "; ",
  );
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** One line for all cases of one kind. */
export function verdictTable(cases: readonly Case[], columns: readonly Column[]): string {
  const kinds = new Map<string, number[]>();
  for (const [number, { what }] of cases.entries()) {
    kinds.set(what, [...kinds.get(what) ?? [], number]);
  }
  const head = [
    "case",
    "number",
    ...columns.map(({ name, version }) => `${name} ${version}`),
    "why",
  ];
  const lines = [...kinds].map(([what, numbers]) => {
    const { why } = cases[numbers[0]];
    return row([what, String(numbers.length), ...columns.map((each) => cell(each, numbers)), why]);
  });
  return [row(head), row(head.map(() => "---")), ...lines].join("\n");
}

/** How many tests of the kit each provider passes. */
export function kitTable(columns: readonly Column[]): string {
  const providers = [...new Set(columns.flatMap(({ verdicts }) => Object.keys(verdicts.kit)))];
  const head = ["provider", ...columns.map(({ name, version }) => `${name} ${version}`)];
  const lines = providers.map((provider) =>
    row([
      provider,
      ...columns.map(({ verdicts }) => {
        const { passed = 0, failed = [] } = verdicts.kit[provider] ?? {};
        return `${passed} of ${passed + failed.length}`;
      }),
    ])
  );
  return [row(head), row(head.map(() => "---")), ...lines].join("\n");
}

/** Where a provider answers otherwise than it should, and the tests of the kit that one fails. */
export function disagreements(cases: readonly Case[], columns: readonly Column[]): string[] {
  return columns.flatMap(({ name, verdicts }) => [
    ...Object.entries(verdicts.answers).flatMap(([provider, answers]) =>
      cases.flatMap(({ what, expected }, number) => {
        const answer = answers[number];
        if (answer === expected || answer === "absent") return [];
        return [`${name}, ${provider}: ${what} is ${answer}, not ${expected}`];
      })
    ),
    ...Object.entries(verdicts.kit).flatMap(([provider, { failed }]) =>
      failed.map((test) => `${name}, ${provider}, the kit: ${test}`)
    ),
  ]);
}

/** Replaces what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` in a file, and formats it. */
export async function writeBetween(path: string, name: string, table: string): Promise<void> {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const text = await Deno.readTextFile(path);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for ${name}`);
  const written = `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
  await Deno.writeTextFile(path, written);
  const args = ["fmt", "--quiet", path];
  await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
}
