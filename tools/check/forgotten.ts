/**
 * What is easily forgotten when something is added: the row in a table, the test, the use. Each finding names the file to
 * edit.
 *
 * @module
 */
import { type Finding, lineAt, type SourceFile } from "./files.ts";

const EXTENSIONS = "packages/handshake/extensions/";
const TABLE = `${EXTENSIONS}table.ts`;
const CODEC_TESTS = `${EXTENSIONS}extensions_test.ts`;
const CURVES = "packages/providers/curve_group.ts";
const GROUP_KIT = "packages/providers/conformance/shares.ts";
const ERRORS = "packages/wire/error.ts";
const CHECKLIST = "docs/conformance.md";
const CONFIGS = ["packages/handshake/config/config.ts", "packages/handshake/config/limits.ts"];

/** The files by their paths; those that a rule is about may be missing from a test. */
type Sources = ReadonlyMap<string, string>;

/** What was forgotten in a repository with these files. */
export function checkForgotten(files: readonly SourceFile[]): Finding[] {
  const sources: Sources = new Map(files.map(({ path, text }) => [path, text]));
  return [
    ...checkCodecs(sources),
    ...checkGroups(sources),
    ...checkErrorCodes(sources),
    ...checkOptions(sources),
    ...checkVectors(files),
    ...checkCitations(sources),
  ];
}

const isTest = (path: string): boolean => /_test\.ts$|\/(testing|testdata|scenarios)\//.test(path);

/** A finding at the first place where `pattern` stands in a file, or else at its first line. */
function findingAt(sources: Sources, path: string, pattern: string, message: string): Finding {
  const text = sources.get(path) ?? "";
  return { path, line: lineAt(text, Math.max(text.indexOf(pattern), 0)), message };
}

/** The abbreviations of `table.ts` for the messages in the names of codecs. */
const MESSAGES: Readonly<Record<string, string | null>> = {
  ClientHelloInner: null,
  ClientHello: "CH",
  ServerHello: "SH",
  HelloRetryRequest: "HRR",
  EncryptedExtensions: "EE",
  CertificateRequest: "CR",
  Certificate: "CT",
  NewSessionTicket: "NST",
};

/** A codec of an extension in one message. */
interface Codec {
  readonly path: string;
  readonly name: string;
  /** The message, as in the table; `null`: it stands in none by itself. */
  readonly message: string | null;
  /** The name of the extension type. */
  readonly type: string | null;
  /** Whether it is the codec of another message under another name. */
  readonly alias: boolean;
}

const CODEC = new RegExp(
  `^export const (\\w+In(${Object.keys(MESSAGES).join("|")})): ExtensionCodec<`,
  "gm",
);

function codecsOf(path: string, text: string): Codec[] {
  const codecs = new Map<string, Codec>();
  for (const match of text.matchAll(CODEC)) {
    const [, name, message] = match;
    const end = text.indexOf(";\n", match.index);
    const statement = text.slice(match.index, end < 0 ? undefined : end);
    const original = codecs.get(/= (\w+)$/.exec(statement.replace(/\s+/g, " "))?.[1] ?? "");
    const own = /\b(?:ExtensionType|E)\.(\w+)/.exec(statement)?.[1];
    const shared = /^const type = (?:ExtensionType|E)\.(\w+)/m.exec(text)?.[1];
    const type = original?.type ?? own ?? shared ?? null;
    codecs.set(name, {
      path,
      name,
      message: MESSAGES[message],
      type,
      alias: original !== undefined,
    });
  }
  return [...codecs.values()];
}

/** An extension has its row in the table, its place in `mod.ts`, and each codec a row in the tests. */
function checkCodecs(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  const table = sources.get(TABLE) ?? "";
  const tests = sources.get(CODEC_TESTS) ?? "";
  for (const [path, text] of sources) {
    if (!path.startsWith(EXTENSIONS) || !path.endsWith(".ts") || isTest(path)) continue;
    const codecs = codecsOf(path, text);
    const file = path.slice(EXTENSIONS.length);
    if (codecs.length > 0 && !sources.get(`${EXTENSIONS}mod.ts`)?.includes(`"./${file}"`)) {
      findings.push({ path: `${EXTENSIONS}mod.ts`, line: 1, message: `does not export ${file}` });
    }
    for (const { name, type, message, alias } of codecs) {
      const row = new RegExp(`\\[E\\.${type}, \\[(.*)\\]\\]`).exec(table)?.[1];
      const place = message ?? "any message";
      if (row === undefined || message !== null && !row.includes(`"${message}"`)) {
        const lacks = `does not allow ${type} in ${place}, for which there is ${name}`;
        findings.push(findingAt(sources, TABLE, `E.${type},`, lacks));
      }
      if (!alias && !new RegExp(`(?:row|rest)\\(\\s*"[^"]*",\\s*x\\.${name}\\b`).test(tests)) {
        findings.push(findingAt(sources, CODEC_TESTS, "const ROWS", `has no row for ${name}`));
      }
    }
  }
  return findings;
}

