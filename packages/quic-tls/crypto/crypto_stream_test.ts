import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CryptoReceiver, CryptoSender, DEFAULT_CRYPTO_BUFFER } from "./crypto_stream.ts";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { RangeSet } from "../frames/ranges.ts";

const stream = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8));

Deno.test("a range set is the set of integers that it was told", () => {
  const operation = fc.tuple(fc.boolean(), fc.nat(60), fc.nat(20));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const ranges = new RangeSet();
      const model = new Set<number>();
      for (const [add, start, length] of operations) {
        if (add) ranges.add(start, start + length);
        else ranges.remove(start, start + length);
        for (let i = start; i < start + length; i++) add ? model.add(i) : model.delete(i);
      }
      for (let i = 0; i < 90; i++) assertEquals(ranges.has(i), model.has(i));
      for (let i = 0; i < ranges.size; i++) {
        assert(ranges.start(i) < ranges.end(i));
        if (i > 0) assert(ranges.end(i - 1) < ranges.start(i));
      }
      const gaps = new Set<number>();
      ranges.forEachGap(5, 85, (start, end) => {
        for (let i = start; i < end; i++) gaps.add(i);
      });
      for (let i = 5; i < 85; i++) assertEquals(gaps.has(i), !model.has(i));
    }),
    { numRuns: 300 },
  );
});

Deno.test("CRYPTO data comes out once and in order, whatever the pieces", () => {
  const whole = stream(400);
  const piece = fc.tuple(fc.nat(399), fc.integer({ min: 0, max: 80 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const receiver = new CryptoReceiver();
      const out: number[] = [];
      const take = (start: number, length: number): void => {
        const data = whole.slice(start, start + length);
        out.push(...receiver.receive(start, data));
        data.fill(0xff); // What was handed over is not kept by reference.
      };
      for (const [start, length] of pieces) take(start, length);
      assertEquals(out.length, receiver.delivered);
      for (let start = 0; start < 400; start += 50) take(start, 50);
      assertEquals(out, [...whole]);
      assert(!receiver.hasGap);
    }),
    { numRuns: 300 },
  );
});

Deno.test("CRYPTO data beyond the bound is CRYPTO_BUFFER_EXCEEDED and changes nothing", () => {
  const receiver = new CryptoReceiver(4096);
  receiver.receive(0, new Uint8Array(10));
  assertEquals(receiver.receive(4105, new Uint8Array(1)).length, 0);
  for (const [offset, length] of [[4106, 1], [11, 4096], [2 ** 53 - 1, 5]]) {
    const data = new Uint8Array(length);
    const error = assertThrows(() => receiver.receive(offset, data), QuicError);
    assertEquals(error.transportError, TransportErrorCode.CRYPTO_BUFFER_EXCEEDED);
  }
  assertEquals(receiver.receive(10, new Uint8Array(4095)).length, 4096);
  assert(DEFAULT_CRYPTO_BUFFER >= 4096, "RFC 9000 section 7.5");
});

Deno.test("the first of two frames that disagree counts", () => {
  const receiver = new CryptoReceiver();
  receiver.receive(2, Uint8Array.of(3, 4));
  receiver.receive(1, Uint8Array.of(9, 9, 9, 9));
  assertEquals(receiver.receive(0, Uint8Array.of(1)), Uint8Array.of(1, 9, 3, 4, 9));
});

Deno.test("a stream full of one-byte gaps costs no more than its bytes", () => {
  const receiver = new CryptoReceiver();
  const byte = Uint8Array.of(1);
  const started = performance.now();
  for (let offset = DEFAULT_CRYPTO_BUFFER - 1; offset > 0; offset -= 2) {
    receiver.receive(offset, byte);
  }
  assert(performance.now() - started < 3000);
  assertEquals(receiver.receive(0, byte).length, 2);
});

Deno.test("the sender loses nothing over a lossy path", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 8 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(3)), { maxLength: 60 }),
      (writes, steps) => {
        const sender = new CryptoSender();
        const receiver = new CryptoReceiver();
        const whole = stream(1000);
        const out: number[] = [];
        let written = 0;
        const deliver = (offset: number, data: Uint8Array): void => {
          out.push(...receiver.receive(offset, data));
        };
        for (const length of writes) {
          sender.write(whole.subarray(written, written += length));
          assertEquals(sender.written, written);
        }
        const flying: { offset: number; length: number }[] = [];
        for (const [size, fate] of steps) {
          const chunk = sender.next(size);
          if (chunk === null) break;
          assert(chunk.data.length <= size);
          const sent = { offset: chunk.offset, length: chunk.data.length };
          if (fate === 0) flying.push(sent);
          else if (fate === 1) sender.onLost(sent.offset, sent.length);
          else {
            deliver(chunk.offset, chunk.data);
            if (fate === 2) sender.onAcknowledged(sent.offset, sent.length);
            else sender.onLost(sent.offset, sent.length);
          }
        }
        for (const { offset, length } of flying) sender.onLost(offset, length);
        for (let chunk = sender.next(30); chunk !== null; chunk = sender.next(30)) {
          deliver(chunk.offset, chunk.data);
          sender.onAcknowledged(chunk.offset, chunk.data.length);
          sender.onLost(chunk.offset, chunk.data.length);
        }
        assertEquals(out, [...whole.subarray(0, written)]);
        assert(!sender.hasData && !sender.inFlight);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a probe sends again what is not acknowledged", () => {
  const sender = new CryptoSender();
  sender.write(stream(100));
  sender.next(40);
  sender.next(40);
  sender.onAcknowledged(20, 30);
  sender.resendAll();
  const sent: [number, number][] = [];
  for (let chunk = sender.next(100); chunk; chunk = sender.next(100)) {
    sent.push([chunk.offset, chunk.data.length]);
  }
  assertEquals(sent, [[0, 20], [50, 30], [80, 20]]);
  assertEquals(sender.next(0), null);
});
