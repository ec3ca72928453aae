/**
 * The floors of the house: a package imports only from packages on lower floors, by name, and from the few others that
 * are allowed.
 *
 * @module
 */
import { type Finding, type Import, importsOf, lineAt, type SourceFile } from "./files.ts";

/** The floor of every package. */
export const FLOORS: Readonly<Record<string, number>> = {
  "wire": 1,
  "providers": 2,
  "pki": 3,
  "record": 3,
  "sm-crypto": 3,
  "handshake": 4,
  "quic-tls": 5,
  "tls": 5,
};

/** What published files may import beside packages of ours. */
const RUN_TIME = [/^@noble\/(ciphers|curves|hashes|post-quantum)\//, /^@std\/bytes$/, /^node:/];

/** What tests may import on top of that. */
const TEST_TIME = [
  /^@std\/assert$/,
  /^fast-check$/,
  /^hpke$/,
  /^@panva\/hpke-noble$/,
  /^sm-crypto-v2$/,
  /^(io)?redis$/,
];

/** Packages that exist for tests, with the dependency that each is made of: no other published file imports them. */
const ORACLES: Readonly<Record<string, RegExp>> = { "sm-crypto": /^sm-crypto(\/|$)/ };

/** What starts programs that may be missing: below all floors, and for nothing that is published. */
const PROGRAMS = /^@sealane\/programs(\/redis)?$/;

/** The package that touches platforms: only here does a published file import `node:` modules for more than types. */
const PLATFORM = "packages/tls/";

/** What is published of a package. */
export interface PublishRules {
  /** Paths and patterns from the package's folder, as in `publish.exclude` of its `deno.json`. */
  readonly exclude: readonly string[];
}

/** Whether a file, given by its path in the package, is kept from being published. */
export function isExcluded(path: string, { exclude }: PublishRules): boolean {
  return exclude.some((pattern) => {
    if (pattern.startsWith("**/*")) return path.endsWith(pattern.slice("**/*".length));
    return path === pattern || path.startsWith(`${pattern.replace(/\/$/, "")}/`);
  });
}

/** Joins a relative specifier to the folder of the file that imports it. */
function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** Why a file of a package may not import something, or `null` if it may. */
function objection(
  path: string,
  { specifier, typeOnly }: Import,
  published: boolean,
): string | null {
  const [, home] = path.split("/");
  if (specifier.startsWith(".")) {
    const inside = resolve(path, specifier).startsWith(`packages/${home}/`);
    return inside ? null : `imports ${specifier}, which is outside of its package`;
  }
  if (PROGRAMS.test(specifier)) {
    return published ? `imports ${specifier}: published files start no programs` : null;
  }
  const ours = /^@sealane\/([^/]+)/.exec(specifier);
  if (ours !== null) {
    const [, other] = ours;
    if (published && other in ORACLES && other !== home) {
      return `imports ${specifier}, which is for tests`;
    }
    if (!(other in FLOORS)) return `imports ${specifier}, which is on no floor`;
    if (other === home || FLOORS[other] < FLOORS[home]) return null;
    return `imports ${specifier} on floor ${FLOORS[other]}, but is on floor ${FLOORS[home]}`;
  }
  if (ORACLES[home]?.test(specifier)) return null;
  const allowed = published ? RUN_TIME : [...RUN_TIME, ...TEST_TIME];
  if (!allowed.some((pattern) => pattern.test(specifier))) {
    return `imports ${specifier}, which is not a dependency of published files`;
  }
  if (published && specifier.startsWith("node:") && !typeOnly && !path.startsWith(PLATFORM)) {
    return `imports ${specifier}, but its package is the same on every platform`;
  }
  return null;
}

/** What breaks the floors. `publish` has the rules of every package by its name. */
export function checkFloors(
  files: readonly SourceFile[],
  publish: Readonly<Record<string, PublishRules>>,
): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    if (!/\.m?[jt]s$/.test(file.path)) continue;
    const [top, home, ...rest] = file.path.split("/");
    if (top === "packages" && !(home in FLOORS)) {
      findings.push({ path: file.path, line: 1, message: `the package ${home} is on no floor` });
      continue;
    }
    const published = top === "packages" &&
      !isExcluded(rest.join("/"), publish[home] ?? { exclude: [] });
    if (published) findings.push(...hiddenImports(file));
    for (const each of importsOf(file)) {
      const message = top === "packages"
        ? objection(file.path, each, published)
        : intoPackages(file.path, each.specifier);
      if (message !== null) findings.push({ path: file.path, line: each.line, message });
    }
  }
  return findings;
}

/** What imports a module in a way that {@link importsOf} does not read. A method may be named `import`. */
const HIDDEN =
  /(?<!\.|#|static |async )\bimport\((?!\s*"[^"$\n]+")|\bcreateRequire\b|^\/\/\/ *<reference\b|@(?:ts|deno)-types\b/gm;

function hiddenImports({ path, text }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(HIDDEN)) {
    const start = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    const isCode = match[0].startsWith("import") || match[0] === "createRequire";
    if (isCode && /^\s*(\/?\*|\/\/)/.test(start)) continue;
    const message = "imports a module in a way that hides which one: published files name it";
    findings.push({ path, line: lineAt(text, match.index), message });
  }
  return findings;
}

/** Floor 6 and the tools take packages by name. */
function intoPackages(path: string, specifier: string): string | null {
  const reachesIn = specifier.startsWith(".") && resolve(path, specifier).startsWith("packages/");
  return reachesIn ? `imports ${specifier} by path: packages are imported by name` : null;
}
