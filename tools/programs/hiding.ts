/**
 * A PATH on which programs are missing, to show what is done without them.
 *
 * @module
 */

/** A folder of links, to be the whole of PATH. */
export interface HidingFolder extends AsyncDisposable {
  /** Where it is. */
  readonly path: string;
}

/** Every program on PATH, by its name: the first of that name counts. */
async function programsOnPath(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    if (!folder.startsWith("/")) continue;
    try {
      for await (const { name } of Deno.readDir(folder)) {
        if (!found.has(name)) found.set(name, `${folder}/${name}`);
      }
    } catch { /* a folder that is not there */ }
  }
  return found;
}

/** A folder that has the programs which `chosen` takes, as links to those on PATH. */
async function folderOf(chosen: (name: string) => boolean): Promise<HidingFolder> {
  const path = await Deno.makeTempDir({ prefix: "sealane_path_" });
  for (const [name, target] of await programsOnPath()) {
    if (chosen(name)) await Deno.symlink(target, `${path}/${name}`);
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Everything that is on PATH, without these programs. */
export function pathWithout(...programs: readonly string[]): Promise<HidingFolder> {
  return folderOf((name) => !programs.includes(name));
}

/** These programs alone, as far as they are on PATH. */
export function pathWithOnly(...programs: readonly string[]): Promise<HidingFolder> {
  return folderOf((name) => programs.includes(name));
}

/** Environment of a child that finds programs on `path` alone. */
export function environment(path: string): Record<string, string> {
  const env = Deno.env.toObject();
  // It names a Python by its path.
  delete env.SEALANE_PYTHON;
  delete env.SEALANE_REQUIRE_PEERS;
  return { ...env, PATH: path, NO_COLOR: "1" };
}
