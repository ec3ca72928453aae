/**
 * The test modules of the repository, and the tests that they register.
 *
 * @module
 */

/** The paths of the test modules in a folder, or of one file. */
export async function* testModules(path: string): AsyncGenerator<string> {
  if ((await Deno.stat(path)).isFile) {
    if (path.endsWith("_test.ts")) yield path;
    return;
  }
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (name.startsWith(".") || name === "node_modules") continue;
    if (isDirectory) yield* testModules(`${path}/${name}`);
    else if (name.endsWith("_test.ts")) yield `${path}/${name}`;
  }
}

/** A test as a module registers it. */
export interface RegisteredTest {
  /** Its name. */
  readonly name: string;
  /** Whether it is ignored. */
  readonly ignore: boolean;
}

/** The tests that a module registers, which do not run. */
export async function registeredTests(url: string): Promise<RegisteredTest[]> {
  const tests: RegisteredTest[] = [];
  const register = (...args: unknown[]): void => {
    let [name, ignore] = ["", false];
    for (const arg of args) {
      if (typeof arg === "string") name ||= arg;
      const { name: named, ignore: ignored } = Object(arg) as Partial<RegisteredTest>; // a definition, options or a function
      name ||= named ?? "";
      ignore ||= ignored === true;
    }
    if (name !== "") tests.push({ name, ignore });
  };
  const ignored = (...args: unknown[]): void => register({ ignore: true }, ...args);
  const { test } = Deno;
  const value = Object.assign(register, { ignore: ignored, only: register });
  Object.defineProperty(Deno, "test", { value, configurable: true, writable: true });
  try {
    await import(url);
  } finally {
    Object.defineProperty(Deno, "test", { value: test, configurable: true, writable: true });
  }
  return tests;
}
