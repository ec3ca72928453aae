/**
 * The shim: the program that BoringSSL's runner starts for each test. `shim.ts PROVIDER flags…`; the launcher that
 * `run.ts` writes gives the provider's name.
 *
 * @module
 */
import { parseFlags } from "./flags.ts";
import { outcomeOf } from "./outcome.ts";

/** Runs the test and exits. Everything costly is imported after the flags have been read. */
async function main(): Promise<never> {
  const [provider, ...args] = Deno.args;
  // Asked once, before all tests: whether this shim can split a handshake over two processes, as BoringSSL can.
  if (args.includes("-is-handshaker-supported")) {
    console.log("No");
    Deno.exit(0);
  }
  try {
    const flags = parseFlags(args);
    const { runConnections } = await import("./connections.ts");
    await runConnections(flags, provider);
  } catch (error) {
    fail(error);
  }
  Deno.exit(0);
}

function fail(error: unknown): never {
  const { code, line } = outcomeOf(error);
  Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
  Deno.exit(code);
}

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(event.reason);
});

await main();
