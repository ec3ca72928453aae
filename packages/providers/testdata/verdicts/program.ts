/**
 * Runs in each runtime, for `deno task verdicts`: asks each provider about every case, and runs the kit over each. Prints one line
 * of JSON, a `RuntimeVerdicts` of `tools/verdicts/table.ts`.
 *
 * @module
 */
import { defaultProvider } from "../../default.ts";
import { conformanceTests } from "../../conformance/mod.ts";
import { nativeProvider } from "../../native/mod.ts";
import { nobleProvider } from "../../noble/mod.ts";
import { webCryptoProvider } from "../../webcrypto/mod.ts";
import { verdictCases } from "./cases.ts";

const PROVIDERS = {
  native: nativeProvider,
  webcrypto: webCryptoProvider,
  noble: nobleProvider,
  default: defaultProvider(),
};

const answers: Record<string, string[]> = {};
const kit: Record<string, { passed: number; failed: string[] }> = {};
const cases = verdictCases();
for (const [name, provider] of Object.entries(PROVIDERS)) {
  answers[name] = [];
  for (const each of cases) answers[name].push(await each.answer(provider));
  if (name === "default") continue; // made of two of the others
  kit[name] = { passed: 0, failed: [] };
  for (const test of conformanceTests(provider)) {
    try {
      await test.run();
      kit[name].passed++;
    } catch (error) {
      kit[name].failed.push(`${test.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
const texts = cases.map(({ what, expected, why }) => ({ what, expected, why }));
console.log(JSON.stringify({ cases: texts, answers, kit }));
