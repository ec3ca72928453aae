/**
 * Rules about the text of files: how long they are, and what must not stand in them.
 *
 * @module
 */
import { type Finding, lineAt, type SourceFile } from "./files.ts";

/** Most lines of a source file. */
export const MAX_LINES = 500;

/** Words in two parts, so that this file does not hold them itself. */
const word = (...parts: string[]): string => parts.join("");

const REGISTRIES = [
  word("registry.", "npmjs", ".org"),
  word("js", "r.io"),
  word("py", "pi.org"),
  word("python", "hosted.org"),
  word("proxy.", "golang", ".org"),
  word("deno.", "land/x"),
  word("deno.", "land/std"),
  word("esm", ".sh"),
  word("un", "pkg.com"),
];

const escaped = REGISTRIES.map((host) => host.replaceAll(".", "\\."));

interface TextRule {
  /** Which files it is for. */
  readonly files: RegExp;
  /** The one among them that may have it. */
  readonly except?: string;
  /** What may not stand in them. */
  readonly pattern: RegExp;
  /** What is wrong with it. */
  readonly message: string;
}

const SOURCE = /\.(ts|mts|js|mjs)$/;
const ALL = /./;

const RULES: readonly TextRule[] = [
  {
    files: ALL,
    pattern: new RegExp(`(?<![\\w.-])(${escaped.join("|")})`, "g"),
    message: "names the host of a registry",
  },
  {
    files: ALL,
    pattern: new RegExp(
      `(?<![\\w.~/-])/(${word("wo", "rk")}|${word("ro", "ot")}|home|Users)/`,
      "g",
    ),
    message: "names a path of one machine",
  },
  {
    files: SOURCE,
    pattern: new RegExp(`\\b(${word("TO", "DO")}|${word("FIX", "ME")})\\b`, "g"),
    message: "leaves something to be done",
  },
  {
    files: /^packages\//,
    pattern: new RegExp(`${word("instance", "of")} Promise\\b`, "g"),
    message: "decides by itself what a promise is: ask `isPromise` of @sealane/providers",
  },
  {
    files: SOURCE,
    pattern: new RegExp(`@ts-(${word("ign", "ore")}|${word("no", "check")})`, "g"),
    message: "switches the type checker off",
  },
  {
    files: SOURCE,
    pattern: new RegExp(`deno-lint-${word("ign", "ore")}(?!.* -- \\S)`, "g"),
    message: "switches a lint rule off without ` -- ` and a reason",
  },
  {
    // A program may be missing, or be another one of the same name: one module decides that. Deno itself is there.
    files: SOURCE,
    except: "tools/programs/mod.ts",
    pattern: new RegExp(
      [
        `\\bDeno\\s*\\.\\s*${word("Com", "mand")}\\b(?!\\(\\s*Deno\\.execPath\\(\\))`,
        `\\bDeno\\s*\\.\\s*(${word("sp", "awn")}\\w*|${word("r", "un")})\\b`,
        `\\bDeno\\s*\\[`,
        `\\b${word("Com", "mand")}\\b[^;{}]*\\}\\s*=\\s*Deno\\b`,
        word("child", "_process"),
        `\\bBun\\s*\\.\\s*(${word("sp", "awn")}\\w*|\\$)`,
      ].join("|"),
      "g",
    ),
    message: "starts a program without @sealane/programs, which decides whether it is there",
  },
];

/** What breaks the rules about text. */
export function checkText(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of files) {
    for (const { files: pathPattern, except, pattern, message } of RULES) {
      if (!pathPattern.test(path) || path === except) continue;
      for (const match of text.matchAll(pattern)) {
        findings.push({ path, line: lineAt(text, match.index), message });
      }
    }
    if (SOURCE.test(path)) findings.push(...checkShape(path, text));
  }
  return findings;
}

function checkShape(path: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const lines = text.split("\n").length - 1;
  if (lines > MAX_LINES) {
    const message = `has ${lines} lines, more than ${MAX_LINES}`;
    findings.push({ path, line: MAX_LINES + 1, message });
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!/^[a-z0-9_]+(\.d)?\.\w+$/.test(name)) {
    findings.push({ path, line: 1, message: "has a name that is not snake_case" });
  }
  return findings;
}