/** A group of a back end has the length of its share, and its place in the kit that every provider has to pass. */
function checkGroups(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  const names = (pattern: RegExp): string[] => {
    const found = [...sources].filter(([path]) =>
      pattern.test(path) && !path.includes("/conformance/")
    );
    const all = found.flatMap(([, text]) => [...text.matchAll(/\bNamedGroup\.(\w+)/g)]);
    return [...new Set(all.map(([, name]) => name))].sort();
  };
  const lengths = /CURVE_SHARE_LENGTHS[^;]*;/.exec(sources.get(CURVES) ?? "")?.[0] ?? "";
  for (const name of names(/^packages\/providers\/(native|noble|webcrypto)\/groups\.ts$/)) {
    if (lengths.includes(`NamedGroup.${name},`)) continue;
    const message = `CURVE_SHARE_LENGTHS lacks ${name}, which a provider has`;
    findings.push(findingAt(sources, CURVES, "CURVE_SHARE_LENGTHS", message));
  }
  const kit = sources.get(GROUP_KIT) ?? "";
  for (const name of names(/^packages\/providers\/(\w+\/)?(groups|hybrid|ml_kem|ecdhe)\.ts$/)) {
    if (kit.includes(`NamedGroup.${name},`)) continue;
    findings.push({ path: GROUP_KIT, line: 1, message: `has no case for the group ${name}` });
  }
  return findings;
}

/** Something throws every error code, or the configuration says when a program's callback does. */
function checkErrorCodes(sources: Sources): Finding[] {
  const table = sources.get(ERRORS) ?? "";
  const code = [...sources].filter(([path]) =>
    /^packages\/.*\.ts$/.test(path) && path !== ERRORS && !isTest(path)
  ).map(([, text]) => text).join("\n");
  const told = sources.get(CONFIGS[0]) ?? "";
  return [...table.matchAll(/^ {2}"((?:peer|local|api)\/[\w-]+)":/gm)]
    .filter(([, name]) =>
      !code.includes(`"${name}"`) && !table.includes(`TlsError("${name}"`) &&
      !told.includes(`\`${name}\``)
    )
    .map(([, name]) =>
      findingAt(sources, ERRORS, `"${name}"`, `has ${name}, which nothing throws`)
    );
}

/** Something reads every option. */
function checkOptions(sources: Sources): Finding[] {
  const code = [...sources].filter(([path]) =>
    path.startsWith("packages/handshake/") && !CONFIGS.includes(path) && !isTest(path) &&
    !path.includes("/conformance/")
  ).map(([, text]) => text).join("\n");
  return CONFIGS.flatMap((path) => {
    const options = (sources.get(path) ?? "").matchAll(/^ {2}readonly (\w+)\??:/gm);
    return [...options].filter(([, name]) => !new RegExp(`\\b${name}\\b`).test(code)).map((
      [, name],
    ) =>
      findingAt(sources, path, `readonly ${name}`, `has the option ${name}, which nothing reads`)
    );
  });
}

/** A test reads every vector. */
function checkVectors(files: readonly SourceFile[]): Finding[] {
  const code = files.filter(({ path }) => path.endsWith(".ts"));
  return files.filter(({ path }) =>
    path.includes("/testdata/") && !/(\/README\.md|\/licences\/.*)$/.test(path)
  ).flatMap(({ path }) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const read = code.some((other) => other.path !== path && other.text.includes(name));
    return read ? [] : [{ path, line: 1, message: `no test reads ${name}` }];
  });
}

/** The rows that tests cite stand in the checklist. */
function checkCitations(sources: Sources): Finding[] {
  const rows = (sources.get(CHECKLIST) ?? "").matchAll(/^(\d+)\. /gm);
  const known = new Set([...rows].map(([, row]) => row));
  return [...sources].filter(([path]) => path.startsWith("packages/") && path.endsWith(".ts"))
    .flatMap(([path, text]) =>
      [...text.matchAll(/["'`]rows? (\d+(?:, \d+)*): /g)].flatMap(({ 1: cited, index }) =>
        cited.split(", ").filter((row) => !known.has(row)).map((row) => {
          const message = `cites row ${row}, which does not stand in ${CHECKLIST}`;
          return { path, line: lineAt(text, index), message };
        })
      )
    );
}
