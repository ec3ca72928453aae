import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, toHex } from "@sealane/wire";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { decodeFrames } from "./frame_decoder.ts";
import { encodeFrame, writeFrame } from "./frame_encoder.ts";
import { ackFrame, type Frame, isAckEliciting } from "./frames.ts";
import { RangeSet } from "./ranges.ts";

const LEVELS = ["initial", "handshake", "early", "application"] as const;

/** Bytes written by hand after the figures of RFC 9000 section 19, the frame, and its packets as in table 3. */
const FRAMES: readonly [hex: string, frame: Frame, packets: string][] = [
  ["000000", { type: "padding", length: 3 }, "IH01"],
  ["01", { type: "ping" }, "IH01"],
  ["02 05 02 00 05", { type: "ack", ranges: [[0, 6]], delay: 2 }, "IH_1"],
  ["02 4064 00 01 00 03 0a", { type: "ack", ranges: [[100, 101], [85, 96]], delay: 0 }, "IH_1"],
  [
    "03 01 00 00 01 07 08 09",
    { type: "ack", ranges: [[0, 2]], delay: 0, ecn: { ect0: 7, ect1: 8, ce: 9 } },
    "IH_1",
  ],
  ["04 08 4100 07", { type: "resetStream", streamId: 8, code: 0x100, finalSize: 7 }, "__01"],
  ["05 08 4100", { type: "stopSending", streamId: 8, code: 0x100 }, "__01"],
  ["06 4400 02 aabb", { type: "crypto", offset: 1024, data: fromHex("aabb") }, "IH_1"],
  ["07 02 aabb", { type: "newToken", token: fromHex("aabb") }, "___1"],
  ["0e 04 00 01 aa", stream(0, "aa", false), "__01"],
  ["0f 04 4400 01 aa", stream(1024, "aa", true), "__01"],
  ["10 80010000", { type: "maxData", maximum: 65_536 }, "__01"],
  ["11 04 4400", { type: "maxStreamData", streamId: 4, maximum: 1024 }, "__01"],
  ["12 05", { type: "maxStreams", kind: "bidi", maximum: 5 }, "__01"],
  ["13 05", { type: "maxStreams", kind: "uni", maximum: 5 }, "__01"],
  ["14 4400", { type: "dataBlocked", maximum: 1024 }, "__01"],
  ["15 04 4400", { type: "streamDataBlocked", streamId: 4, maximum: 1024 }, "__01"],
  ["16 05", { type: "streamsBlocked", kind: "bidi", maximum: 5 }, "__01"],
  ["17 05", { type: "streamsBlocked", kind: "uni", maximum: 5 }, "__01"],
  [
    "18 03 02 04 01020304 000102030405060708090a0b0c0d0e0f",
    {
      type: "newConnectionId",
      sequenceNumber: 3,
      retirePriorTo: 2,
      connectionId: fromHex("01020304"),
      statelessResetToken: fromHex("000102030405060708090a0b0c0d0e0f"),
    },
    "__01",
  ],
  ["19 03", { type: "retireConnectionId", sequenceNumber: 3 }, "___1"],
  ["1a 0102030405060708", { type: "pathChallenge", data: fromHex("0102030405060708") }, "__01"],
  ["1b 0102030405060708", { type: "pathResponse", data: fromHex("0102030405060708") }, "___1"],
  ["1c 412a 06 02 6869", close(0x12a, false, 6, "hi"), "IH01"],
  ["1d 4100 02 6869", close(0x100, true, 0, "hi"), "__01"],
  ["1e", { type: "handshakeDone" }, "___1"],
  ["31 02 aabb", { type: "datagram", data: fromHex("aabb") }, "__01"],
];

function stream(offset: number, hex: string, fin: boolean): Frame {
  return { type: "stream", streamId: 4, offset, data: fromHex(hex), fin };
}

function close(code: number, application: boolean, frameType: number, reason: string): Frame {
  return { type: "connectionClose", code, application, frameType, reason };
}

const bytesOf = (hex: string): Uint8Array => fromHex(hex.replaceAll(" ", ""));

function decode(hex: string, level: (typeof LEVELS)[number] = "application"): Frame[] {
  return [...decodeFrames(bytesOf(hex), level, "server", { datagrams: true })];
}

function assertRefused(code: TransportErrorCode, action: () => unknown, about: string): void {
  const error = assertThrows(action, QuicError, undefined, about);
  assertEquals(error.transportError, code, `${about}: ${error.message}`);
}

Deno.test("every frame of RFC 9000 section 19 is read and written byte for byte", () => {
  for (const [hex, frame] of FRAMES) {
    assertEquals(decode(hex), [frame]);
    assertEquals(toHex(encodeFrame(frame)), hex.replaceAll(" ", ""));
  }
});

