/**
 * Makes the options of `@sealane/tls/deno` readable in one place. What `connect` takes is stated in several packages;
 * generated documentation shows an interface without those that it extends, so here they are written out, each with its
 * documentation: `deno task build:options`. The same rows make the tables of `packages/tls/README.md`.
 *
 * @module
 */
import { readArguments } from "./arguments.ts";
import type { Finding, SourceFile } from "./check/files.ts";

/** An interface that others are made of. */
interface Source {
  readonly path: string;
  readonly name: string;
}

const CONFIG = "packages/handshake/config/config.ts";
const OWN = "packages/tls/deno/own_options.ts";
const COMMON: Source = { path: CONFIG, name: "CommonConfig" };
const STREAM: readonly Source[] = [
  { path: "packages/tls/options/defaults.ts", name: "ResumeOption" },
  { path: "packages/tls/stream/stream_options.ts", name: "TlsStreamOptions" },
  { path: "packages/tls/connection/connection_options.ts", name: "ConnectionOptions" },
];
const CLIENT: readonly Source[] = [
  { path: CONFIG, name: "ClientTarget" },
  { path: CONFIG, name: "ClientConfig" },
];
const SERVER: Source = { path: CONFIG, name: "ServerConfig" };

/** An interface that is written out. */
interface Flat {
  readonly path: string;
  readonly name: string;
  readonly doc: string;
  /** What it is made of; where two have an option, the first one counts. */
  readonly sources: readonly Source[];
  /** Options that it does not have. */
  readonly without: readonly string[];
}

const FLAT: readonly Flat[] = [
  {
    path: "packages/tls/deno/start_tls_options.ts",
    name: "StartTlsOptions",
    doc: "Options of `startTls`: those of the stream, of `ClientTarget` and of `ClientConfig`.",
    sources: [{ path: OWN, name: "StartTlsOwnOptions" }, ...STREAM, ...CLIENT, COMMON],
    without: ["serverName"],
  },
  {
    path: "packages/tls/deno/connect_options.ts",
    name: "ConnectOptions",
    doc: "Options of `connect`: those of the stream, of `ClientTarget` and of `ClientConfig`.",
    sources: [
      { path: OWN, name: "ConnectOwnOptions" },
      { path: OWN, name: "StartTlsOwnOptions" },
      ...STREAM,
      ...CLIENT,
      COMMON,
    ],
    without: [],
  },
  {
    path: "packages/tls/deno/listen_options.ts",
    name: "ListenOptions",
    doc: "Options of `listen`: those of the stream and of `ServerConfig`.",
    sources: [
      { path: OWN, name: "ListenOwnOptions" },
      { path: OWN, name: "ListenerOptions" },
      { path: "packages/tls/options/pem_credential.ts", name: "PemCredential" },
      ...STREAM,
      SERVER,
      COMMON,
    ],
    without: [],
  },
];

/** Options that are left to defaults here, though their interface wants them. */
const OPTIONAL: readonly string[] = ["provider", "cert", "key"];

/** One option. */
interface Option {
  readonly name: string;
  /** Its type. */
  readonly type: string;
  readonly optional: boolean;
  /** Its doc comment, as it stands in an interface. */
  readonly doc: string;
}

/** The text of a file by its path. */
type Texts = ReadonlyMap<string, string>;

function optionsOf(texts: Texts, { path, name }: Source): Option[] {
  const text = texts.get(path) ?? "";
  const start = text.search(new RegExp(`^export interface ${name}\\b`, "m"));
  if (start < 0) throw new Error(`${path} has no interface ${name}`);
  const body = text.slice(text.indexOf("{\n", start) + 2, text.indexOf("\n}\n", start) + 1);
  const option =
    /^( {2}\/\*\*[^]*?\*\/\n) {2}readonly (\w+)(\??): ([^]*?);\n(?= {2}\/\*\*|$(?![^]))/gm;
  return Array.from(body.matchAll(option), ([, doc, name, mark, type]) => ({
    name,
    type,
    optional: mark === "?" || OPTIONAL.includes(name),
    doc: name === "provider"
      ? "  /** The primitives; those of `defaultProvider()` unless given. */\n"
      : doc,
  }));
}

/** Where a type comes from: packages keep their names, files stand for the package that they belong to. */
function moduleOf(texts: Texts, path: string, type: string): string | null {
  const text = texts.get(path) ?? "";
  const imports = text.matchAll(/^import (?:type )?\{([^}]*)\} from "([^"]+)";/gm);
  for (const [, names, specifier] of imports) {
    const listed = names.split(",").map((each) => each.trim().replace(/^type /, ""));
    if (!listed.includes(type)) continue;
    if (!specifier.startsWith(".")) return specifier;
    if (path.startsWith("packages/handshake/")) return "@sealane/handshake";
    return relativeTo(new URL(specifier, `file:///${path}`).pathname.slice(1));
  }
  if (!new RegExp(`^export (?:interface|type|class) ${type}\\b`, "m").test(text)) return null;
  return path.startsWith("packages/handshake/") ? "@sealane/handshake" : relativeTo(path);
}

