/**
 * Compiles published modules to JavaScript and declarations, with the types of the oldest runtimes alone.
 *
 * @module
 */
import { COMPILER, OLDEST_GLOBALS, OLDEST_LIB, OLDEST_TARGET, UNTYPED_MODULES } from "./oldest.ts";
import { INLINED, type SourcePackage } from "./source.ts";

/** What the compiler said and wrote. */
export interface Compilation {
  /** Its diagnostics, with the paths of the repository; empty if it found nothing. */
  readonly diagnostics: string;
  /** The files of every package by its folder, with paths from it: `.js` and `.d.ts`. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Compiles `packages` in a folder that is gone afterwards. `root` is the repository. */
export async function compile(
  root: string,
  packages: readonly SourcePackage[],
): Promise<Compilation> {
  const work = await Deno.makeTempDir({ prefix: "sealane_npm_" });
  try {
    await writeProject(work, root, packages);
    await deno(work, "install", "--quiet");
    const diagnostics = await deno(work, "run", "-A", "node_modules/typescript/bin/tsc");
    const files = new Map<string, Map<string, string>>();
    if (diagnostics !== "") return { diagnostics: repositoryPaths(diagnostics), files };
    for (const { folder } of packages) {
      const output = new Map<string, string>();
      await collect(`${work}/out/${folder}`, "", output);
      files.set(folder, output);
    }
    return { diagnostics: "", files };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** What a command of this very Deno wrote if it failed, or nothing. */
async function deno(cwd: string, ...args: string[]): Promise<string> {
  const env = { NO_COLOR: "1" };
  const command = new Deno.Command(Deno.execPath(), { args, cwd, env, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const [said, failed] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return success ? "" : said.trim() || failed.trim() || `deno ${args[0]} failed`;
}

const repositoryPaths = (text: string): string => text.replace(/^src\//gm, "packages/");

async function writeProject(
  work: string,
  root: string,
  packages: readonly SourcePackage[],
): Promise<void> {
  const dependencies: Record<string, string> = { ...COMPILER };
  const paths: Record<string, string[]> = {};
  for (const { name, folder, exports, dependencies: own } of packages) {
    for (const [dependency, range] of Object.entries(own)) {
      if (!packages.some((each) => each.name === dependency)) dependencies[dependency] = range;
    }
    for (const [subpath, module] of Object.entries(exports)) {
      paths[name + subpath.slice(1)] = [`./src/${folder}/${module.replace(/^\.\//, "")}`];
    }
  }
  const manifest = { private: true, type: "module", dependencies };
  await Deno.writeTextFile(`${work}/package.json`, JSON.stringify(manifest));
  await Deno.writeTextFile(`${work}/tsconfig.json`, JSON.stringify(compilerOptions(paths)));
  await write(`${work}/src/oldest_globals.d.ts`, OLDEST_GLOBALS);
  await write(`${work}/src/untyped_modules.d.ts`, UNTYPED_MODULES);
  for (const { folder, modules } of packages) {
    for (const { path, text } of modules) {
      await write(
        `${work}/src/${folder}/${path}`,
        await inline(path, text, `${work}/src/${folder}`, root),
      );
    }
  }
}

function compilerOptions(paths: Record<string, string[]>) {
  return {
    compilerOptions: {
      target: OLDEST_TARGET,
      lib: [OLDEST_LIB],
      types: ["node", "deno"],
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      noImplicitOverride: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      // Of the types of Node 20 and Deno together; ours have no declaration files.
      skipLibCheck: true,
      noEmitOnError: true,
      rootDir: "src",
      outDir: "out",
      paths,
    },
    include: ["src/**/*.ts"],
  };
}

/** The module, with a copy beside it of what it imports from packages that npm does not have. */
async function inline(
  path: string,
  text: string,
  folder: string,
  root: string,
): Promise<string> {
  for (const [specifier, { file, source }] of Object.entries(INLINED)) {
    if (!text.includes(`"${specifier}"`)) continue;
    await write(`${folder}/${file}`, await Deno.readTextFile(`${root}/${source}`));
    const up = "../".repeat(path.split("/").length - 1) || "./";
    text = text.replaceAll(`"${specifier}"`, `"${up}${file}"`);
  }
  return text;
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function collect(folder: string, prefix: string, files: Map<string, string>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${prefix}${name}`;
    if (isDirectory) await collect(`${folder}/${name}`, `${path}/`, files);
    else {
      const text = await Deno.readTextFile(`${folder}/${name}`);
      files.set(path, name.endsWith(".d.ts") ? declaration(text) : text);
    }
  }
}

/** The compiler leaves `.ts` in the imports of declarations, and says nothing of the library that they need. */
function declaration(text: string): string {
  const imports = text.replace(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]*)\.ts"/g, '$1"$2.js"');
  const disposable = /\[Symbol\.(asyncDispose|dispose)\]/.test(imports);
  return disposable ? `/// <reference lib="esnext.disposable" />\n${imports}` : imports;
}
