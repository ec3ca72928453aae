import { assertEquals } from "@std/assert";
import { importsOf } from "./files.ts";
import { checkFloors, isExcluded } from "./floors.ts";
import { checkText, MAX_LINES } from "./text_rules.ts";

const PUBLISH = {
  record: { exclude: ["**/*_test.ts", "testdata", "testing.ts"] },
  handshake: { exclude: ["**/*_test.ts"] },
};

function floors(path: string, text: string): string[] {
  return checkFloors([{ path, text }], PUBLISH).map(({ line, message }) => `${line}: ${message}`);
}

function text(path: string, content: string): string[] {
  return checkText([{ path, text: content }]).map(({ line, message }) => `${line}: ${message}`);
}

Deno.test("imports are found in all their forms, and not in comments", () => {
  const source = [
    'import a from "a";',
    "import {",
    "  b,",
    '} from "b";',
    'import "c";',
    'export * from "d";',
    'export type { E } from "e";',
    'import type { F } from "f" with { type: "json" };',
    ' * import { no } from "comment";',
    '// const x = await import("comment");',
    'const g = await import("g");',
    'type H = import("h").H;',
    'const text = "import";',
  ].join("\n");
  const found = importsOf({ path: "x.ts", text: source });
  assertEquals(found.map(({ specifier }) => specifier), ["a", "b", "c", "d", "e", "f", "g", "h"]);
  assertEquals(found.map(({ line }) => line), [1, 2, 5, 6, 7, 8, 11, 12]);
});

const cases = [
  { path: "packages/record/a.ts", from: "@sealane/wire", allowed: true },
  { path: "packages/record/a.ts", from: "@sealane/providers/native", allowed: true },
  { path: "packages/record/a.ts", from: "@sealane/record", allowed: true },
  { path: "packages/record/a.ts", from: "@sealane/pki", allowed: false },
  { path: "packages/record/a.ts", from: "@sealane/handshake", allowed: false },
  { path: "packages/record/a.ts", from: "@sealane/unknown", allowed: false },
  { path: "packages/record/a.ts", from: "./b.ts", allowed: true },
  { path: "packages/record/a/b.ts", from: "../c.ts", allowed: true },
  { path: "packages/record/a.ts", from: "../wire/mod.ts", allowed: false },
  { path: "packages/record/a_test.ts", from: "../../tools/x.ts", allowed: false },
  { path: "packages/record/a.ts", from: "@noble/hashes/sha2.js", allowed: true },
  { path: "packages/record/a.ts", from: "fast-check", allowed: false },
  { path: "packages/record/a_test.ts", from: "fast-check", allowed: true },
  { path: "packages/record/testing.ts", from: "fast-check", allowed: true },
  { path: "packages/record/a.ts", from: "npm:left-pad", allowed: false },
  { path: "packages/record/a_test.ts", from: "npm:left-pad", allowed: false },
  { path: "packages/record/a.ts", from: "node:crypto", allowed: false },
  { path: "packages/record/a_test.ts", from: "node:crypto", allowed: true },
  { path: "packages/providers/native/a.ts", from: "node:crypto", allowed: false },
  { path: "packages/tls/node.ts", from: "node:net", allowed: true },
  { path: "packages/handshake/session/redis.ts", from: "redis", allowed: false },
  { path: "packages/handshake/session/redis.ts", from: "node:buffer", allowed: false },
  { path: "packages/handshake/session/store_test.ts", from: "redis", allowed: true },
  { path: "packages/sm-crypto/a.ts", from: "sm-crypto/src/b.js", allowed: true },
  { path: "packages/sm-crypto/a.ts", from: "redis", allowed: false },
  { path: "packages/record/a.ts", from: "sm-crypto", allowed: false },
  { path: "packages/tls/a.ts", from: "@sealane/sm-crypto", allowed: false },
  { path: "packages/handshake/a_test.ts", from: "@sealane/sm-crypto", allowed: true },
  { path: "packages/attic/a.ts", from: "@sealane/wire", allowed: false },
  { path: "packages/record/a_test.ts", from: "@sealane/programs", allowed: true },
  { path: "packages/record/testdata/a.ts", from: "@sealane/programs", allowed: true },
  { path: "packages/record/a.ts", from: "@sealane/programs", allowed: false },
  { path: "bench/a.ts", from: "@sealane/programs", allowed: true },
  { path: "bench/a.ts", from: "@sealane/tls", allowed: true },
  { path: "bench/a.ts", from: "./row.ts", allowed: true },
  { path: "bench/a.ts", from: "../packages/tls/mod.ts", allowed: false },
];
for (const { path, from, allowed } of cases) {
  Deno.test(`${path} ${allowed ? "may" : "may not"} import ${from}`, () => {
    assertEquals(floors(path, `import "${from}";\n`).length, allowed ? 0 : 1);
  });
}

