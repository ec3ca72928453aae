import { assert, assertEquals } from "@std/assert";
import { missingProgram } from "@sealane/programs";
import { repositoryFiles } from "./check/files.ts";
import { checkFlatOptions, flatOptions } from "./flat_options.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const noGit = await missingProgram("git");
const CONFIG = "packages/handshake/config/config.ts";

Deno.test({
  name: "an option that is added to a configuration makes what was written out stale (needs git)",
  ignore: noGit !== null,
}, async () => {
  const files = await repositoryFiles(root);
  const changed = files.map((file) =>
    file.path !== CONFIG ? file : {
      ...file,
      text: file.text.replace(
        "export interface ClientConfig extends CommonConfig {\n",
        (line) => `${line}  /** Whether to hurry. */\n  readonly hurry?: PeerIdentity;\n`,
      ),
    }
  );
  const findings = await checkFlatOptions(changed, root);
  assertEquals(findings.map(({ path }) => path).sort(), [
    "packages/tls/README.md",
    "packages/tls/deno/connect_options.ts",
    "packages/tls/deno/start_tls_options.ts",
  ]);
  const made = await flatOptions(changed, root);
  assert(
    made.get("packages/tls/deno/connect_options.ts")?.includes("readonly hurry?: PeerIdentity"),
  );
  assert(/\| `hurry` +\| Whether to hurry +\|/.test(made.get("packages/tls/README.md") ?? ""));
});
