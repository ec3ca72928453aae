/**
 * `deno task npm`: one archive a package, as npm, Bun and others install it, in `dist/npm` or in the folder that is named.
 *
 * @module
 */
import { buildPackages } from "./build.ts";
import { tarball } from "./tarball.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

const USAGE = `usage: deno task npm [FOLDER]

Writes one archive a package into FOLDER (dist/npm unless given). Install them together:
  npm install FOLDER/*.tgz`;

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

async function main(args: readonly string[]): Promise<number> {
  const [folder = `${ROOT}/dist/npm`, ...others] = args;
  if (folder === "--help" || folder === "-h") {
    console.log(USAGE);
    return 0;
  }
  if (folder.startsWith("-") || others.length > 0) {
    console.error(USAGE);
    return 2;
  }
  for (const path of await writeArchives(ROOT, folder)) {
    const { size } = await Deno.stat(path);
    console.log(`${path}  ${(size / 1000).toFixed(1)} kB`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
