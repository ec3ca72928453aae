/**
 * An empty project into which the packages are installed, as somebody does who has their archives.
 *
 * @module
 */
import { type Program, runProgram } from "@sealane/programs";
import { writeArchives } from "../npm/build.ts";
import { COMPILER, OLDEST_LIB, OLDEST_TARGET } from "../npm/oldest.ts";
import { type SourcePackage, sourcePackages } from "../npm/source.ts";
import { bundleTests, type PortableTest, TEST_DEPENDENCIES } from "./portable.ts";

/** The project, with the tests that can run in it. */
export interface Project {
  /** Its folder. */
  readonly folder: string;
  /** What is installed in it. */
  readonly packages: readonly SourcePackage[];
  /** Its tests. */
  readonly tests: readonly PortableTest[];
}

/**
 * Runs a program to its end.
 *
 * @throws {Error} with what it wrote if it failed.
 */
export async function run(
  program: Program,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const { success, stdout, stderr } = await runProgram(program, args, { cwd });
  if (success) return stdout;
  throw new Error(`${program} ${args.slice(0, 3).join(" ")} failed:\n${stdout}${stderr}`);
}

const NPM_FLAGS = ["--no-audit", "--no-fund", "--loglevel=error"];

/** Installs packages from the registry, or archives, into a folder that has a `package.json` then. */
export async function npmInstall(folder: string, ...packages: readonly string[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const manifest = `${folder}/package.json`;
  try {
    await Deno.stat(manifest);
  } catch {
    await Deno.writeTextFile(manifest, `{ "private": true, "type": "module" }\n`);
  }
  await run("npm", ["install", ...NPM_FLAGS, ...packages], folder);
}

/** Builds the packages of the repository at `root` and installs them, with their tests, into the empty `folder`. */
export async function makeProject(root: string, folder: string): Promise<Project> {
  const packages = await sourcePackages(root);
  const archives = await writeArchives(root, `${folder}/archives`);
  await npmInstall(folder, ...archives);
  const { imports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const dependencies = TEST_DEPENDENCIES.map((name) => imports[name].replace(/^npm:/, ""));
  await npmInstall(folder, ...dependencies);
  return { folder, packages, tests: await bundleTests(root, packages, folder) };
}

/** How TypeScript looks for modules. */
const RESOLUTIONS = [
  { moduleResolution: "bundler", module: "esnext" },
  { moduleResolution: "node16", module: "node16" },
] as const;

/**
 * Type-checks a consumer that imports every entry point, with the declarations of the packages themselves: once a way in which
 * TypeScript looks for modules. Returns what the compiler says, by the way; nothing if all is well.
 */
export async function checkConsumer({ folder, packages }: Project): Promise<Map<string, string>> {
  const compiler = Object.entries(COMPILER).map(([name, range]) => `${name}@${range}`);
  await npmInstall(folder, ...compiler);
  const imports: string[] = [];
  const [plain, deno]: [string[], string[]] = [[], []];
  for (const { name, exports } of packages) {
    for (const subpath of Object.keys(exports)) {
      const specifier = name + subpath.slice(1);
      imports.push(specifier);
      (specifier === "@sealane/tls/deno" ? deno : plain).push(specifier);
    }
  }
  await writeConsumer(`${folder}/consumer/node.ts`, plain);
  await writeConsumer(`${folder}/consumer/deno.ts`, deno);
  const results = new Map<string, string>();
  for (const { moduleResolution, module } of RESOLUTIONS) {
    // The declarations for Node are checked whole. Those of Deno's own types do not suit the types of Node.
    for (const [file, types, skip] of [["node", "node", false], ["deno", "node,deno", true]]) {
      const { stdout } = await runProgram("npx", [
        ...["tsc", "--noEmit", "--strict", "--target", OLDEST_TARGET, "--lib", OLDEST_LIB],
        ...["--module", module, "--moduleResolution", moduleResolution],
        ...["--types", String(types), "--skipLibCheck", String(skip), `consumer/${file}.ts`],
      ], { cwd: folder });
      results.set(`${moduleResolution}, ${file}`, stdout.trim());
    }
  }
  return results;
}

async function writeConsumer(path: string, specifiers: readonly string[]): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const lines = specifiers.map((specifier, i) => `export * as m${i} from "${specifier}";`);
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
}
