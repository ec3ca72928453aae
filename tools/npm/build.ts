/**
 * The packages as npm takes them: ES modules in JavaScript, declarations, and a `package.json` that lists what they depend on.
 *
 * @module
 */
import { compile } from "./compile.ts";
import { OLDEST } from "./oldest.ts";
import { type SourcePackage, sourcePackages } from "./source.ts";
import { tarball } from "./tarball.ts";

/** A package for npm. */
export interface NpmPackage {
  /** `@sealane/…`. */
  readonly name: string;
  /** The name of its archive: `sealane-tls-0.1.0.tgz`, as `npm pack` would have it. */
  readonly archive: string;
  /** What it lists as its dependencies. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Its files by their paths. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Builds every package of the repository at `root`.
 *
 * @throws {Error} with what the compiler says if one does not compile for the oldest runtimes.
 */
export async function buildPackages(root: string): Promise<NpmPackage[]> {
  const packages = await sourcePackages(root);
  const { diagnostics, files } = await compile(root, packages);
  if (diagnostics !== "") throw new Error(diagnostics);
  const licence = await Deno.readTextFile(`${root}/LICENSE`);
  return packages.map((source) => {
    const { name, version, folder, readme, description, dependencies } = source;
    const all = new Map(files.get(folder));
    all.set("package.json", `${JSON.stringify(manifest(source), null, 2)}\n`);
    all.set("README.md", readme ?? `# ${name}\n\n${description}\n`);
    all.set("LICENSE", licence);
    const archive = `${name.slice(1).replace("/", "-")}-${version}.tgz`;
    return { name, archive, dependencies, files: all };
  });
}

function manifest({ name, version, description, exports, dependencies }: SourcePackage) {
  const entries: Record<string, string | { types: string; default: string }> = {};
  for (const [subpath, module] of Object.entries(exports)) {
    const stem = module.replace(/\.ts$/, "");
    entries[subpath] = { types: `${stem}.d.ts`, default: `${stem}.js` };
  }
  return {
    name,
    version,
    description,
    license: "MIT",
    type: "module",
    sideEffects: false,
    exports: { ...entries, "./package.json": "./package.json" },
    engines: { node: `>=${OLDEST.node}`, bun: `>=${OLDEST.bun}` },
    dependencies,
  };
}

/** Builds the packages and writes their archives into `folder`. Returns the paths of the archives. */
export async function writeArchives(root: string, folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { archive, files } of await buildPackages(root)) {
    const path = `${folder}/${archive}`;
    await Deno.writeFile(path, await tarball(files));
    paths.push(path);
  }
  return paths;
}
