/**
 * `deno task fuzz [--seconds N] [--seed S]`: runs every fuzzer of the repository in turn, with one seed after the other,
 * until the time is over. A failure says which seed shows it again.
 *
 * @module
 */
import { readArguments } from "./arguments.ts";

type Run = (rounds: number, seed: number) => Promise<Map<string, number>>;

interface Fuzzer {
  readonly name: string;
  /** The package whose `testing/fuzz.ts` has it, and its name there. It is no part of what is published. */
  readonly from: readonly [folder: string, name: string];
  /** Rounds in a turn: about a second. */
  readonly rounds: number;
}

const FUZZERS: readonly Fuzzer[] = [
  { name: "decoders", from: ["handshake", "fuzzDecoders"], rounds: 40_000 },
  { name: "handshakes", from: ["handshake", "fuzzHandshakes"], rounds: 200 },
  { name: "authentications", from: ["handshake", "fuzzAuthentications"], rounds: 100 },
  { name: "connections", from: ["tls", "fuzzConnections"], rounds: 200 },
  { name: "frames", from: ["quic-tls", "fuzzFrames"], rounds: 40_000 },
  { name: "packets", from: ["quic-tls", "fuzz"], rounds: 20_000 },
];

async function load({ from: [folder, name] }: Fuzzer): Promise<Run> {
  const module: Record<string, Run> = await import(`../packages/${folder}/testing/fuzz.ts`);
  if (typeof module[name] !== "function") throw new Error(`${folder} has no fuzzer ${name}`);
  return module[name];
}

const args = readArguments({
  task: "fuzz",
  about: "Runs every fuzzer in turn, with one seed after the other, until the time is over.",
  options: {
    seconds: { value: "N", least: 1, about: "how long, 60 unless given" },
    seed: { value: "S", least: 0, about: "the first seed, a new one unless given" },
  },
  words: {
    name: "FUZZER",
    about: "the fuzzers, all unless given",
    known: FUZZERS.map(({ name }) => name),
  },
});
const seconds = args.whole("seconds", 60);
const first = args.whole("seed", Date.now() % 2 ** 31);
const chosen = FUZZERS.filter(({ name }) => args.words.length === 0 || args.words.includes(name));
console.log(`fuzzing for ${seconds} s, from seed ${first}`);
const runs = await Promise.all(
  chosen.map(async (fuzzer) => ({ ...fuzzer, run: await load(fuzzer) })),
);
/** How many executions of each fuzzer there were, by what it threw its bytes at. */
const executed = new Map(chosen.map(({ name }) => [name, 0]));
const end = Date.now() + 1000 * seconds;
for (let seed = first; Date.now() < end; seed++) {
  for (const [i, { name, rounds, run }] of runs.entries()) {
    const left = end - Date.now();
    // Everybody has a turn, even where the time is short: an equal part of what is left of it, as far as can be told.
    if (left <= 0 && seed > first) break;
    const share = Math.min(1, Math.max(left, 0) / (1000 * (runs.length - i)));
    const counts = await run(Math.max(1, Math.floor(rounds * share)), seed);
    let sum = executed.get(name) ?? 0;
    for (const count of counts.values()) sum += count;
    executed.set(name, sum);
  }
}
for (const [name, count] of executed) console.log(`${String(count).padStart(12)} ${name}`);
const idle = [...executed].filter(([, count]) => count === 0).map(([name]) => name);
if (idle.length > 0) {
  console.error(`fuzz: no execution of ${idle.join(", ")}`);
  Deno.exit(1);
}
console.log("fuzz: nothing found");
