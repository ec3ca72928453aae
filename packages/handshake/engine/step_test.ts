/** Steps that run outside of the connection's driver. */
import { isPromise } from "@sealane/providers";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { HandshakeMessage } from "../messages/message.ts";
import { drive, message, peek, settle, type Step } from "./step.ts";

const [one, two]: HandshakeMessage[] = [1, 2].map((type) => ({
  type,
  body: new Uint8Array(),
  bytes: new Uint8Array(4),
}));

Deno.test("a step gets its messages, and says what it expects and whether it only looks", () => {
  const asked: unknown[] = [];
  const result = drive(
    (function* (): Step<number[]> {
      const seen = yield* peek([1, 2]);
      const taken = yield* message(1);
      return [seen.type, taken.type, (yield* message(2)).type];
    })(),
    (expected, peek) => {
      asked.push([...expected, peek]);
      return expected.includes(1) ? one : two;
    },
  );
  assertEquals(result, [1, 1, 2]);
  assertEquals(asked, [[1, 2, true], [1, false], [2, false]]);
});

Deno.test("a step waits for promises only where there are some", async () => {
  const step = function* (value: number | Promise<number>): Step<number> {
    return (yield* settle(value)) + (yield* message(1)).type;
  };
  assertEquals(drive(step(1), () => one), 2);
  const later = drive(step(Promise.resolve(1)), () => one);
  assert(isPromise(later));
  assertEquals(await later, 2);
});

Deno.test("what fails fails inside of the step, which cleans up", async () => {
  let cleaned = 0;
  const step = function* (value: number | Promise<number>): Step<void> {
    try {
      yield* settle(value);
      yield* message(1);
    } finally {
      cleaned++;
    }
  };
  assertThrows(() => drive(step(1)), Error, "waits for a message");
  assertEquals(cleaned, 1);
  const failing = Promise.reject(new Error("no"));
  await assertRejects(() => Promise.resolve(drive(step(failing))), Error, "no");
  assertEquals(cleaned, 2);
});
