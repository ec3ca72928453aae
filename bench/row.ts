/**
 * What a benchmark reports: a figure beside a baseline that was measured in the same run, by the clock and by the time that
 * the processors worked for this process, which is what counts on a machine that others use too.
 *
 * @module
 */
import process from "node:process";

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
  /** The same ratio by processor time: above 1 our side takes less of it. */
  readonly cpuRatio?: number;
  /** The lower and the upper quartile of `cpuRatio` over the turns. */
  readonly cpuRange?: readonly [number, number];
  /** Processor time of one call of ours, in microseconds. */
  readonly cpuMicroseconds?: number;
}

/** How a comparison is run; what is left out suits calls that take microseconds. */
export interface Pace {
  /** How long one side runs before the other has its turn, in milliseconds. */
  readonly turn: number;
  /** How many turns each side has. */
  readonly rounds: number;
  /** How long each side runs before anything is measured, in milliseconds. */
  readonly warmUp: number;
  /** Calls between two looks at the clock. */
  readonly batch: number;
}

const QUICK: Pace = { turn: 8, rounds: 41, warmUp: 60, batch: 4 };

/** For work of milliseconds, such as a connection over TCP. */
export const SLOW: Pace = { turn: 60, rounds: 15, warmUp: 300, batch: 1 };

type Work = () => unknown;

/** Calls per second, by the clock and by processor time. */
interface Rate {
  readonly wall: number;
  readonly cpu: number;
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Calls `work` over about `milliseconds`. */
async function rate(work: Work, milliseconds: number, batch: number): Promise<Rate> {
  const start = performance.now();
  const cpuStart = cpuMilliseconds();
  let calls = 0;
  let now = start;
  while (now - start < milliseconds) {
    for (let i = 0; i < batch; i++) {
      const result = work();
      if (result instanceof Promise) await result;
    }
    calls += batch;
    now = performance.now();
  }
  const cpu = Math.max(cpuMilliseconds() - cpuStart, 0.001);
  return { wall: 1000 * calls / (now - start), cpu: 1000 * calls / cpu };
}

/** The number that `part` of all are below. */
function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/**
 * Runs two pieces of work in turn, many short turns each, so that both meet the same machine, and compares them turn
 * by turn: the ratios are medians over the turns. One call of either does `perCall` of `unit`.
 */
export async function compare(
  name: string,
  { unit, perCall }: { readonly unit: string; readonly perCall: number },
  ours: Work,
  baseline: Work,
  pace: Pace = QUICK,
): Promise<BenchRow> {
  const { turn, rounds, warmUp, batch } = pace;
  for (const work of [ours, baseline]) await rate(work, warmUp, batch);
  const rates: Rate[] = [];
  const ratios: number[] = [];
  const cpuRatios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, since a turn may have to collect the garbage of the one before.
    const oursFirst = round % 2 === 0;
    const first = await rate(oursFirst ? ours : baseline, turn, batch);
    const second = await rate(oursFirst ? baseline : ours, turn, batch);
    const [mine, theirs] = oursFirst ? [first, second] : [second, first];
    rates.push(mine);
    ratios.push(mine.wall / theirs.wall);
    cpuRatios.push(mine.cpu / theirs.cpu);
  }
  const value = quantile(rates.map(({ wall }) => wall), 0.5) * perCall;
  const ratio = quantile(ratios, 0.5);
  return {
    name,
    value,
    unit,
    baseline: value / ratio,
    ratio,
    cpuRatio: quantile(cpuRatios, 0.5),
    cpuRange: [quantile(cpuRatios, 0.25), quantile(cpuRatios, 0.75)],
    cpuMicroseconds: 1e6 / quantile(rates.map(({ cpu }) => cpu), 0.5),
  };
}
