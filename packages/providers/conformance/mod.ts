/**
 * The kit that every provider has to pass, ours or yours: each primitive with good and bad input, against published
 * values and against a reference. It needs no test runner; give its tests to yours.
 *
 * ```ts
 * import { conformanceTests } from "@sealane/providers/conformance";
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const tests = conformanceTests(nobleProvider);
 * // With Deno: for (const { name, run } of tests) Deno.test(name, run);
 * for (const { name, run } of tests.filter(({ name }) => name.startsWith("SHA-256"))) {
 *   await run();
 *   console.assert(name.length > 0);
 * }
 * ```
 *
 * @module
 */
import type { CryptoProvider } from "../provider.ts";
import { check, type ConformanceTest } from "./check.ts";
import { groupTests } from "./groups.ts";
import { randomTests } from "./random.ts";
import { signatureTests } from "./signatures.ts";
import { symmetricTests } from "./symmetric.ts";

export type { ConformanceTest } from "./check.ts";
export { type Later, laterProvider, thenable } from "./later.ts";

/**
 * Every test that applies to what `provider` lists. Primitives whose code points the kit does not know are tested for
 * the rules of the interface only, not for published values.
 */
export function conformanceTests(provider: CryptoProvider): ConformanceTest[] {
  return [
    { name: "lists: no code point twice", run: () => listTest(provider) },
    ...randomTests({ random: (length) => provider.random(length) }),
    ...symmetricTests(provider),
    ...groupTests(provider),
    ...signatureTests(provider),
  ];
}

async function listTest(provider: CryptoProvider): Promise<void> {
  check(provider.name.length > 0, "the provider has no name");
  const lists = {
    cipherSuites: provider.cipherSuites.map(({ id }) => id),
    groups: provider.groups.map(({ id }) => id),
    signatures: provider.signatures.map(({ scheme }) => scheme),
  };
  for (const [list, ids] of Object.entries(lists)) {
    check(new Set(ids).size === ids.length, `${list} has a code point twice`);
  }
  await Promise.resolve();
}
