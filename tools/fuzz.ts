/**
 * `deno task fuzz [--seconds N] [--seed S]`: runs every fuzzer of the repository in turn, with one seed after the other,
 * until the time is over. A failure says which seed shows it again.
 *
 * @module
 */
type Run = (rounds: number, seed: number) => Promise<Map<string, number>>;

interface Fuzzer {
  readonly name: string;
  /** The package whose `fuzz.ts` has it, and its name there. It is no part of what is published. */
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
  const module: Record<string, Run> = await import(`../packages/${folder}/fuzz.ts`);
  return module[name];
}

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(Deno.args[at + 1]);
  if (!Number.isInteger(value) || value < 0) {
    console.error(`--${name} wants a whole number`);
    Deno.exit(2);
  }
  return value;
}

const seconds = option("seconds", 60);
const first = option("seed", Date.now() % 2 ** 31);
console.log(`fuzzing for ${seconds} s, from seed ${first}`);
const end = Date.now() + 1000 * seconds;
const totals = new Map(FUZZERS.map(({ name }) => [name, 0]));
const runs = new Map(
  await Promise.all(FUZZERS.map(async (fuzzer) => [fuzzer, await load(fuzzer)] as const)),
);
for (let seed = first; Date.now() < end; seed++) {
  for (const [{ name, rounds }, run] of runs) {
    if (Date.now() >= end) break;
    await run(rounds, seed);
    totals.set(name, (totals.get(name) ?? 0) + rounds);
  }
}
for (const [name, rounds] of totals) console.log(`${String(rounds).padStart(12)} ${name}`);
console.log("fuzz: nothing found");
