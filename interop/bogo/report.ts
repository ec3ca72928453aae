/**
 * The runner's results as a table by feature.
 *
 * @module
 */

/** `features.json`: which feature a test is about, for the tests that speak of TLS 1.3 or QUIC. */
export interface FeatureData {
  /** The revision of BoringSSL that the data was derived from. */
  readonly revision: string;
  /** How many tests the suite has at that revision, disabled ones included. */
  readonly tests: number;
  /** Test names by feature and protocol. */
  readonly features: Readonly<Record<string, { readonly tls: string[]; readonly quic: string[] }>>;
}

/** What the runner writes with `-json-output`. */
export interface RunnerResults {
  /** Results by test name. */
  readonly tests: Readonly<Record<string, { readonly actual: string; readonly error?: string }>>;
}

/** A row of the table. */
export interface Row {
  /** The feature. */
  readonly feature: string;
  /** Tests that passed. */
  passed: number;
  /** Tests that failed. */
  failed: number;
  /** Tests that ended with exit code 89. */
  unimplemented: number;
}

/** Results, counted. */
export interface Summary {
  /** By feature. */
  readonly rows: readonly Row[];
  /** All together. */
  readonly total: Row;
  /** Tests that the configuration disables. */
  readonly disabled: number;
  /** Names of the tests that failed. */
  readonly failures: readonly string[];
}

const OTHER = "other";

function emptyRow(feature: string): Row {
  return { feature, passed: 0, failed: 0, unimplemented: 0 };
}

function count(row: Row, actual: string): void {
  if (actual === "PASS") row.passed++;
  else if (actual === "SKIP") row.unimplemented++;
  else row.failed++;
}

/** Counts results by feature and protocol; `inSuite` is how many tests the runner could choose from. */
export function summarize(results: RunnerResults, data: FeatureData, inSuite: number): Summary {
  const featureOf = new Map<string, string>();
  for (const [feature, { tls, quic }] of Object.entries(data.features)) {
    for (const name of tls) featureOf.set(name, feature);
    for (const name of quic) featureOf.set(name, `${feature} (QUIC)`);
  }
  const order = [...new Set(featureOf.values()), OTHER];
  const rows = new Map(order.map((feature) => [feature, emptyRow(feature)]));
  const total = emptyRow("all");
  const failures: string[] = [];
  for (const [name, { actual }] of Object.entries(results.tests)) {
    const row = rows.get(featureOf.get(name) ?? OTHER);
    for (const counted of row === undefined ? [total] : [row, total]) count(counted, actual);
    if (actual !== "PASS" && actual !== "SKIP") failures.push(name);
  }
  return {
    rows: [...rows.values()].filter((row) => row.passed + row.failed + row.unimplemented > 0),
    total,
    disabled: inSuite - Object.keys(results.tests).length,
    failures: failures.sort(),
  };
}

/** The table, for a terminal. */
export function formatTable({ rows, total }: Summary): string {
  const width = Math.max(...[...rows, total].map((row) => row.feature.length), "feature".length);
  const line = (feature: string, ...cells: (string | number)[]): string =>
    feature.padEnd(width) + cells.map((cell) => String(cell).padStart(14)).join("");
  return [
    line("feature", "passed", "failed", "unimplemented"),
    ...[...rows, total].map((row) => line(row.feature, row.passed, row.failed, row.unimplemented)),
  ].join("\n");
}

/** The last line of a run. */
export function formatLine({ total, disabled }: Summary): string {
  const { passed, failed, unimplemented } = total;
  return `bogo: ${passed} passed, ${failed} failed, ${unimplemented} unimplemented, ${disabled} disabled`;
}
