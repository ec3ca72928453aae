/**
 * Memory for many small values. A `Uint8Array` of its own costs a few hundred bytes whatever its length, so small values share
 * pages; and a value that is freed is wiped.
 *
 * @module
 */

/** Where a value is. */
export interface Cell {
  readonly page: Page;
  readonly offset: number;
  readonly length: number;
}

/** A page of cells of one size. */
interface Page {
  readonly bytes: Uint8Array;
  readonly cellLength: number;
  /** Offsets of the cells that are free. */
  readonly free: number[];
}

const PAGE_LENGTH = 65_536;
/** Cells have multiples of this length. */
const UNIT = 64;

/** An allocator of cells. Each operation takes constant time. */
export class Slab {
  /** Length of cells to the pages that have a free one. A page without a cell in use is given up. */
  readonly #pages = new Map<number, Set<Page>>();

  /** A cell with a copy of `value`. */
  allocate(value: Uint8Array): Cell {
    const page = this.#pageFor(Math.max(UNIT, Math.ceil(value.length / UNIT) * UNIT));
    const offset = page.free.pop() ?? 0;
    if (page.free.length === 0) this.#pages.get(page.cellLength)?.delete(page);
    page.bytes.set(value, offset);
    return { page, offset, length: value.length };
  }

  /** A copy of the value of a cell. */
  read({ page, offset, length }: Cell): Uint8Array {
    return page.bytes.slice(offset, offset + length);
  }

  /** Wipes a cell and takes it back. */
  release({ page, offset, length }: Cell): void {
    page.bytes.fill(0, offset, offset + length);
    page.free.push(offset);
    const pages = this.#pages.get(page.cellLength);
    const cells = Math.max(1, Math.floor(PAGE_LENGTH / page.cellLength));
    if (page.free.length === cells) pages?.delete(page);
    else pages?.add(page);
  }

  #pageFor(cellLength: number): Page {
    let pages = this.#pages.get(cellLength);
    if (pages === undefined) this.#pages.set(cellLength, pages = new Set());
    for (const page of pages) return page;
    const cells = Math.max(1, Math.floor(PAGE_LENGTH / cellLength));
    const free = Array.from({ length: cells }, (_, index) => index * cellLength);
    const page = { bytes: new Uint8Array(cells * cellLength), cellLength, free };
    pages.add(page);
    return page;
  }
}