Deno.test("frames follow one another in a packet", () => {
  const all = FRAMES.map(([hex]) => hex).join("");
  assertEquals(decode(all), FRAMES.map(([, frame]) => frame));
});

Deno.test("a frame is refused in the packets where RFC 9000 table 3 does not have it", () => {
  for (const [hex, frame, packets] of FRAMES) {
    for (const [i, level] of LEVELS.entries()) {
      if (packets[i] !== "_") assertEquals(decode(hex, level), [frame]);
      else {
        const about = `${frame.type} at ${level}`;
        assertRefused(TransportErrorCode.PROTOCOL_VIOLATION, () => decode(hex, level), about);
      }
    }
  }
});

Deno.test("a frame that ends early is FRAME_ENCODING_ERROR", () => {
  for (const [hex, frame] of FRAMES) {
    if (frame.type === "padding" || frame.type === "ping") continue;
    const whole = bytesOf(hex);
    for (let length = 1; length < whole.length; length++) {
      const action = (): unknown => decode(toHex(whole.subarray(0, length)));
      assertRefused(TransportErrorCode.FRAME_ENCODING_ERROR, action, `${frame.type} ${length}`);
    }
  }
});

Deno.test("STREAM and DATAGRAM frames without a length go to the end of the packet", () => {
  assertEquals(decode("08 04 aabb"), [stream(0, "aabb", false)]);
  assertEquals(decode("0d 04 05 aabb"), [stream(5, "aabb", true)]);
  assertEquals(decode("30 aabb"), [{ type: "datagram", data: fromHex("aabb") }]);
});

Deno.test("values that a frame may not have are FRAME_ENCODING_ERROR", () => {
  const cases = {
    "an empty token (§19.7)": "07 00",
    "more than 2^60 streams (§19.11)": "12 d000000000000001",
    "blocked at more than 2^60 streams (§19.14)": "17 d000000000000001",
    "a connection ID of no bytes (§19.15)": `18 03 02 00 ${"00".repeat(16)}`,
    "a connection ID of 21 bytes (§19.15)": `18 03 02 15 ${"00".repeat(37)}`,
    "retiring its own connection ID (§19.15)": `18 03 04 04 01020304 ${"00".repeat(16)}`,
    "a range below packet 0 (§19.3.1)": "02 05 00 00 06",
    "a gap below packet 0 (§19.3.1)": "02 05 00 01 02 02 00",
    "more ranges than the packet has bytes (§19.3)": "02 05 00 bfffffff 00",
    "an unknown type (§12.4)": "1f",
  };
  for (const [about, hex] of Object.entries(cases)) {
    assertRefused(TransportErrorCode.FRAME_ENCODING_ERROR, () => decode(hex), about);
  }
  assertEquals(decode("12 d000000000000000")[0].type, "maxStreams");
});

Deno.test("what a packet may not hold is PROTOCOL_VIOLATION", () => {
  const violation = TransportErrorCode.PROTOCOL_VIOLATION;
  assertRefused(violation, () => decode(""), "no frame (§12.4)");
  assertRefused(violation, () => decode("4001"), "a long type (§12.4)");
  for (const hex of ["07 02 aabb", "1e"]) {
    const action = (): unknown => [...decodeFrames(bytesOf(hex), "application", "client")];
    assertRefused(violation, action, "a client sends what only servers do (§19.7, §19.20)");
  }
  const unasked = (): unknown => [...decodeFrames(bytesOf("30aa"), "application", "client")];
  assertRefused(violation, unasked, "DATAGRAM unasked (RFC 9221 §3)");
});

Deno.test("only ACK, PADDING and CONNECTION_CLOSE do not ask for an acknowledgement", () => {
  const silent = FRAMES.filter(([, frame]) => !isAckEliciting(frame)).map(([, { type }]) => type);
  assertEquals([...new Set(silent)], ["padding", "ack", "connectionClose"]);
});

Deno.test("an ACK frame tells the newest of the ranges that came", () => {
  const received = new RangeSet();
  for (const [start, end] of [[0, 4], [10, 11], [20, 30]]) received.add(start, end);
  assertEquals(ackFrame(received, 5), {
    type: "ack",
    ranges: [[20, 30], [10, 11], [0, 4]],
    delay: 5,
  });
  assertEquals(ackFrame(received, 0, 2).ranges, [[20, 30], [10, 11]]);
});

Deno.test("a frame that does not fit is not written", () => {
  for (const [hex, frame] of FRAMES) {
    const length = bytesOf(hex).length;
    const bytes = new Uint8Array(length + 1).fill(0xee);
    assertEquals(writeFrame(bytes, 2, frame), -1);
    assertEquals(bytes, new Uint8Array(length + 1).fill(0xee));
    assertEquals(writeFrame(bytes, 1, frame), length + 1);
    assertEquals(toHex(bytes), `ee${hex.replaceAll(" ", "")}`);
  }
});
