import { assert, assertEquals, assertRejects } from "@std/assert";
import { missingProgram } from "@sealane/programs";
import { importsOf } from "../check/files.ts";
import { buildPackages, type NpmPackage } from "./build.ts";
import { compile } from "./compile.ts";
import { packageOf, type SourcePackage } from "./source.ts";
import { tarball } from "./tarball.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** What belongs to a package, Git says. */
const ignore = await missingProgram("git") !== null;

let building: Promise<NpmPackage[]> | undefined;
const built = () => building ??= buildPackages(ROOT);

Deno.test({
  name:
    "packages depend on noble and on each other alone, except for the oracle of tests (needs git)",
  ignore,
}, async () => {
  const names = (await built()).map(({ name }) => name);
  assertEquals(names.length, 8);
  for (const { name, dependencies } of await built()) {
    const foreign = Object.keys(dependencies).filter((each) => !each.startsWith("@sealane/"));
    const strangers = foreign.filter((each) => !each.startsWith("@noble/"));
    assertEquals(strangers, name === "@sealane/sm-crypto" ? ["sm-crypto"] : [], name);
    const siblings = Object.keys(dependencies).filter((each) => each.startsWith("@sealane/"));
    for (const sibling of siblings) assert(names.includes(sibling), `${name} needs ${sibling}`);
    assert(name === "@sealane/sm-crypto" || !siblings.includes("@sealane/sm-crypto"), name);
  }
});

Deno.test({
  name:
    "packages list exactly what their JavaScript imports, and hold what it imports by path (needs git)",
  ignore,
}, async () => {
  for (const { name, dependencies, files } of await built()) {
    const used = new Set<string>();
    for (const [path, text] of files) {
      if (!/\.(js|d\.ts)$/.test(path)) continue;
      for (const { specifier } of importsOf({ path, text })) {
        const dependency = packageOf(specifier);
        if (dependency !== null) used.add(dependency);
        if (!specifier.startsWith(".")) continue;
        const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
        assert(files.has(target), `${name}: ${path} imports ${specifier}`);
        assert(files.has(target.replace(/\.js$/, ".d.ts")), `${name}: ${target} has no types`);
      }
    }
    used.delete(name);
    const declared = Object.keys(dependencies);
    const unlisted = [...used].filter((each) => !declared.includes(each));
    assertEquals(unlisted, [], name);
  }
});

Deno.test({
  name: "every entry point of a package is in it, as JavaScript and as declarations (needs git)",
  ignore,
}, async () => {
  for (const { name, files } of await built()) {
    const { exports, type, engines } = JSON.parse(files.get("package.json") ?? "");
    assertEquals(type, "module");
    assertEquals(Object.keys(engines), ["node", "bun"]);
    assert("." in exports, name);
    for (const entry of Object.values<string | { types: string; default: string }>(exports)) {
      for (const path of typeof entry === "string" ? [entry] : Object.values(entry)) {
        assert(files.has(path.slice(2)), `${name}: ${path}`);
      }
    }
    for (const path of ["LICENSE", "README.md"]) assert(files.has(path), `${name}: ${path}`);
    for (const path of files.keys()) {
      assert(!/_test(ing)?\.|testdata|scenarios|fuzz/.test(path), `${name}: ${path}`);
    }
  }
});

const NEWER = [
  "Map.groupBy([1], (x) => x);",
  "Object.groupBy([1], (x) => `${x}`);",
  "Promise.withResolvers<void>();",
  "Promise.try(() => 1);",
  "Array.fromAsync([1]);",
  "new Set([1]).union(new Set([2]));",
  "[1].values().map((x) => x);",
  "Uint8Array.fromHex('00');",
  "new Uint8Array(1).toBase64();",
  "RegExp.escape('a');",
  "new ArrayBuffer(1).transfer();",
  "document.title;",
  "Math.sumPrecise([1]);",
];

Deno.test("what the oldest runtimes lack is found, line by line", async () => {
  const text = [...NEWER, "", "export const fine: number[] = [1, 2].toSorted();"].join("\n");
  const source: SourcePackage = {
    name: "@sealane/newer",
    folder: "newer",
    version: "1.0.0",
    description: "",
    exports: { ".": "./mod.ts" },
    modules: [{ path: "mod.ts", text }],
    readme: null,
    dependencies: {},
  };
  const { diagnostics, files } = await compile(ROOT, [source]);
  const lines = [...diagnostics.matchAll(/^packages\/newer\/mod\.ts\((\d+),/gm)];
  const found = new Set(lines.map(([, line]) => Number(line)));
  assertEquals([...found], NEWER.map((_, i) => i + 1));
  assertEquals(files.size, 0);
});

Deno.test("archives hold their files at the places of ustar, the same ones the same way", async () => {
  const files = new Map([["b.js", "x".repeat(513)], ["a.js", "é"]]);
  const bytes = await tarball(files);
  assertEquals(bytes, await tarball(new Map([...files].reverse())));
  const raw = new Blob([Uint8Array.from(bytes)]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const archive = await new Response(raw).bytes();
  const text = (from: number, to: number) => new TextDecoder().decode(archive.slice(from, to));
  assertEquals(archive.length, 512 * (2 + 3 + 2));
  assertEquals(text(0, 12), "package/a.js");
  assertEquals(text(124, 135), "00000000002");
  assertEquals(text(512, 514), "é");
  assertEquals(text(1024, 1036), "package/b.js");
  const header = archive.slice(0, 512).fill(0x20, 148, 156);
  assertEquals(parseInt(text(148, 154), 8), header.reduce((sum, byte) => sum + byte, 0));
  await assertRejects(() => tarball(new Map([["x".repeat(93), ""]])), Error, "too long");
});
