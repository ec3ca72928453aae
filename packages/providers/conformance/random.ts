/**
 * The kit's tests of random bytes. No test can show that bytes are random; these find what programs do by mistake: counters and
 * short periods, ends that are not filled, memory that is handed out twice.
 *
 * @module
 */
import type { CryptoProvider } from "../provider.ts";
import { check, checkIsBytes, type ConformanceTest } from "./check.ts";

/** More than one call of `getRandomValues` gives, and no multiple of anything. */
const MANY = 2 * 65536 + 105;

/** Tests of `random`. */
export function randomTests({ random }: Pick<CryptoProvider, "random">): ConformanceTest[] {
  return [
    {
      name: "random: the length asked for, and never the same",
      async run() {
        for (const length of [0, 1, 2, 31, 32, 33, 65535, 65536, 65537, MANY]) {
          const bytes = random(length);
          checkIsBytes(bytes, "random bytes");
          check(bytes.length === length, `${bytes.length} instead of ${length} random bytes`);
        }
        const seen = new Set(Array.from({ length: 64 }, () => random(16).join()));
        check(seen.size === 64, "random bytes came twice");
        await Promise.resolve();
      },
    },
    {
      name: "random: no period, no part that is left out",
      async run() {
        const bytes = random(MANY);
        const blocks = new Set<string>();
        for (let at = 0; at + 8 <= MANY; at += 8) {
          const block = bytes.subarray(at, at + 8).join();
          check(!blocks.has(block), `the eight bytes at ${at} came before`);
          blocks.add(block);
        }
        // With random bytes, eight of a kind at the end come once in 2^64 times.
        check(bytes.subarray(-8).some((byte) => byte !== 0), "the last eight bytes are zeros");
        await Promise.resolve();
      },
    },
    {
      name: "random: every bit is set about half of the time",
      async run() {
        const bytes = random(MANY);
        // The deviation of so many bits is 181: ten of them come once in 10^22 times.
        const tolerance = 10 * Math.sqrt(MANY) / 2;
        for (let bit = 0; bit < 8; bit++) {
          let ones = 0;
          for (const byte of bytes) ones += byte >> bit & 1;
          check(
            Math.abs(ones - MANY / 2) < tolerance,
            `bit ${bit} is set ${ones} times of ${MANY}`,
          );
        }
        check(new Set(bytes).size === 256, "a byte never came");
        await Promise.resolve();
      },
    },
    {
      name: "random: memory of its own each time",
      async run() {
        for (const length of [16, 32, 1200]) {
          const first = random(length);
          const copy = first.slice();
          random(length);
          check(first.join() === copy.join(), "the next call changed the bytes of the last");
        }
        await Promise.resolve();
      },
    },
  ];
}
