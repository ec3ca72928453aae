import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, TlsError, toHex } from "@sealane/wire";
import vectors from "../testdata/rfc9000.json" with { type: "json" };
import { QuicError } from "../errors.ts";
import { decodePacketNumber, packetNumberLength, writePacketNumber } from "./packet_number.ts";
import {
  encodeVarint,
  readVarint,
  readVarintExact,
  VARINT_MAX,
  varintLengthOf,
  VarintReader,
  writeVarint,
} from "./varint.ts";

Deno.test("varints of RFC 9000 appendix A.1 read as printed", () => {
  for (const { hex, value } of vectors.varint.decode) {
    const bytes = fromHex(hex);
    assertEquals(readVarintExact(bytes, 0), BigInt(value));
    assertEquals(readVarint(bytes, 0), Math.min(Number(value), Number.MAX_SAFE_INTEGER));
    assertEquals(varintLengthOf(bytes[0]), bytes.length);
  }
});

Deno.test("varints at the boundaries of the lengths are written in the fewest bytes", () => {
  for (const { hex, value } of vectors.varint.derived_boundaries.cases) {
    assertEquals(toHex(encodeVarint(BigInt(value))), hex);
    assertEquals(readVarintExact(fromHex(hex), 0), BigInt(value));
  }
});

Deno.test("a varint above 2^53 - 1 reads as 2^53 - 1", () => {
  assertEquals(readVarint(encodeVarint(VARINT_MAX), 0), Number.MAX_SAFE_INTEGER);
  assertEquals(readVarint(encodeVarint(1n << 53n), 0), Number.MAX_SAFE_INTEGER);
  assertEquals(readVarint(encodeVarint((1n << 53n) - 2n), 0), Number.MAX_SAFE_INTEGER - 1);
});

Deno.test("a truncated varint is seen at every length", () => {
  for (const hex of ["", "40", "8000", "c0000000000000"]) {
    assertEquals(readVarint(fromHex(hex), 0), -1);
    assertEquals(readVarintExact(fromHex(hex), 0), -1n);
    assertThrows(() => new VarintReader(fromHex(hex), "test").varint("field"), QuicError, "field");
  }
});

Deno.test("a varint can be written longer than it needs to be, never shorter", () => {
  const bytes = new Uint8Array(9);
  assertEquals(writeVarint(bytes, 1, 37, 2), 3);
  assertEquals(toHex(bytes.subarray(1, 3)), "4025");
  assertThrows(() => writeVarint(bytes, 0, 64, 1), TlsError);
  assertThrows(() => writeVarint(bytes, 0, -1), TlsError);
  assertThrows(() => encodeVarint(VARINT_MAX + 1n), TlsError);
});

Deno.test("packet numbers of RFC 9000 appendix A.2 are sent in as many bytes as printed", () => {
  for (const { full_pn, largest_acked, bits, encoded } of vectors.packet_number_encode) {
    const full = parseInt(full_pn, 16);
    const length = packetNumberLength(full, parseInt(largest_acked, 16));
    assertEquals(length * 8, bits);
    const bytes = new Uint8Array(length);
    writePacketNumber(bytes, 0, full, length);
    assertEquals(toHex(bytes), encoded);
  }
});

Deno.test("packet numbers of RFC 9000 appendix A.3 are recovered as printed", () => {
  for (const { largest_pn, truncated_pn, bits, decoded } of vectors.packet_number_decode) {
    const found = decodePacketNumber(
      parseInt(largest_pn, 16),
      parseInt(truncated_pn, 16),
      bits / 8,
    );
    assertEquals(found, parseInt(decoded, 16));
  }
});

Deno.test("every packet number that a sender may send is recovered", () => {
  const bases = [0, 1, 127, 255, 256, 65_535, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 5, 2 ** 45];
  for (const largestAcked of [-1, ...bases]) {
    for (const distance of [1, 2, 127, 128, 32_767, 32_768, 8_388_607, 8_388_608, 2 ** 31 - 1]) {
      const sent = largestAcked + distance;
      const length = packetNumberLength(sent, largestAcked);
      // The receiver has seen something between what it acknowledged and what is sent.
      for (const largest of [largestAcked, sent - 1, largestAcked + (distance >> 1)]) {
        assertEquals(decodePacketNumber(largest, sent % 2 ** (8 * length), length), sent);
      }
    }
  }
  assertThrows(() => packetNumberLength(2 ** 31, -1), TlsError);
});

Deno.test("a packet number beyond 2^53 - 1 does not decode", () => {
  assertEquals(decodePacketNumber(Number.MAX_SAFE_INTEGER - 1, 0xff, 1), Number.MAX_SAFE_INTEGER);
  const largest = Number.MAX_SAFE_INTEGER;
  const decoded = decodePacketNumber(largest, 0x01, 1);
  assert(decoded === -1 || decoded <= largest);
});
