/**
 * Runs in each runtime: asks each provider about every case, and runs the kit over each. Prints one line of JSON.
 *
 * @module
 */
import { defaultProvider } from "@sealane/providers";
import { conformanceTests } from "@sealane/providers/conformance";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { verdictCases } from "./cases.ts";

/** What a runtime says. */
export interface RuntimeVerdicts {
  /** By provider: an answer for each case, in their order. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  /** By provider: how many tests of the kit it passes, and those that it does not. */
  readonly kit: Readonly<
    Record<string, { readonly passed: number; readonly failed: readonly string[] }>
  >;
}

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
const result: RuntimeVerdicts = { answers, kit };
console.log(JSON.stringify(result));
