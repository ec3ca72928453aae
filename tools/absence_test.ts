/** What is done where programs are missing: every module that can use one loads, and what it skips is named. */
import { assert, assertEquals } from "@std/assert";
import { repositoryFiles } from "./check/files.ts";
import { modulesThatReach } from "./check/reach.ts";
import { environment, pathWithOnly } from "./programs/hiding.ts";
import { missingProgram, PROGRAM_NAMES, runProgram } from "@sealane/programs";
import type { RegisteredTest } from "./test_report/modules.ts";
import { skipReason } from "./test_report/skips.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const noGit = await missingProgram("git");

/** These build or fetch something where they are there, which takes minutes: `deno task absence` does it with them. */
const SLOW = ["go", "mvn", "npm", "npx"];

/** The tests of the modules that can start a program, as they are registered where only these are on PATH. */
async function registered(modules: readonly string[], programs: readonly string[]) {
  await using folder = await pathWithOnly(...programs);
  const script = `
    const { registeredTests } = await import(${
    JSON.stringify(new URL("test_report/modules.ts", import.meta.url).href)
  });
    const tests = [];
    for (const path of ${JSON.stringify(modules)}) {
      tests.push(...await registeredTests("file://${root}/" + path));
    }
    console.log(JSON.stringify(tests));
    Deno.exit(0);
  `;
  const { success, stdout, stderr } = await runProgram(
    { path: Deno.execPath() },
    ["eval", "--no-check", "--unstable-kv", "--unstable-net", script],
    { cwd: root, env: environment(folder.path), clearEnv: true },
  );
  assert(success, stderr);
  const tests: RegisteredTest[] = JSON.parse(stdout);
  const unnamed = tests.filter(({ name, ignore }) => ignore && skipReason(name) === null);
  assertEquals(unnamed, [], "skipped without a reason in the name");
  return tests;
}

/** Those of them that can be there, and what a test that needs one of them says. */
const HIDDEN: readonly (readonly [hidden: readonly string[], says: RegExp])[] = [
  [["openssl"], /openssl/],
  [["gnutls-cli", "gnutls-serv"], /gnutls/],
  [["python3"], /aioquic|tlslite/],
  [["java", "javac"], /java/],
  [["caddy"], /caddy/],
  [["chromium"], /chromium/],
  [["redis-server"], /redis-server/],
  [["curl"], /curl/],
  [["node"], /node/],
];

const modules = noGit !== null
  ? []
  : modulesThatReach(await repositoryFiles(root), "@sealane/programs")
    .filter((path) => path.endsWith("_test.ts") && path !== "tools/absence_test.ts");

Deno.test({
  name: "without any program every test module loads, and names what it skips (needs git)",
  ignore: noGit !== null,
  async fn() {
    assert(modules.length > 10, modules.join());
    const tests = await registered(modules, []);
    const reasons = tests.filter(({ ignore }) => ignore).map(({ name }) => skipReason(name) ?? "");
    for (const [, says] of [...HIDDEN, [["go"], /Go|quic-go/] as const]) {
      assert(reasons.some((reason) => says.test(reason)), `nothing is skipped for ${says}`);
    }
    assert(tests.some(({ ignore }) => !ignore));
  },
});

for (const [hidden, says] of HIDDEN) {
  Deno.test({
    name: `without ${hidden.join()} every test module loads, and names what it skips (needs git)`,
    ignore: noGit !== null,
    async fn() {
      const others = PROGRAM_NAMES.filter((name) => !SLOW.includes(name) && !hidden.includes(name));
      const tests = await registered(modules, others);
      const skipped = tests.filter(({ name, ignore }) => ignore && says.test(name));
      assert(skipped.length > 0, `nothing is skipped for ${says}`);
    },
  });
}
