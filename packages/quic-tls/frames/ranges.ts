/**
 * Sets of integers as sorted ranges: received bytes, lost bytes, acknowledged packets.
 *
 * @module
 */

/** A set of integers from 0 to 2^53 - 1, kept as half-open ranges that neither touch nor overlap. */
export class RangeSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** How many ranges there are. */
  get size(): number {
    return this.#starts.length;
  }

  /** The first integer of range `index`. */
  start(index: number): number {
    return this.#starts[index];
  }

  /** The integer after the last one of range `index`. */
  end(index: number): number {
    return this.#ends[index];
  }

  /** The index of the first range that ends at `value` or later. */
  #find(value: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#ends[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether `value` is in the set. */
  has(value: number): boolean {
    const index = this.#find(value + 1);
    return index < this.size && this.#starts[index] <= value;
  }

  /** Adds `start` up to, not including, `end`. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const first = this.#find(start);
    let last = first;
    let from = start;
    let to = end;
    while (last < this.size && this.#starts[last] <= end) {
      from = Math.min(from, this.#starts[last]);
      to = Math.max(to, this.#ends[last]);
      last++;
    }
    this.#starts.splice(first, last - first, from);
    this.#ends.splice(first, last - first, to);
  }

  /** Removes `start` up to, not including, `end`. */
  remove(start: number, end: number): void {
    if (start >= end) return;
    const first = this.#find(start + 1);
    let last = first;
    const starts: number[] = [];
    const ends: number[] = [];
    while (last < this.size && this.#starts[last] < end) {
      if (this.#starts[last] < start) {
        starts.push(this.#starts[last]);
        ends.push(start);
      }
      if (this.#ends[last] > end) {
        starts.push(end);
        ends.push(this.#ends[last]);
      }
      last++;
    }
    this.#starts.splice(first, last - first, ...starts);
    this.#ends.splice(first, last - first, ...ends);
  }

  /** Calls `visit` with every range of `start` up to, not including, `end` that is not in the set. */
  forEachGap(start: number, end: number, visit: (start: number, end: number) => void): void {
    let from = start;
    for (let i = this.#find(start + 1); i < this.size && this.#starts[i] < end; i++) {
      if (from < this.#starts[i]) visit(from, this.#starts[i]);
      from = this.#ends[i];
    }
    if (from < end) visit(from, end);
  }

  /** Removes everything. */
  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
  }
}
