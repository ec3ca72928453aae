/**
 * Runtimes from npm's registry, fetched once and kept in `dist`.
 *
 * @module
 */
import { npmInstall } from "./project.ts";
import type { Runtime } from "./runtimes.ts";

/** Fetches a runtime, once; the Deno that runs this is there. Returns its executable. */
export async function installRuntime(
  root: string,
  { name, npm, executable }: Runtime,
): Promise<string> {
  if (npm === undefined) return Deno.execPath();
  const folder = `${root}/dist/runtimes/${name}`;
  const path = `${folder}/node_modules/${executable}`;
  try {
    await Deno.stat(path);
  } catch {
    await npmInstall(folder, npm);
  }
  return path;
}
