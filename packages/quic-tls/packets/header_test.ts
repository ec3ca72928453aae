import { assert, assertEquals } from "@std/assert";
import { fromHex, toHex } from "@sealane/wire";
import fc from "fast-check";
import { DROP_REASONS } from "./drop.ts";
import {
  type LongHeader,
  longHeaderLength,
  parseDatagram,
  parsePacket,
  shortHeaderLength,
  versionNegotiation,
  writeLongHeader,
  writeShortHeader,
} from "./header.ts";
import { isReservedVersion, QUIC_V1, QUIC_V2, quicVersion, reservedVersion } from "./version.ts";

const OPTIONS = { connectionIdLength: 4 };
const ID = fromHex("0a0b0c0d");

function long(fields: Partial<LongHeader> = {}, payload = 30): Uint8Array {
  const header: LongHeader = {
    type: "initial",
    version: QUIC_V1,
    destinationConnectionId: ID,
    sourceConnectionId: new Uint8Array(0),
    packetNumber: 0x01020304,
    packetNumberLength: 4,
    protectedLength: payload,
    ...fields,
  };
  const bytes = new Uint8Array(longHeaderLength(header) + payload);
  assertEquals(writeLongHeader(bytes, 0, header), bytes.length - payload);
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function reasonOf(bytes: Uint8Array, options = OPTIONS): string {
  const packet = parsePacket(bytes, 0, options);
  return packet.type === "dropped" ? packet.reason : packet.type;
}

Deno.test("headers of every type and version are read as they were written", () => {
  for (const version of [QUIC_V1, QUIC_V2]) {
    for (const type of ["initial", "0rtt", "handshake"] as const) {
      const token = type === "initial" ? fromHex("c0ffee") : new Uint8Array(0);
      const packet = parsePacket(long({ type, version, token }), 0, OPTIONS);
      assert(packet.type === type);
      assertEquals(packet.version, version);
      assertEquals(packet.token, token);
      assertEquals(packet.destinationConnectionId, ID);
      const { packetNumberOffset: at } = packet;
      assertEquals(toHex(packet.bytes.subarray(at, at + 4)), "01020304");
    }
  }
});

Deno.test("a short header has the connection ID length that the caller knows", () => {
  const header = {
    destinationConnectionId: ID,
    packetNumber: 5,
    packetNumberLength: 2,
    spin: true,
  };
  const bytes = new Uint8Array(30);
  assertEquals(writeShortHeader(bytes, 0, header), shortHeaderLength(header));
  assertEquals(toHex(bytes.subarray(0, 7)), "610a0b0c0d0005");
  const packet = parsePacket(bytes, 0, OPTIONS);
  assert(packet.type === "1rtt");
  assertEquals(packet.destinationConnectionId, ID);
  const found = parsePacket(bytes, 0, { connectionIdLength: (rest) => rest[0] === 0x0a ? 3 : -1 });
  assert(found.type === "1rtt" && found.packetNumberOffset === 4);
  assertEquals(reasonOf(bytes, { ...OPTIONS, connectionIdLength: -1 }), "unknown-connection-id");
});

Deno.test("every cut of a long header is dropped with a reason", () => {
  const bytes = long({ token: fromHex("0102") });
  for (let length = 0; length < bytes.length; length++) {
    const reason = reasonOf(bytes.subarray(0, length));
    assert(["empty", "truncated", "length"].includes(reason), `${length}: ${reason}`);
  }
});

Deno.test("a fixed bit of 0 is dropped unless greased", () => {
  for (const bytes of [long(), new Uint8Array(30).fill(0x40)]) {
    bytes[0] &= ~0x40;
    assertEquals(reasonOf(bytes), "fixed-bit");
    assert(parsePacket(bytes, 0, { ...OPTIONS, greaseQuicBit: true }).type !== "dropped");
  }
});

Deno.test("a connection ID of more than 20 bytes is dropped in known versions only", () => {
  const bytes = long({ destinationConnectionId: new Uint8Array(21) });
  assertEquals(reasonOf(bytes), "connection-id-too-long");
  bytes.set([0xfa, 0xce, 0xb0, 0x0c], 1);
  const packet = parsePacket(bytes, 0, OPTIONS);
  assert(packet.type === "unknown-version");
  assertEquals(packet.version, 0xfaceb00c);
  assertEquals(packet.destinationConnectionId.length, 21);
});

Deno.test("coalesced packets come one by one", () => {
  const datagram = concat(long(), long({ type: "handshake" }), Uint8Array.of(0x40, ...ID, 9, 9));
  const types = parseDatagram(datagram, OPTIONS).map((packet) => packet.type);
  assertEquals(types, ["initial", "handshake", "1rtt"]);
});

Deno.test("a coalesced packet for another connection ID is dropped, those after it are not", () => {
  const other = long({ destinationConnectionId: fromHex("0a0b0c0e") });
  const packets = parseDatagram(concat(long(), other, long({ type: "handshake" })), OPTIONS);
  assertEquals(packets.map((packet) => packet.type), ["initial", "dropped", "handshake"]);
  assert(packets[1].type === "dropped" && packets[1].reason === "coalesced-connection-id");
});

Deno.test("an empty datagram is one dropped packet", () => {
  const packets = parseDatagram(new Uint8Array(0), OPTIONS);
  assertEquals(packets.map((packet) => packet.type), ["dropped"]);
});

Deno.test("version negotiation answers with the connection IDs exchanged", () => {
  const source = fromHex("0102");
  const versions = [1, 0x6b3343cf, 0x1a2a3a4a];
  const ids = { destinationConnectionId: ID, sourceConnectionId: source };
  const packet = parsePacket(versionNegotiation(ids, versions), 0, OPTIONS);
  assert(packet.type === "version-negotiation");
  assertEquals(packet.destinationConnectionId, source);
  assertEquals(packet.sourceConnectionId, ID);
  assertEquals(packet.versions, versions);
  assertEquals(reasonOf(versionNegotiation(ids, [])), "truncated");
  assertEquals(reasonOf(versionNegotiation(ids, [1]).subarray(0, -1)), "truncated");
});

Deno.test("a Retry packet without a token is dropped", () => {
  const bytes = fromHex("f0000000010000" + "00".repeat(16));
  assertEquals(reasonOf(bytes), "retry-token");
  assertEquals(reasonOf(concat(bytes, Uint8Array.of(1))), "retry");
});

Deno.test("versions are known, unknown or reserved", () => {
  assertEquals(quicVersion(1), QUIC_V1);
  assertEquals(quicVersion(0x6b3343cf), QUIC_V2);
  assertEquals(quicVersion(2), null);
  assert(isReservedVersion(0x1a2a3a4a) && isReservedVersion(0xfafafafa) && !isReservedVersion(1));
  assert(isReservedVersion(reservedVersion(fromHex("12fe9d07"))));
});

Deno.test("random and mutated datagrams are parsed or dropped, and never throw", () => {
  const seeds = [
    concat(long(), long({ type: "handshake" }), new Uint8Array(25).fill(0x45)),
    long({ version: QUIC_V2, token: new Uint8Array(70) }),
    fromHex("f0000000010000" + "00".repeat(17)),
    versionNegotiation({ destinationConnectionId: ID, sourceConnectionId: ID }, [1, 2]),
  ];
  const mutated = fc.tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
    fc.nat(),
  ).map(([seed, changes, cut]) => {
    const bytes = seed.slice();
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes.subarray(0, bytes.length - cut % 8);
  });
  const datagram = fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated);
  fc.assert(
    fc.property(datagram, (bytes) => {
      const before = toHex(bytes);
      let total = 0;
      for (const packet of parseDatagram(bytes, OPTIONS)) {
        total += packet.bytes.length;
        if (packet.type === "dropped") assert(packet.reason in DROP_REASONS);
        if ("packetNumberOffset" in packet) {
          assert(packet.packetNumberOffset <= packet.bytes.length);
        }
      }
      assertEquals(total, bytes.length, "every byte belongs to a packet or a drop");
      assertEquals(toHex(bytes), before);
    }),
    { numRuns: 5000 },
  );
});
