import { assert, assertEquals } from "@std/assert";
import { ByteQueue } from "./byte_queue.ts";

Deno.test("row 247: a queue gives the bytes in order, whatever the pieces, and holds at most twice as many", () => {
  for (const piece of [1, 3, 700]) {
    const queue = new ByteQueue();
    const taken: Uint8Array[] = [];
    let [next, out] = [0, 0];
    for (let i = 0; i < 200; i++) {
      queue.append(Uint8Array.from({ length: piece }, () => next++ & 0xff));
      assert(queue.capacity <= 4 * piece || queue.capacity <= 2 * next);
      if (i % 7 !== 0) continue;
      const bytes = queue.take(Math.ceil(queue.length / 2));
      for (const byte of bytes) assertEquals(byte, out++ & 0xff);
      taken.push(bytes);
    }
    for (const byte of queue.take()) assertEquals(byte, out++ & 0xff);
    assertEquals([out, queue.length, queue.capacity], [next, 0, 0]);
    // What was taken has not changed since.
    assertEquals(taken.flatMap((bytes) => [...bytes])[10], 10 % 256);
  }
});

Deno.test("a queue does not keep what it is given by reference, and peeks without taking", () => {
  const queue = new ByteQueue();
  const data = Uint8Array.of(1, 2, 3);
  queue.append(data);
  data.fill(9);
  assertEquals(queue.peek(2), Uint8Array.of(1, 2));
  assertEquals(queue.take(99), Uint8Array.of(1, 2, 3));
  assertEquals(queue.take(), new Uint8Array(0));
});
