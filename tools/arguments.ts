/**
 * The command lines of all tasks: what each may say, and `--help`. What is not known there is an error with exit code 2.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** An option of a command line. */
export interface OptionUsage {
  /** What its value is, in capital letters; without one it is a switch. */
  readonly value?: string;
  /** Its value is a whole number of at least this. */
  readonly least?: number;
  /** What it says. */
  readonly about: string;
}

/** What a command line may say. */
export interface Usage<Option extends string = never> {
  /** The task, as in `deno task NAME`. */
  readonly task: string;
  /** What it does: a sentence or two. */
  readonly about: string;
  /** Its options by their names. */
  readonly options?: Readonly<Record<Option, OptionUsage>>;
  /** The words that may stand beside options; none unless given. */
  readonly words?: {
    /** What one of them is, in capital letters. */
    readonly name: string;
    /** What they say. */
    readonly about: string;
    /** All that there are; anything unless given. */
    readonly known?: readonly string[];
    /** How many there may be at most. */
    readonly most?: number;
  };
}

/** What a command line says. */
export interface Arguments<Option extends string> {
  /** The words beside the options, in order. */
  readonly words: readonly string[];
  /** Whether the option stands there. */
  has(option: Option): boolean;
  /** The value of an option. */
  text(option: Option): string | undefined;
  /** The value of an option that is a whole number. */
  whole(option: Option, otherwise: number): number;
}

/** A command line that says what it may not say. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What a command line says, or `null` if that is `--help`. */
export function parseArguments<Option extends string = never>(
  usage: Usage<Option>,
  args: readonly string[],
): Arguments<Option> | null {
  const { values, positionals } = parse(usage, args);
  if (values.help === true) return null;
  checkNumbers(usage, values);
  const { name = "WORD", known, most = Infinity } = usage.words ?? { most: 0 };
  for (const word of positionals) {
    if (most === 0) throw new UsageError(`${JSON.stringify(word)} is not expected`);
    if (known !== undefined && !known.includes(word)) {
      const choice = known.join(", ");
      throw new UsageError(`there is no ${name} ${JSON.stringify(word)}; there are: ${choice}`);
    }
  }
  if (positionals.length > most) throw new UsageError(`at most ${most} ${name} may be given`);
  const text = (option: Option) => {
    const value = values[option];
    return typeof value === "string" ? value : undefined;
  };
  return {
    words: positionals,
    has: (option) => values[option] !== undefined,
    text,
    whole: (option, otherwise) => Number(text(option) ?? otherwise),
  };
}

function checkNumbers({ options = {} }: Usage<string>, values: Values): void {
  for (const [name, { least }] of Object.entries<OptionUsage>(options)) {
    const value = values[name];
    if (least === undefined || value === undefined) continue;
    const number = /^\d+$/.test(String(value)) ? Number(value) : NaN;
    if (Number.isSafeInteger(number) && number >= least) continue;
    throw new UsageError(`--${name} wants a whole number of at least ${least}, not ${value}`);
  }
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parse(
  { options = {} }: Usage<string>,
  args: readonly string[],
): { values: Values; positionals: string[] } {
  const config: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [name, { value }] of Object.entries<OptionUsage>(options)) {
    config[name] = { type: value === undefined ? "boolean" : "string" };
  }
  try {
    return parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message);
  }
}

/** The text that `--help` prints. */
export function helpText({ task, about, options = {}, words }: Usage<string>): string {
  const all = { ...options, help: { about: "prints this, and does nothing" } };
  const rows = Object.entries<OptionUsage>(all).map(
    ([name, { value, about }]): [string, string] => {
      return [`--${name}${value === undefined ? "" : ` ${value}`}`, about];
    },
  );
  if (words !== undefined) {
    const known = words.known === undefined ? "" : `: ${words.known.join(", ")}`;
    rows.unshift([words.name, `${words.about}${known}`]);
  }
  const width = Math.max(...rows.map(([left]) => left.length));
  const line = [
    `usage: deno task ${task}`,
    ...Object.keys(options).length > 0 ? ["[options]"] : [],
  ];
  if (words !== undefined) line.push(words.most === 1 ? `[${words.name}]` : `[${words.name} ...]`);
  const list = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return [line.join(" "), "", about, "", ...list].join("\n");
}

/**
 * What the command line of this process says. With `--help` it prints the usage and ends the process; with what is not
 * known it says so and ends the process with exit code 2. A task calls it before it does or imports anything else.
 */
export function readArguments<Option extends string = never>(
  usage: Usage<Option>,
): Arguments<Option> {
  let found: Arguments<Option> | null;
  try {
    found = parseArguments(usage, Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return refuse(usage, error.message);
  }
  if (found !== null) return found;
  console.log(helpText(usage));
  return Deno.exit(0);
}

/** Says why the command line cannot be used, and ends the process with exit code 2. */
export function refuse({ task }: Pick<Usage, "task">, reason: string): never {
  console.error(`${task}: ${reason} (--help says what may be given)`);
  return Deno.exit(2);
}
