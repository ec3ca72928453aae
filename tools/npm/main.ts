/**
 * `deno task npm`: one archive a package, as npm, Bun and others install it.
 *
 * @module
 */
import { readArguments } from "../arguments.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

const { words: [folder = `${ROOT}/dist/npm`] } = readArguments({
  task: "npm",
  about: "Writes one archive a package, to be installed together: npm install FOLDER/*.tgz",
  words: { name: "FOLDER", about: "where to, dist/npm unless given", most: 1 },
});
const { writeArchives } = await import("./build.ts");
for (const path of await writeArchives(ROOT, folder)) {
  const { size } = await Deno.stat(path);
  console.log(`${path}  ${(size / 1000).toFixed(1)} kB`);
}
