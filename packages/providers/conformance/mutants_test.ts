/** The kit finds providers with one thing wrong: each of these fails the test that is about it. */
import { assert, assertEquals } from "@std/assert";
import { nobleProvider } from "../noble/mod.ts";
import { conformanceTests } from "./mod.ts";
import { GROUP_MUTANTS } from "../testdata/mutants/groups.ts";
import { EMPTY, type Mutant } from "../testdata/mutants/mutant.ts";
import { SIGNATURE_MUTANTS } from "../testdata/mutants/signatures.ts";
import { SYMMETRIC_MUTANTS } from "../testdata/mutants/symmetric.ts";
import type { CryptoProvider } from "../provider.ts";

const MUTANTS = [...SYMMETRIC_MUTANTS, ...GROUP_MUTANTS, ...SIGNATURE_MUTANTS];

Deno.test("there are the 19 wrong providers that once passed, and 20 more", () => {
  assert(MUTANTS.length >= 40, `${MUTANTS.length}`);
  assertEquals(new Set(MUTANTS.map(({ what }) => what)).size, MUTANTS.length);
});

/** Whether a test of the kit fails. */
async function fails(run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch {
    return true;
  }
}

/** The tests that a mutant may fail: those of what it has, and of private keys only where it makes signers. */
function testsOf({ provider, foundBy }: Mutant) {
  return conformanceTests(provider).filter(({ name }) => name.includes(foundBy));
}

for (const mutant of MUTANTS) {
  Deno.test(`the kit finds a provider ${mutant.what}`, async () => {
    const tests = testsOf(mutant);
    assert(tests.length > 0, `no test is called ${mutant.foundBy}`);
    for (const { run } of tests) if (await fails(run)) return;
    assert(false, `${tests.length} tests passed`);
  });
}

/** What of noble has the same names as a mutant. */
function original({ cipherSuites, groups, signatures }: CryptoProvider): CryptoProvider {
  const own = <T extends { readonly name: string }>(list: readonly T[], names: readonly T[]) =>
    list.filter(({ name }) => names.some((each) => each.name === name));
  return {
    ...EMPTY,
    cipherSuites: own(nobleProvider.cipherSuites, cipherSuites),
    groups: own(nobleProvider.groups, groups),
    signatures: own(nobleProvider.signatures, signatures),
  };
}

Deno.test("the tests that find wrong providers let the right one pass", async () => {
  const done = new Set<string>();
  for (const mutant of MUTANTS) {
    for (const { name, run } of testsOf({ ...mutant, provider: original(mutant.provider) })) {
      if (done.has(name)) continue;
      done.add(name);
      await run();
    }
  }
  assert(done.size >= 15, `${[...done]}`);
});
