/**
 * Runs bundled tests in the runtime that runs it, one after the other. Arguments: modules. Prints a line of JSON a test.
 *
 * @module
 */
import { registered, shim } from "./deno_shim.ts";

/** What came of a test. */
export interface TestResult {
  /** The module that it is of. */
  readonly module: string;
  /** Its name. */
  readonly name: string;
  /** What came of it. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly reason?: string;
}

/** How long one test may take, milliseconds. */
const PATIENCE = 120_000;

const print = (result: TestResult) => console.log(JSON.stringify(result));
const text = (error: unknown) =>
  error instanceof Error ? error.stack ?? error.message : String(error);

let unhandled: unknown[] = [];
process.on("unhandledRejection", (error) => void unhandled.push(error));
process.on("uncaughtException", (error) => void unhandled.push(error));

/** Runs a test; why it failed, or `null`. */
async function failure(fn: () => unknown): Promise<string | null> {
  unhandled = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    await Promise.race([Promise.resolve().then(fn), late]);
    // An error that nobody handles is noticed a turn of the event loop later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return unhandled.length === 0 ? null : `nobody handled: ${unhandled.map(text).join("\n")}`;
  } catch (error) {
    return text(error);
  } finally {
    clearTimeout(timer);
  }
}

Object.assign(globalThis, { __sealaneTests: shim });
for (const module of process.argv.slice(2)) {
  registered.length = 0;
  try {
    await import(new URL(module, import.meta.url).href);
  } catch (error) {
    print({ module, name: "(the module)", outcome: "failed", reason: text(error) });
    continue;
  }
  for (const { name, ignore, fn } of registered.slice()) {
    if (ignore) {
      print({ module, name, outcome: "skipped" });
      continue;
    }
    const reason = await failure(fn);
    if (reason === null) print({ module, name, outcome: "passed" });
    else print({ module, name, outcome: "failed", reason });
  }
}
process.exit();
