import { fromHex, toHex } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import { TrafficKey } from "./traffic_key.ts";
import { aesSuite, assertCode, chachaSuite, limitedSuite, SECRET } from "./testing.ts";
import type { CipherSuite } from "@sealane/providers";

const TAG_LENGTH = 16;

/** A suite that writes down its nonces. */
function spySuite(nonces: string[]): CipherSuite {
  const key = {
    seal(nonce: Uint8Array, _aad: Uint8Array, { length }: Uint8Array, out = ROOM): Uint8Array {
      nonces.push(toHex(nonce));
      return out.subarray(0, length + TAG_LENGTH);
    },
    open(nonce: Uint8Array, _aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
      nonces.push(toHex(nonce));
      return ciphertext.length === 0 ? null : ciphertext.subarray(TAG_LENGTH);
    },
  };
  return { ...aesSuite, aead: { ...aesSuite.aead, importKey: () => key } };
}

const EMPTY = new Uint8Array(0);
const ROOM = new Uint8Array(64);

function xor(a: string, b: string): string {
  const other = fromHex(b);
  return toHex(fromHex(a).map((byte, i) => byte ^ other[i]));
}

Deno.test("nonce is the sequence number XORed into the IV, in all its 64 bits", () => {
  for (const start of [0, 1, 255, 2 ** 32 - 2, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 4]) {
    const nonces: string[] = [];
    const key = new TrafficKey(spySuite(nonces), SECRET, { sequenceNumber: start });
    const zero: string[] = [];
    new TrafficKey(spySuite(zero), SECRET).seal(EMPTY, EMPTY, ROOM);
    const iv = zero[0];
    for (let i = 0; i < 2; i++) key.seal(EMPTY, EMPTY, ROOM);
    const numbers = nonces.map((nonce) => BigInt(`0x${xor(nonce, iv)}`));
    assertEquals(numbers, [BigInt(start), BigInt(start) + 1n]);
    assertEquals(key.sequenceNumber, start + 2);
  }
});

Deno.test("row 30: sequence numbers do not wrap", async () => {
  const options = { sequenceNumber: Number.MAX_SAFE_INTEGER - 1 };
  const sealing = new TrafficKey(chachaSuite, SECRET, options);
  sealing.seal(EMPTY, EMPTY, ROOM);
  const error = await assertCode("local/sequence-number", () => sealing.seal(EMPTY, EMPTY, ROOM));
  assertEquals(error.alert, 80);
  const opening = new TrafficKey(spySuite([]), SECRET, options);
  opening.open(EMPTY, ROOM);
  await assertCode("local/sequence-number", () => opening.open(EMPTY, ROOM));
});

Deno.test("sequence number stays when a record is forged", () => {
  const key = new TrafficKey(spySuite([]), SECRET);
  assertEquals(key.open(EMPTY, EMPTY), null);
  assertEquals(key.sequenceNumber, 0);
  key.open(EMPTY, ROOM);
  assertEquals(key.sequenceNumber, 1);
});

Deno.test("key update is due before the limit, and the limit is not passed", async () => {
  const key = new TrafficKey(limitedSuite(aesSuite, 8), SECRET);
  for (let i = 0; i < 8; i++) {
    assertEquals(key.updateDue, i >= 6, `after ${i} records`);
    key.seal(EMPTY, EMPTY, ROOM);
  }
  const error = await assertCode("local/aead-limit", () => key.seal(EMPTY, EMPTY, ROOM));
  assertEquals(error.alert, 80);
});

Deno.test("key update is due 65,536 records before the limit of AES-GCM, and in time for ChaCha20", () => {
  assertEquals(new TrafficKey(aesSuite, SECRET).updateAfter, Math.floor(2 ** 24.5) - 65_536);
  assertEquals(new TrafficKey(chachaSuite, SECRET).updateAfter, 2 ** 53 - 1 - 65_536);
});

Deno.test("updateAfter says when an update is due", () => {
  const key = new TrafficKey(chachaSuite, SECRET, { updateAfter: 2 });
  const due = [key.updateDue];
  for (let i = 0; i < 2; i++) {
    key.seal(EMPTY, EMPTY, ROOM);
    due.push(key.updateDue);
  }
  assertEquals(due, [false, false, true]);
});

Deno.test("opening is not limited by confidentiality limits", () => {
  const key = new TrafficKey(limitedSuite(spySuite([]), 2), SECRET);
  for (let i = 0; i < 5; i++) assert(key.open(EMPTY, ROOM) !== null);
});
