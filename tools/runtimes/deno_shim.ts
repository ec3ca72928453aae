/**
 * What tests take from `Deno`, for other runtimes: tests are registered, and files are read through `node:fs`. Bundles of tests
 * see it under the name `Deno`; the packages under test see nothing of it.
 *
 * @module
 */
import * as fs from "node:fs";
import * as os from "node:os";

/** A test, as registered. */
export interface RegisteredTest {
  /** Its name. */
  readonly name: string;
  /** Whether it is not to be run here. */
  readonly ignore: boolean;
  /** The test itself. */
  readonly fn: () => unknown;
}

interface TestDefinition {
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: () => unknown;
}

/** The tests of the modules that were imported since this was last emptied. */
export const registered: RegisteredTest[] = [];

function test(definition: string | TestDefinition, fn?: () => unknown): void {
  if (typeof definition !== "string") registered.push({ ignore: false, ...definition });
  else if (fn !== undefined) registered.push({ name: definition, ignore: false, fn });
}

class NotFound extends Error {}

/** What `call` gives; a file that is missing is Deno's error. */
function found<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw missing ? new NotFound(error.message) : error;
  }
}

const path = (file: string | URL) => typeof file === "string" ? file : file.pathname;
const readTextFileSync = (file: string | URL) => found(() => fs.readFileSync(path(file), "utf8"));
const readFileSync = (file: string | URL) =>
  found(() => new Uint8Array(fs.readFileSync(path(file))));

/** What stands for `Deno`. The tests that use anything else of it are not portable. */
export const shim = {
  test,
  errors: { NotFound },
  env: { get: (name: string) => process.env[name] },
  readTextFileSync,
  readFileSync,
  readTextFile: (file: string | URL) => Promise.resolve().then(() => readTextFileSync(file)),
  readFile: (file: string | URL) => Promise.resolve().then(() => readFileSync(file)),
  statSync: (file: string | URL) => found(() => fs.statSync(path(file))),
  stat: (file: string | URL) => Promise.resolve().then(() => found(() => fs.statSync(path(file)))),
  readDirSync: (folder: string | URL) =>
    found(() => fs.readdirSync(path(folder)).map((name) => ({ name }))),
  makeTempFileSync: ({ suffix = "" } = {}) => {
    const file = `${fs.mkdtempSync(`${os.tmpdir()}/sealane_`)}/file${suffix}`;
    fs.writeFileSync(file, "");
    return file;
  },
  writeTextFileSync: (file: string | URL, text: string) => fs.writeFileSync(path(file), text),
  removeSync: (file: string | URL) => fs.rmSync(path(file), { recursive: true }),
};

/** What of `Deno` is there, as `Deno.env.get` is written. */
export const SUPPORTED: readonly string[] = [
  ...Object.keys(shim).filter((name) => name !== "env" && name !== "errors"),
  "env.get",
  "errors.NotFound",
];
