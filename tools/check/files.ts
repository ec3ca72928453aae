/**
 * The files of the repository and what they import.
 *
 * @module
 */

import { missingProgram, runProgram } from "@sealane/programs";

/** A text file of the repository. */
export interface SourceFile {
  /** The path from the root of the repository, with `/`. */
  readonly path: string;
  /** What it holds. */
  readonly text: string;
}

/** A rule that a file breaks. */
export interface Finding {
  /** The file. */
  readonly path: string;
  /** The line, from 1. */
  readonly line: number;
  /** What is wrong with it. */
  readonly message: string;
}

/** The line of `text` that the character at `index` is in, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The files that Git tracks, and those that it would. Binary files and symbolic links are left out. */
export async function repositoryFiles(root: string): Promise<SourceFile[]> {
  const missing = await missingProgram("git");
  if (missing !== null) throw new Error(`needs Git, which says what belongs to it: ${missing}`);
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { success, stdout, stderr } = await runProgram("git", args, { cwd: root });
  if (!success) throw new Error(`needs a clone: git ls-files says ${stderr.trim()}`);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const files: SourceFile[] = [];
  for (const path of stdout.split("\0")) {
    if (path === "") continue;
    try {
      const text = decoder.decode(await Deno.readFile(`${root}/${path}`));
      if (!text.includes("\0")) files.push({ path, text });
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound; // deleted, and not committed yet
      if (!gone && !(error instanceof TypeError)) throw error; // a TypeError: not UTF-8, so not text
    }
  }
  return files;
}

/** An import of a module. */
export interface Import {
  /** What stands between the quotes. */
  readonly specifier: string;
  /** Whether nothing is left of it when the types are gone. */
  readonly typeOnly: boolean;
  /** What is imported, by its name in the other module; empty: everything, or nothing but its effects. */
  readonly names: readonly string[];
  /** The line, from 1. */
  readonly line: number;
}

/** `import` and `export … from` begin a line, as the formatter has it; in comments they do not. */
const STATIC = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"\n]+)"/gm;
/** A specifier with `${` in it is part of a template, thus of a program that this one writes. */
const DYNAMIC = /\bimport\(\s*"([^"$\n]+)"(?:[^)\n]*\)\.(\w+))?/g;
/** The names between the braces of an import or export, without `type` and what follows `as`. */
function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause);
  if (braces === null) return [];
  const parts = braces[1].split(",").map((part) => part.trim()).filter((part) => part !== "");
  return parts.map((part) => part.replace(/^type\s+/, "").replace(/\s+as\s.*$/s, ""));
}

/** The modules that a file imports, statically, dynamically or for their types. */
export function importsOf({ text }: SourceFile): Import[] {
  const imports: Import[] = [];
  for (const match of text.matchAll(STATIC)) {
    const typeOnly = /^(import|export) type\b/.test(match[0]);
    const line = lineAt(text, match.index);
    imports.push({ specifier: match[1], typeOnly, names: namesIn(match[0]), line });
  }
  for (const match of text.matchAll(DYNAMIC)) {
    const start = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    const comment = /^\s*(\*|\/\/)/.test(start);
    if (comment) continue;
    const names = match[2] === undefined ? [] : [match[2]];
    const line = lineAt(text, match.index);
    imports.push({ specifier: match[1], typeOnly: false, names, line });
  }
  return imports;
}
