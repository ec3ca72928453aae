/**
 * The packages of the workspace as they are published: which files, and what these depend on.
 *
 * @module
 */
import { importsOf, repositoryFiles, type SourceFile } from "../check/files.ts";
import { isExcluded } from "../check/floors.ts";

/** A package to publish. */
export interface SourcePackage {
  /** `@sealane/…`. */
  readonly name: string;
  /** The name of its folder in `packages/`. */
  readonly folder: string;
  /** As in its `deno.json`. */
  readonly version: string;
  /** As in its `deno.json`. */
  readonly description: string;
  /** Entry points: from `.` or `./sub` to the path of a module, from the package's folder. */
  readonly exports: Readonly<Record<string, string>>;
  /** Its published modules, with paths from the package's folder. */
  readonly modules: readonly SourceFile[];
  /** Its README, or `null`. */
  readonly readme: string | null;
  /** The packages that its modules import, and the versions that do. */
  readonly dependencies: Readonly<Record<string, string>>;
}

interface PackageConfig {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly publish?: { readonly exclude?: readonly string[] };
}

/** What `@std/bytes` is in the packages for npm: a module of the package that imports it. JSR is no registry of npm's. */
export const INLINED: Readonly<Record<string, { file: string; source: string }>> = {
  "@std/bytes": { file: "std_bytes.ts", source: "tools/std/bytes/mod.ts" },
};

/** The packages of the workspace, in the order in which they can depend on each other. */
export async function sourcePackages(root: string): Promise<SourcePackage[]> {
  const { workspace, imports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const files = await repositoryFiles(root);
  const folders = (workspace as string[]).filter((path) => path.startsWith("./packages/"))
    .map((path) => path.slice("./packages/".length));
  const configs = new Map<string, PackageConfig>();
  for (const folder of folders) {
    const text = await Deno.readTextFile(`${root}/packages/${folder}/deno.json`);
    configs.set(folder, JSON.parse(text));
  }
  const versions: Record<string, string> = {};
  for (const { name, version } of configs.values()) versions[name] = `^${version}`;
  for (const [name, specifier] of Object.entries(imports as Record<string, string>)) {
    const range = specifier.startsWith(`npm:${name}@`) && specifier.slice(`npm:${name}@`.length);
    if (range) versions[name] = range;
  }
  return [...configs].map(([folder, config]) => readPackage(folder, config, files, versions));
}

function readPackage(
  folder: string,
  config: PackageConfig,
  files: readonly SourceFile[],
  versions: Readonly<Record<string, string>>,
): SourcePackage {
  const { name, version, description, exports, publish } = config;
  const prefix = `packages/${folder}/`;
  const exclude = publish?.exclude ?? [];
  const own = files.filter(({ path }) => path.startsWith(prefix))
    .map(({ path, text }) => ({ path: path.slice(prefix.length), text }));
  const modules = own.filter(({ path }) => path.endsWith(".ts") && !isExcluded(path, { exclude }));
  const dependencies: Record<string, string> = {};
  for (const each of modules.flatMap(importsOf)) {
    const dependency = packageOf(each.specifier);
    if (dependency === null || dependency === name || dependency in INLINED) continue;
    if (!(dependency in versions)) throw new Error(`${name} imports ${each.specifier}: no version`);
    dependencies[dependency] = versions[dependency];
  }
  const readme = own.find(({ path }) => path === "README.md")?.text ?? null;
  const sorted = Object.fromEntries(Object.entries(dependencies).sort());
  return { name, folder, version, description, exports, modules, readme, dependencies: sorted };
}

/** The package that a specifier names, or `null` for a relative one and for a module of the platform. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return null;
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? null;
}
