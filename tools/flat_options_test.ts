import { assert, assertEquals } from "@std/assert";
import { repositoryFiles } from "./check/files.ts";
import { checkFlatOptions, flatOptions } from "./flat_options.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const files = await repositoryFiles(root);
const CONFIG = "packages/handshake/config/config.ts";

Deno.test("an option that is added to a configuration, or changed, makes what was written out stale", async () => {
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
