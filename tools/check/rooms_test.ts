import { assertEquals } from "@std/assert";
import { checkRooms } from "./rooms.ts";

const ROOMS = { "record": [["top"], ["left", "right"], ["."], ["low.ts"]] };
/** One file for each place, so that none is missing. */
const PLACES = ["top/t.ts", "left/l.ts", "right/r.ts", "m.ts", "low.ts"];

/** The findings in `packages/record` with these files besides. */
function rooms(files: Record<string, string>): string[] {
  const all = { ...Object.fromEntries(PLACES.map((path) => [path, ""])), ...files };
  const sources = Object.entries(all).map(([path, text]) => ({
    path: `packages/record/${path}`,
    text,
  }));
  return checkRooms(sources, ROOMS).map(({ path, line, message }) => `${path}:${line} ${message}`);
}

Deno.test("files in good order have no findings", () => {
  assertEquals(
    rooms({
      "top/t.ts": 'import { l } from "../left/l.ts";\n',
      "left/l.ts": 'import type { M } from "../m.ts";\nimport { L } from "./more/n.ts";\n',
      "left/more/n.ts": "",
      "m.ts": 'import { low } from "./low.ts";\n',
      "low_test.ts": 'import { t } from "./top/t.ts";\n',
    }),
    [],
  );
});

Deno.test("a circle of types is found, with its files and the names imported", () => {
  assertEquals(
    rooms({
      "m.ts": 'import type { N } from "./n.ts";\n',
      "n.ts": 'import {\n  type O,\n  o as p,\n} from "./o.ts";\n',
      "o.ts": 'type M = import("./m.ts").M;\n',
    }),
    [
      "packages/record/m.ts:1 is part of a circle: it imports N from packages/record/n.ts, which " +
      "imports O, o from packages/record/o.ts, which imports M from packages/record/m.ts",
    ],
  );
});

Deno.test("circles are found outside of packages too", () => {
  const files = [
    { path: "interop/a.ts", text: 'export * from "./b.ts";\n' },
    { path: "interop/b.ts", text: 'import "./a.ts";\n' },
  ];
  assertEquals(checkRooms(files, {}).map(({ message }) => message), [
    "is part of a circle: it imports all from interop/b.ts, which imports all from interop/a.ts",
  ]);
});

Deno.test("an import from a lower room to a higher one is found, type or not", () => {
  const above = "the room left is above . (tools/check/room_order.ts)";
  assertEquals(rooms({ "m.ts": '\nimport type { L } from "./left/l.ts";\n' }), [
    `packages/record/m.ts:2 imports L from packages/record/left/l.ts: ${above}`,
  ]);
  assertEquals(rooms({ "m.ts": 'export { L, type K } from "./left/l.ts";\n' }), [
    `packages/record/m.ts:1 imports L, K from packages/record/left/l.ts: ${above}`,
  ]);
  assertEquals(rooms({ "low.ts": 'import { m } from "./m.ts";\n' }), [
    "packages/record/low.ts:1 imports m from packages/record/m.ts: the room . is above low.ts (tools/check/room_order.ts)",
  ]);
});

Deno.test("rooms side by side do not import each other", () => {
  assertEquals(rooms({ "left/l.ts": 'import { r } from "../right/r.ts";\n' }), [
    "packages/record/left/l.ts:1 imports r from packages/record/right/r.ts: the room right is beside left (tools/check/room_order.ts)",
  ]);
});

Deno.test("a room without a place and a place without a room are found", () => {
  assertEquals(rooms({ "attic/a.ts": "" }), [
    "packages/record/attic/a.ts:1 is in the room attic, which has no place in tools/check/room_order.ts",
  ]);
  const findings = checkRooms([{ path: "packages/record/m.ts", text: "" }], ROOMS);
  assertEquals(findings.map(({ message }) => message), [
    "has top for record, where no such room is",
    "has left for record, where no such room is",
    "has right for record, where no such room is",
    "has low.ts for record, where no such room is",
  ]);
});

Deno.test("a package without an order is found", () => {
  assertEquals(
    checkRooms([{ path: "packages/attic/m.ts", text: "" }], ROOMS)[0].message,
    "is in the room ., which has no place in tools/check/room_order.ts",
  );
});

Deno.test("the order that the documentation shows is the order that is checked", () => {
  const page = (row: string) =>
    checkRooms([
      ...PLACES.map((path) => ({ path: `packages/record/${path}`, text: "" })),
      { path: "docs/architecture.md", text: `# Packages\n\n${row}\n` },
    ], ROOMS).map(({ path, message }) => `${path} ${message}`);
  const row = "| `record` | `top` → `left`, `right` → the files in the folder → `low.ts` |";
  assertEquals(page(row.replace("| `top`", "|   `top`")), []);
  assertEquals(page(row.replace("`left`, `right`", "`right`, `left`")), [
    `docs/architecture.md lacks the row ${row} of tools/check/room_order.ts`,
  ]);
});
