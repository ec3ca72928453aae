/**
 * What a benchmark reports: a figure beside a baseline that was measured in the same run.
 *
 * @module
 */

/** One line of the table. */
export interface BenchRow {
  /** What was measured. */
  readonly name: string;
  /** How much of it; more is better. */
  readonly value: number;
  /** The unit of value and baseline, for instance `MB/s`. */
  readonly unit: string;
  /** The same work without us. */
  readonly baseline: number;
  /** `value / baseline`. */
  readonly ratio: number;
}

/** How long one side runs before the other has its turn, in milliseconds. */
const TURN = 8;

/** How many turns each side has. */
const ROUNDS = 61;

/** How long each side runs before anything is measured, in milliseconds. */
const WARM_UP = 120;

/** Calls between two looks at the clock. */
const BATCH = 8;

type Work = () => unknown;

/** Calls of `work` per second, over about `milliseconds`. */
async function rate(work: Work, milliseconds: number): Promise<number> {
  const start = performance.now();
  let calls = 0;
  let now = start;
  while (now - start < milliseconds) {
    for (let i = 0; i < BATCH; i++) {
      const result = work();
      if (result instanceof Promise) await result;
    }
    calls += BATCH;
    now = performance.now();
  }
  return 1000 * calls / (now - start);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/**
 * Runs two pieces of work in turn, many short turns each, so that both meet the same machine, and compares them turn
 * by turn: the ratio is the median over the turns. One call of either does `perCall` of `unit`.
 */
export async function compare(
  name: string,
  { unit, perCall }: { readonly unit: string; readonly perCall: number },
  ours: Work,
  baseline: Work,
): Promise<BenchRow> {
  for (const work of [ours, baseline]) await rate(work, WARM_UP);
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Who goes first changes, since a turn may have to collect the garbage of the one before.
    const oursFirst = round % 2 === 0;
    const first = await rate(oursFirst ? ours : baseline, TURN);
    const second = await rate(oursFirst ? baseline : ours, TURN);
    const [mine, theirs] = oursFirst ? [first, second] : [second, first];
    rates.push(mine);
    ratios.push(mine / theirs);
  }
  const value = median(rates) * perCall;
  const ratio = median(ratios);
  return { name, value, unit, baseline: value / ratio, ratio };
}
