import { assertEquals } from "@std/assert";
import { checkForgotten } from "./forgotten.ts";

/** Files in which nothing is forgotten: an extension, a group, an error code, an option and a vector. */
const COMPLETE = {
  "packages/handshake/extensions/mod.ts": 'export * from "./answer.ts";\n',
  "packages/handshake/extensions/answer.ts": `const type = ExtensionType.answer;
export const answerInClientHello: ExtensionCodec<number> = { type };
export const answerInCertificate: ExtensionCodec<number> = answerInClientHello;
`,
  "packages/handshake/extensions/table.ts": '[E.other, ["CH"]],\n[E.answer, ["CH", "CT"]],\n',
  "packages/handshake/extensions/extensions_test.ts":
    'const ROWS = [\n  row(\n    "CH",\n    x.answerInClientHello, 42, "2a"),\n];\n',
  "packages/providers/curve_group.ts":
    "export const CURVE_SHARE_LENGTHS = new Map([[NamedGroup.x7, 7]]);\n",
  "packages/providers/noble/groups.ts": "export const groups = [NamedGroup.x7];\n",
  "packages/providers/conformance/shares.ts": "const PARTS = new Map([[NamedGroup.x7, 7]]);\n",
  "packages/wire/error.ts":
    'const TABLE = {\n  "peer/answer": 1,\n  "peer/named": 2,\n  "peer/alert": 3,\n};\nnew TlsError("peer/alert");\n',
  "packages/handshake/config/config.ts":
    "/** Throw `peer/named`. */\nexport interface Config {\n  readonly question?: string;\n}\n",
  "packages/handshake/use.ts": 'if (config.question) throw new TlsError("peer/answer");\n',
  "packages/pki/testdata/answers.json": "[42]\n",
  "packages/pki/testdata/README.md": "Answers.\n",
  "packages/pki/answer_test.ts":
    'import answers from "./testdata/answers.json";\nDeno.test("rows 1, 2: answers", () => {});\n',
  "docs/conformance.md": "1. Answers: accepted.\n2. Questions: refused.\n",
} as const;

function forgotten(changes: Partial<Record<keyof typeof COMPLETE, string>>): string[] {
  const files = Object.entries({ ...COMPLETE, ...changes });
  return checkForgotten(files.map(([path, text]) => ({ path, text }))).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  );
}

Deno.test("where nothing is forgotten there is nothing to say", () => {
  assertEquals(forgotten({}), []);
});

Deno.test("an extension without its row in the table is found, and one without the message", () => {
  const table = "packages/handshake/extensions/table.ts";
  assertEquals(forgotten({ [table]: '[E.other, ["CH"]],\n' }), [
    `${table}:1 does not allow answer in CH, for which there is answerInClientHello`,
    `${table}:1 does not allow answer in CT, for which there is answerInCertificate`,
  ]);
  assertEquals(forgotten({ [table]: '\n[E.answer, ["CH"]],\n' }), [
    `${table}:2 does not allow answer in CT, for which there is answerInCertificate`,
  ]);
});

Deno.test("a codec without its row in the test table is found", () => {
  const tests = "packages/handshake/extensions/extensions_test.ts";
  assertEquals(forgotten({ [tests]: "\nconst ROWS = [];\nbad(x.answerInClientHello)\n" }), [
    `${tests}:2 has no row for answerInClientHello`,
  ]);
});

Deno.test("a codec that mod.ts does not export is found", () => {
  const mod = "packages/handshake/extensions/mod.ts";
  assertEquals(forgotten({ [mod]: "" }), [`${mod}:1 does not export answer.ts`]);
});

Deno.test("a group without its length, and one without a case in the kit, is found", () => {
  const noble = "export const groups = [NamedGroup.x7, NamedGroup.x8];\n";
  assertEquals(forgotten({ "packages/providers/noble/groups.ts": noble }), [
    "packages/providers/curve_group.ts:1 CURVE_SHARE_LENGTHS lacks x8, which a provider has",
    "packages/providers/conformance/shares.ts:1 has no case for the group x8",
  ]);
});

Deno.test("an error code that nothing throws is found", () => {
  const use = "if (config.question) stop();\n";
  assertEquals(forgotten({ "packages/handshake/use.ts": use }), [
    "packages/wire/error.ts:2 has peer/answer, which nothing throws",
  ]);
});

Deno.test("an option that nothing reads is found", () => {
  const use = 'throw new TlsError("peer/answer");\n';
  assertEquals(forgotten({ "packages/handshake/use.ts": use }), [
    "packages/handshake/config/config.ts:3 has the option question, which nothing reads",
  ]);
});

Deno.test("a row of the checklist that is cited and does not stand there is found", () => {
  assertEquals(forgotten({ "docs/conformance.md": "1. Answers: accepted.\n" }), [
    "packages/pki/answer_test.ts:2 cites row 2, which does not stand in docs/conformance.md",
  ]);
});

Deno.test("a vector that no test reads is found", () => {
  assertEquals(forgotten({ "packages/pki/answer_test.ts": "" }), [
    "packages/pki/testdata/answers.json:1 no test reads answers.json",
  ]);
});