Deno.test("types of node: modules may be imported everywhere", () => {
  const path = "packages/wire/a.ts";
  assertEquals(floors(path, 'import type * as fs from "node:fs";\n'), []);
  assertEquals(floors(path, 'import * as fs from "node:fs";\n').length, 1);
  assertEquals(floors(path, 'const fs = await import("node:fs");\n').length, 1);
});

Deno.test("published files import nothing whose name is made at run time, nor types by a comment", () => {
  const bad = [
    "const a = await import(name);",
    "const a = await import(`npm:${name}`);",
    "const a = await import('redis');",
    'type A = import(\n  "redis"\n).A;',
    '/// <reference types="npm:redis" />',
    '// @ts-types="npm:redis"',
    '// @deno-types="npm:redis"',
    'const a = createRequire(import.meta.url)("redis");',
  ];
  for (const line of bad) {
    assertEquals(floors("packages/record/a.ts", `${line}\n`).length, 1, line);
  }
  assertEquals(floors("packages/record/a_test.ts", `${bad[0]}\n`), []);
  assertEquals(
    floors("packages/record/a.ts", "/** Uses `import(name)`. */\n// import(name)\n"),
    [],
  );
});

Deno.test("publish.exclude takes patterns, files and folders", () => {
  const files = [
    "a_test.ts",
    "b/a_test.ts",
    "testdata/x.json",
    "testing.ts",
    "testing2.ts",
    "a.ts",
  ];
  const excluded = files.map((path) => isExcluded(path, PUBLISH.record));
  assertEquals(excluded, [true, true, true, true, false, false]);
});

Deno.test("text that does not belong into the repository is found", () => {
  const at = (...parts: string[]) => `first line\n${parts.join("")}\n`;
  const bad = [
    ["a.md", at("https://registry.", "npmjs.org/x"), "2: names the host of a registry"],
    ["a.md", at("see js", "r.io"), "2: names the host of a registry"],
    ["a.json", at('"/wo', 'rk/x"'), "2: names a path of one machine"],
    ["a.ts", at("// TO", "DO: later"), "2: leaves something to be done"],
    ["a.ts", at("// @ts-", "ignore"), "2: switches the type checker off"],
    [
      "a.ts",
      at("// deno-lint-", "ignore no-x"),
      "2: switches a lint rule off without ` -- ` and a reason",
    ],
    ["aB.ts", "", "1: has a name that is not snake_case"],
  ];
  for (const [path, content, finding] of bad) assertEquals(text(path, content), [finding]);
});

const STARTS = [
  ["new Deno.Com", 'mand("openssl", { args })'],
  ["new Deno.Com", "mand(program)"],
  ["new Deno\n  .Com", "mand(program)"],
  ["Deno.sp", 'awn("git")'],
  ["Deno.sp", "awnAndWaitSync(program)"],
  ["Deno.r", "un({ cmd })"],
  ["De", 'no["Command"]'],
  ["const { Com", "mand } = Deno;"],
  ["const { args, Com", "mand: Run } = Deno;"],
  ['import { execFile } from "node:child', '_process";'],
  ['require("child', '_process")'],
  ["Bun.sp", "awn([program])"],
];

Deno.test("programs are started by one module alone", () => {
  for (const parts of STARTS) {
    const content = `${parts.join("")}\n`;
    for (const path of ["packages/tls/a_test.ts", "examples/a.ts", "bench/a.ts", "tools/a.mjs"]) {
      const message =
        "1: starts a program without @sealane/programs, which decides whether it is there";
      assertEquals(text(path, content), [message], content);
    }
    assertEquals(text("tools/programs/mod.ts", content), []);
  }
  const itself = [["new Deno.Com", "mand(Deno.execPath(), { args })"], ["Deno.Com", "mandOptions"]];
  for (const parts of itself) assertEquals(text("examples/a.ts", parts.join("")), []);
});

Deno.test("text that only looks like it is left alone", () => {
  assertEquals(text("a.ts", "see packages/home/x, ../work/y and https://example.com/root/z\n"), []);
  assertEquals(text("a.ts", ["// deno-lint-", "ignore no-x -- because\n"].join("")), []);
  assertEquals(text("a.md", ["TO", "DO"].join("")), []);
  assertEquals(text("some-data.json", ""), []);
});

Deno.test(`source file of ${MAX_LINES} lines is not too long, one of ${MAX_LINES + 1} is`, () => {
  assertEquals(text("a.ts", "x\n".repeat(MAX_LINES)), []);
  const longer = "x\n".repeat(MAX_LINES + 1);
  assertEquals(text("a.ts", longer), ["501: has 501 lines, more than 500"]);
  assertEquals(text("a.json", longer), []);
});
