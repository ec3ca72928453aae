/**
 * The tests of the packages, made to run in other runtimes against the packages as installed: what is published stays an import
 * from `node_modules`, what is not is bundled into the test.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { INLINED, type SourcePackage } from "../npm/source.ts";
import { SUPPORTED } from "./deno_shim.ts";

/** A test module for other runtimes. */
export interface PortableTest {
  /** Its path in the repository. */
  readonly path: string;
  /** The package that it is of, by its folder. */
  readonly folder: string;
  /** Its name in the folder of the tests. */
  readonly file: string;
  /** Why it can run in Deno alone, or `null`. */
  readonly denoOnly: string | null;
}

/** What tests import beside the packages, from `node_modules` too: names of the workspace's `imports`. */
export const TEST_DEPENDENCIES = ["fast-check", "hpke"] as const;

/** Syntax that every runtime of the table has. */
const TARGET = "es2022";

/** Writes the tests of `packages` into `${project}/tests`, where `${project}/node_modules` holds the packages. */
export async function bundleTests(
  root: string,
  packages: readonly SourcePackage[],
  project: string,
): Promise<PortableTest[]> {
  const tests: { path: string; folder: string; file: string }[] = [];
  for (const { folder } of packages) {
    for (const path of await testModules(`${root}/packages/${folder}`, `packages/${folder}`)) {
      tests.push({ path, folder, file: path.slice("packages/".length).replace(/\.ts$/, ".mjs") });
    }
  }
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: tests.map(({ path, file }) => ({ in: path, out: file.replace(/\.mjs$/, "") })),
    outdir: `${project}/tests`,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: TARGET,
    define: { Deno: "__sealaneTests" },
    metafile: true,
    write: true,
    logLevel: "silent",
    plugins: [resolver(root, packages, project)],
  });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["tools/runtimes/run_tests.ts"],
    outfile: `${project}/tests/run_tests.mjs`,
    bundle: true,
    format: "esm",
    platform: "node",
    target: TARGET,
  });
  await esbuild.stop();
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [output.entryPoint ?? path, output]),
  );
  return await Promise.all(tests.map(async (test) => {
    const output = outputs.get(test.path);
    if (output === undefined) throw new Error(`${test.path} was not bundled`);
    const imports = output.imports.map(({ path }) => path);
    const denoOnly = await whyDenoOnly(root, Object.keys(output.inputs), imports);
    return { ...test, denoOnly };
  }));
}

async function testModules(folder: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await testModules(`${folder}/${name}`, `${prefix}/${name}`));
    else if (name.endsWith("_test.ts")) found.push(`${prefix}/${name}`);
  }
  return found.sort();
}

/** Published modules are imported from where they are installed; `import.meta.url` stays that of the source. */
function resolver(
  root: string,
  packages: readonly SourcePackage[],
  project: string,
): esbuild.Plugin {
  const published = new Map<string, string>();
  for (const { name, folder, modules } of packages) {
    for (const { path } of modules) {
      const installed = `${project}/node_modules/${name}/${path.replace(/\.ts$/, ".js")}`;
      published.set(`${root}/packages/${folder}/${path}`, installed);
    }
  }
  return {
    name: "installed packages",
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, importer, kind }) => {
        if (kind === "entry-point") return null;
        const absolute = new URL(path, `file://${importer}`).pathname;
        const installed = published.get(absolute);
        return installed === undefined
          ? { path: absolute }
          : { path: `file://${installed}`, external: true };
      });
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === "entry-point") return null;
        if (path === "@std/assert") return { path: `${root}/tools/std/assert/mod.ts` };
        if (path in INLINED) return { path: `${root}/${INLINED[path].source}` };
        return { path, external: true };
      });
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await Deno.readTextFile(path);
        const url = JSON.stringify(`file://${path}`);
        return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
      });
    },
  };
}

/** What keeps a test, made of these files and importing these modules, from running anywhere but in Deno. */
async function whyDenoOnly(
  root: string,
  inputs: readonly string[],
  imports: readonly string[],
): Promise<string | null> {
  if (imports.some((path) => /\/tls\/deno(\/|\.js$)|^@sealane\/tls\/deno$/.test(path))) {
    return "tests @sealane/tls/deno";
  }
  if (imports.includes("@sealane/programs")) return "starts other programs";
  const known = [/^@sealane\//, /^@noble\//, /^node:/, /^file:/];
  const other = imports.find((path) =>
    !known.some((pattern) => pattern.test(path)) &&
    !TEST_DEPENDENCIES.some((name) => name === path)
  );
  if (other !== undefined) return `needs ${other}`;
  for (const input of inputs) {
    const text = await Deno.readTextFile(new URL(input, `file://${root}/`));
    for (const [, name] of text.matchAll(/\bDeno\.((?:errors\.|env\.)?\w+)/g)) {
      if (!SUPPORTED.includes(name)) return `uses Deno.${name}`;
    }
  }
  return null;
}
