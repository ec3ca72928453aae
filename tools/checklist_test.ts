import { assertEquals } from "@std/assert";
import { readChecklist, rowsOf } from "./checklist.ts";

Deno.test("the name of a test says which rows it shows", () => {
  assertEquals(rowsOf("row 12: records without content"), [12]);
  assertEquals(rowsOf("rows 219, 37: bytes come with ServerHello"), [219, 37]);
  for (const name of ["rows of a table", "row 12 and more", "a row 12: no", "row x: no"]) {
    assertEquals(rowsOf(name), []);
  }
});

Deno.test("the rows of a checklist are its numbered lines", () => {
  const rows = readChecklist(
    "# Title\n1. first **A**\n\ntext 2. not\n17. other\n    goes on\n18. last\n",
  );
  assertEquals([...rows], [
    [1, "first **A**"],
    [17, "other goes on"],
    [18, "last"],
  ]);
});
