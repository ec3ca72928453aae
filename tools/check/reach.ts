/**
 * Which modules reach another one by their imports.
 *
 * @module
 */
import { importsOf, type SourceFile } from "./files.ts";

/** The paths of the modules that import `specifier`, directly or through modules that they import by relative paths. */
export function modulesThatReach(files: readonly SourceFile[], specifier: string): string[] {
  const importers = new Map<string, string[]>();
  const reached = new Set<string>();
  for (const file of files) {
    if (!file.path.endsWith(".ts")) continue;
    for (const { specifier: imported } of importsOf(file)) {
      if (imported === specifier) reached.add(file.path);
      if (!imported.startsWith(".")) continue;
      const target = new URL(imported, `file:///${file.path}`).pathname.slice(1);
      importers.set(target, [...importers.get(target) ?? [], file.path]);
    }
  }
  // A set grows while it is gone through.
  for (const path of reached) {
    for (const importer of importers.get(path) ?? []) reached.add(importer);
  }
  return [...reached].sort();
}