/** The specifier of a file of `tls` in `packages/tls/deno/`. */
function relativeTo(path: string): string {
  return path.replace(/^packages\/tls\/deno\//, "./").replace(/^packages\/tls\//, "../");
}

/** The module with an interface written out, before it is formatted. */
function flatten(texts: Texts, { name, doc, sources, without }: Flat): string {
  const seen = new Set<string>(without);
  const modules = new Map<string, Set<string>>();
  let body = "";
  for (const source of sources) {
    for (const option of optionsOf(texts, source)) {
      if (seen.has(option.name)) continue;
      seen.add(option.name);
      body += `${option.doc}  readonly ${option.name}${
        option.optional ? "?" : ""
      }: ${option.type};\n`;
      for (const [type] of option.type.matchAll(/\b[A-Z]\w+/g)) {
        const module = moduleOf(texts, source.path, type);
        if (module === null) continue;
        modules.set(module, (modules.get(module) ?? new Set()).add(type));
      }
    }
  }
  const imports = [...modules].sort(([a], [b]) => rank(a).localeCompare(rank(b))).map((
    [module, types],
  ) => `import type { ${[...types].sort().join(", ")} } from "${module}";\n`);
  return `/**
 * ${doc}
 * Made by \`deno task build:options\`: what is to be changed stands in those.
 *
 * @module
 */
${imports.join("")}
/** ${doc} */
export interface ${name} {
${body}}
`;
}

const rank = (module: string): string => `${module.startsWith("@") ? 0 : 1}${module}`;

/** Formats a module as the repository does. */
async function format(text: string, root: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The modules that are made, by their paths. */
export async function flatOptions(
  files: readonly SourceFile[],
  root: string,
): Promise<Map<string, string>> {
  const texts: Texts = new Map(files.map(({ path, text }) => [path, text]));
  const made = await Promise.all(
    FLAT.map(async (flat) => [flat.path, await format(flatten(texts, flat), root)] as const),
  );
  return new Map([...made, [README, withTables(texts.get(README) ?? "", texts)]]);
}

const README = "packages/tls/README.md";

/** The tables of options, each under its title, between two marks in the page. */
function withTables(page: string, texts: Texts): string {
  const seen = new Set<string>();
  const table = (title: string, sources: readonly Source[]): string => {
    const options = sources.flatMap((source) => optionsOf(texts, source))
      .filter(({ name }) => !seen.has(name) && seen.add(name));
    const rows = options.map(({ name, optional, doc }) => [
      `\`${name}\`${optional ? "" : " (needed)"}`,
      summary(doc).replaceAll("|", "\\|"),
    ]);
    const widths = [0, 1].map((column) =>
      Math.max(["option", "what it says"][column].length, ...rows.map((row) => row[column].length))
    );
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
    const rule = line(widths.map((width) => "-".repeat(width)));
    return [`### ${title}`, "", line(["option", "what it says"]), rule, ...rows.map(line)].join(
      "\n",
    );
  };
  const own = ["ConnectOwnOptions", "StartTlsOwnOptions", "ListenerOptions"];
  const tables = [
    table("Of this package", [
      ...own.map((name) => ({ path: OWN, name })),
      { path: "packages/tls/options/pem_credential.ts", name: "PemCredential" },
      ...STREAM,
    ]),
    table("Of both roles", [COMMON]),
    table("Of a client", CLIENT),
    table("Of a server", [SERVER]),
  ];
  return page.replace(
    /(<!-- options -->\n)[^]*?(\n<!-- end of options -->)/,
    (_, begin, end) => `${begin}\n${tables.join("\n\n")}\n${end}`,
  );
}

/** The first sentence of a doc comment. */
function summary(doc: string): string {
  const text = doc.replace(/^ *\/\*\*|\*\/\s*$/g, "").replace(/\s*\n\s*\*\s?/g, " ").trim();
  return text.split(/(?<=[.:;])\s/)[0].replace(/[.:;]$/, "").replace(/\{@link ([^}]*)\}/g, "`$1`");
}

/** What is not as it would be made. */
export async function checkFlatOptions(
  files: readonly SourceFile[],
  root: string,
): Promise<Finding[]> {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const stale = [...await flatOptions(files, root)].filter(([path, text]) =>
    texts.get(path) !== text
  );
  return stale.map(([path]) => ({
    path,
    line: 1,
    message: "is out of date: run deno task build:options",
  }));
}

if (import.meta.main) {
  readArguments({
    task: "build:options",
    about: "Writes out the options of @sealane/tls/deno, for its documentation and its README.",
  });
  const { repositoryFiles } = await import("./check/files.ts");
  const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
  for (const [path, text] of await flatOptions(await repositoryFiles(root), root)) {
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
}
