import { assert, assertEquals } from "@std/assert";
import { type Cell, Slab } from "./slab.ts";

Deno.test("values of all lengths are kept apart and come back, whatever is released between", () => {
  const slab = new Slab();
  const cells = new Map<Cell, Uint8Array>();
  let state = 1;
  const random = (below: number) => (state = state * 48271 % 0x7fffffff) % below;
  for (let round = 0; round < 5000; round++) {
    const oldest = cells.keys().next().value;
    if (oldest !== undefined && (cells.size > 500 || random(3) === 0)) {
      slab.release(oldest);
      cells.delete(oldest);
      continue;
    }
    const length = random(20) === 0 ? random(200_000) : random(700);
    const value = new Uint8Array(length).fill(random(256));
    cells.set(slab.allocate(value), value);
  }
  for (const [cell, value] of cells) assertEquals(slab.read(cell), value);
  assert(cells.size > 100);
});

Deno.test("a released cell is wiped and used again", () => {
  const slab = new Slab();
  slab.allocate(Uint8Array.of(9));
  const cell = slab.allocate(Uint8Array.of(1, 2, 3));
  slab.release(cell);
  assertEquals(slab.read(cell), new Uint8Array(3));
  const next = slab.allocate(Uint8Array.of(4));
  assertEquals([next.page === cell.page, next.offset], [true, cell.offset]);
});
