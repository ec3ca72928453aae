/**
 * Bytes that wait for others: what has come of something that is not whole yet.
 *
 * @module
 */

const NOTHING = new Uint8Array(0);

/**
 * A queue of bytes in one buffer that grows with what comes, whatever the size of the pieces. It holds at most twice its
 * bytes, and nothing when it is empty.
 *
 * ```ts
 * import { ByteQueue } from "@sealane/wire";
 *
 * const queue = new ByteQueue();
 * queue.append(Uint8Array.of(1, 2));
 * queue.append(Uint8Array.of(3));
 * console.assert(queue.take(2)[1] === 2 && queue.length === 1);
 * ```
 */
export class ByteQueue {
  #buffer = NOTHING;
  #start = 0;
  #end = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Bytes of the buffer, which what was taken may share. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Appends a copy of `data`. */
  append(data: Uint8Array): void {
    if (data.length === 0) return;
    if (this.#start === this.#end) {
      this.#buffer = data.slice();
      this.#start = 0;
      this.#end = data.length;
      return;
    }
    if (this.#end + data.length > this.#buffer.length) this.#grow(this.length + data.length);
    this.#buffer.set(data, this.#end);
    this.#end += data.length;
  }

  /** A view over the first `length` bytes, at most as many as wait. They stay. */
  peek(length: number): Uint8Array {
    return this.#buffer.subarray(this.#start, Math.min(this.#start + length, this.#end));
  }

  /** The first `length` bytes, at most as many as wait; all unless given. Nothing is written over them afterwards. */
  take(length: number = this.length): Uint8Array {
    const bytes = this.peek(length);
    this.#start += bytes.length;
    if (this.#start === this.#end) this.clear();
    return bytes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#buffer = NOTHING;
    this.#start = this.#end = 0;
  }

  /** What was taken is a view over the old buffer, so what is left moves to a new one. */
  #grow(needed: number): void {
    const larger = new Uint8Array(2 * needed);
    larger.set(this.peek(this.length));
    this.#end -= this.#start;
    this.#start = 0;
    this.#buffer = larger;
  }
}
