import { assert, assertEquals } from "@std/assert";
import { NamedGroup } from "@sealane/wire";
import { nativeProvider } from "@sealane/providers/native";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import type { Level } from "@sealane/handshake";
import { type DatagramPlan, writeDatagram, type WrittenDatagram } from "./datagram_writer.ts";
import { decodeFrames } from "../frames/frame_decoder.ts";
import { writeFrame } from "../frames/frame_encoder.ts";
import { type Frame, isAckEliciting } from "../frames/frames.ts";
import { parseDatagram } from "./header.ts";
import { levelOf } from "./protected_packet.ts";
import {
  CLIENT_ID,
  clientConfig,
  pair,
  SERVER_ID,
  serverConfig,
  type TestEnd,
} from "../testing/test_end.ts";

interface Content {
  readonly length: number;
  readonly ackEliciting: boolean;
  readonly frames: Frame[];
}

/** What each level has to say. */
type Speech = Partial<Record<Level, Frame[]>>;

/** Packet numbers that go on, and what an end says. */
function plan(end: TestEnd, speech: Speech, room = 1200): DatagramPlan<Content> {
  return {
    room,
    sourceConnectionId: end.tls.role === "client" ? CLIENT_ID : SERVER_ID,
    nextPacketNumber: () => numbers++,
    fill(level, bytes) {
      let length = 0;
      const frames: Frame[] = [];
      const wanted = [...speech[level] ?? []];
      if (level !== "early" && wanted.length > 0) {
        const chunk = end.tls.nextCrypto(level, bytes.length - 20);
        if (chunk !== null) wanted.unshift({ type: "crypto", ...chunk });
      }
      for (const frame of wanted) {
        const next = writeFrame(bytes, length, frame);
        if (next < 0) break;
        length = next;
        frames.push(frame);
      }
      return { length, frames, ackEliciting: frames.some(isAckEliciting) };
    },
  };
}

let numbers = 1000;
const PING: Frame = { type: "ping" };
const ACK: Frame = { type: "ack", ranges: [[0, 1]], delay: 0 };

async function written(
  end: TestEnd,
  speech: Speech,
  room?: number,
): Promise<WrittenDatagram<Content>> {
  const datagram = await writeDatagram(end.tls, plan(end, speech, room));
  assert(datagram !== null);
  return datagram;
}

/** Lets `to` read a datagram, and answers what the packets held. */
async function read(to: TestEnd, datagram: Uint8Array): Promise<[Level, Frame[]][]> {
  const result: [Level, Frame[]][] = [];
  const sender = to.tls.role === "client" ? "server" : "client";
  for (const packet of parseDatagram(datagram, { connectionIdLength: 8 })) {
    assert("packetNumberOffset" in packet, packet.type);
    const opened = await to.tls.open(packet);
    assert(typeof opened !== "string", String(opened));
    const frames = [...decodeFrames(opened.payload, levelOf(packet), sender)];
    for (const frame of frames) {
      if (frame.type !== "crypto") continue;
      await to.tls.receiveCrypto(levelOf(packet), frame.offset, frame.data);
    }
    to.drain();
    result.push([levelOf(packet), frames.filter(({ type }) => type !== "crypto")]);
  }
  return result;
}

for (const provider of [nativeProvider, webCryptoProvider]) {
  Deno.test(`a handshake goes in coalesced datagrams, padded where it must be (${provider.name})`, async () => {
    const [client, server] = await pair(
      // Without ML-KEM, the first flights are small enough to go together with others.
      { tls: { ...clientConfig().tls, provider, groups: [NamedGroup.x25519] } },
      { tls: { ...(await serverConfig()).tls, provider } },
    );
    while (client.tls.hasCrypto("initial")) {
      await read(server, (await written(client, { initial: [PING] })).datagram);
    }
    const first = await written(client, { initial: [PING] });
    // RFC 9000 §14.1: a client's Initial packets fill 1,200 bytes.
    assertEquals(first.datagram.length, 1200);
    assertEquals(first.packets.map(({ level, bytes }) => [level, bytes]), [["initial", 1200]]);
    const [[, frames]] = await read(server, first.datagram);
    assertEquals(frames.map(({ type }) => type), ["ping", "padding"]);
    const answer = await written(server, { initial: [ACK], handshake: [PING] });
    assertEquals(answer.packets.map(({ level }) => level), ["initial", "handshake"]);
    assertEquals(answer.packets.map(({ content }) => content.ackEliciting), [true, true]);
    const sizes = answer.packets.map(({ bytes }) => bytes);
    assertEquals(sizes[0] + sizes[1], answer.datagram.length);
    assertEquals(answer.datagram.length, 1200);
    const levels = await read(client, answer.datagram);
    assertEquals(levels.map(([level]) => level), ["initial", "handshake"]);
    for (const level of ["handshake", "application"] as const) {
      while (server.tls.hasCrypto(level)) {
        const more = await written(server, { [level]: [PING] });
        if (level === "handshake") await read(client, more.datagram);
      }
    }
    // The client's second flight: Initial keys go with the first Handshake packet, after the Initial packet.
    const second = await written(client, { initial: [ACK], handshake: [ACK], application: [PING] });
    assertEquals(second.packets.map(({ level }) => level), ["initial", "handshake", "application"]);
    assertEquals(second.datagram.length, 1200);
    assert(!client.tls.canSend("initial"));
    const [initial, handshake, application] = await read(server, second.datagram);
    assertEquals(initial, ["initial", [ACK]]);
    assertEquals(handshake, ["handshake", [ACK]]);
    assertEquals(application[1].map(({ type }) => type), ["ping", "padding"]);
    assert(server.tls.complete);
    // Without Initial packets nothing is padded.
    const last = await written(server, { application: [{ type: "handshakeDone" }] });
    assert(last.datagram.length < 40);
  });
}

Deno.test("a server's Initial packet with an acknowledgement alone is not padded", async () => {
  const [client, server] = await pair();
  while (client.tls.hasCrypto("initial")) {
    await read(server, (await written(client, { initial: [PING] })).datagram);
  }
  // What there is of CRYPTO data is under way.
  while (server.tls.nextCrypto("initial", 5000) !== null);
  const answer = await written(server, { initial: [ACK] });
  assert(answer.datagram.length < 60);
  assertEquals(answer.packets[0].content.ackEliciting, false);
});

Deno.test("a datagram keeps within its room, and is null where there is none", async () => {
  const [client] = await pair();
  for (const room of [0, 10, 44]) {
    assertEquals(await writeDatagram(client.tls, plan(client, { initial: [PING] }, room)), null);
  }
  const small = await written(client, { initial: [PING] }, 300);
  assertEquals(small.datagram.length, 300);
  assertEquals(await writeDatagram(client.tls, plan(client, {})), null);
});
