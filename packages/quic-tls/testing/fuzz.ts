/**
 * Throws random and mutated packets at connections in every state of their life: none may open, change a state or throw.
 * And frames at their decoder.
 *
 * `deno run -A packages/quic-tls/testing/fuzz.ts [packets] [seed]`
 *
 * @module
 */
import { isPromise } from "@sealane/providers";
import { concat, toHex } from "@sealane/wire";
import { SeededRandom } from "@sealane/wire/testing";
import { QuicError, transportErrorName } from "../errors.ts";
import { decodeFrames } from "../frames/frame_decoder.ts";
import { encodeFrame } from "../frames/frame_encoder.ts";
import type { Frame } from "../frames/frames.ts";
import { parseDatagram } from "../packets/header.ts";
import { pair, type TestEnd } from "./test_end.ts";

/** Everything of an end that a forged packet must leave alone; byte strings by reference, since they are never written. */
function stateOf({ tls, events, opened }: TestEnd): readonly unknown[] {
  return [
    tls.version,
    tls.complete,
    tls.confirmed,
    tls.keyPhase,
    tls.timeout,
    tls.readLevel,
    tls.writeLevel,
    tls.error,
    tls.token,
    tls.destinationConnectionId,
    tls.largestReceived("initial"),
    tls.largestReceived("handshake"),
    tls.largestReceived("application"),
    events.length,
    opened.length,
  ];
}

/** What differs between two states, or -1. */
function changedPart(before: readonly unknown[], after: readonly unknown[]): number {
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) return i;
  return -1;
}

/** Ends at each stage of a handshake, with genuine packets that each of them has not seen. */
async function stages(): Promise<{ end: TestEnd; genuine: Uint8Array[] }[]> {
  const result: { end: TestEnd; genuine: Uint8Array[] }[] = [];
  for (let rounds = 0; rounds < 4; rounds++) {
    const [client, server] = await pair();
    for (let round = 0; round < rounds; round++) {
      for (const [from, to] of [[client, server], [server, client]]) {
        for (const datagram of await from.flight()) await to.receive(datagram);
      }
    }
    const clientPackets = await client.flight();
    for (const [end, peer] of [[client, server], [server, client]]) {
      const genuine = end === server ? clientPackets : [];
      for (const level of ["initial", "handshake", "application"] as const) {
        if (peer.tls.canSend(level)) {
          // Short and long: the rules are the same, and short ones cost less.
          for (const length of [30, 90, 1100]) {
            genuine.push(await peer.packet(level, new Uint8Array(length)));
          }
        }
      }
      if (genuine.length === 0) genuine.push(new Uint8Array(1200).fill(0xc0));
      end.drain();
      result.push({ end, genuine });
    }
  }
  return result;
}

/** What must not become of a forged packet. */
const ACCEPTED: ReadonlySet<string> = new Set([
  "opened",
  "followed",
  "protocol-error",
  "no-common-version",
]);

/** Throws `packets` packets; rejects with what went wrong and the seed. Answers how many there were of each drop reason. */
export async function fuzz(packets: number, seed: number): Promise<Map<string, number>> {
  const random = new SeededRandom(seed);
  const below = (limit: number): number => random.below(limit);
  const targets = await stages();
  const before = targets.map(({ end }) => stateOf(end));
  const reasons = new Map<string, number>();
  for (let i = 0; i < packets; i++) {
    const { end, genuine } = targets[i % targets.length];
    const bytes = below(4) === 0
      ? Uint8Array.from({ length: below(120) }, () => below(256))
      : mutate(genuine[below(genuine.length)], below);
    for (const packet of parseDatagram(bytes, { connectionIdLength: 8 })) {
      let outcome: string = packet.type;
      if (packet.type === "dropped") outcome = packet.reason;
      else if (packet.type === "retry") {
        const pending = end.tls.receiveRetry(packet);
        outcome = (isPromise(pending) ? await pending : pending) ?? "followed";
      } else if (packet.type === "version-negotiation") {
        const next = end.tls.receiveVersionNegotiation(packet);
        outcome = typeof next === "string" ? next : "followed";
      } else if ("packetNumberOffset" in packet) {
        const pending = end.tls.open(packet);
        const opened = isPromise(pending) ? await pending : pending;
        outcome = typeof opened === "string" ? opened : "opened";
      }
      if (ACCEPTED.has(outcome)) {
        throw new Error(`seed ${seed}, packet ${i}: ${outcome} ${toHex(packet.bytes)}`);
      }
      reasons.set(outcome, (reasons.get(outcome) ?? 0) + 1);
    }
    end.drain();
    const changed = changedPart(before[i % targets.length], stateOf(end));
    if (changed >= 0) throw new Error(`seed ${seed}, packet ${i}: part ${changed} has changed`);
  }
  return reasons;
}

/** Changes one to four places, sometimes cuts or doubles the packet; never gives the original back. */
function mutate(original: Uint8Array, below: (limit: number) => number): Uint8Array {
  const bytes = original.slice();
  // The first place is in the header or in the whole packet, by turns: both have rules to break.
  const first = below(2) === 0 ? below(Math.min(40, bytes.length)) : below(bytes.length);
  bytes[first] ^= 1 + below(255);
  for (let more = below(4); more > 0; more--) {
    const at = below(bytes.length);
    if (at !== first) bytes[at] = below(256);
  }
  if (below(8) === 0) return bytes.subarray(0, below(bytes.length));
  return bytes;
}

/** Frames to begin with: one of each type, from the figures of RFC 9000 section 19. */
const FRAMES: readonly Frame[] = [
  { type: "padding", length: 3 },
  { type: "ack", ranges: [[100, 101], [85, 96]], delay: 7, ecn: { ect0: 1, ect1: 2, ce: 3 } },
  { type: "resetStream", streamId: 8, code: 256, finalSize: 70_000 },
  { type: "stopSending", streamId: 8, code: 256 },
  { type: "crypto", offset: 1024, data: new Uint8Array(20) },
  { type: "newToken", token: new Uint8Array(9) },
  { type: "stream", streamId: 4, offset: 70_000, data: new Uint8Array(20), fin: true },
  { type: "maxStreams", kind: "uni", maximum: 2 ** 40 },
  { type: "streamDataBlocked", streamId: 4, maximum: 2 ** 50 },
  {
    type: "newConnectionId",
    sequenceNumber: 3,
    retirePriorTo: 2,
    connectionId: new Uint8Array(8),
    statelessResetToken: new Uint8Array(16),
  },
  { type: "pathChallenge", data: new Uint8Array(8) },
  { type: "connectionClose", code: 256, application: false, frameType: 6, reason: "why" },
  { type: "datagram", data: new Uint8Array(5) },
];

/**
 * Reads `rounds` payloads of mutated and random frames: each is read to its end, or refused with a {@link QuicError}; what
 * was read is written and read again. Answers how often each code came.
 */
export function fuzzFrames(rounds: number, seed: number): Promise<Map<string, number>> {
  const random = new SeededRandom(seed);
  const below = (limit: number): number => random.below(limit);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < rounds; i++) {
    const whole = concat(
      Array.from({ length: 1 + below(3) }, () => encodeFrame(FRAMES[below(FRAMES.length)])),
    );
    const payload = below(8) === 0
      ? Uint8Array.from({ length: below(60) }, () => below(256))
      : mutate(whole, below);
    const level = (["initial", "handshake", "early", "application"] as const)[below(4)];
    const sender = below(2) === 0 ? "client" : "server";
    let outcome = "read";
    const frames: Frame[] = [];
    try {
      for (const frame of decodeFrames(payload, level, sender, { datagrams: true })) {
        frames.push(frame);
      }
    } catch (error) {
      if (!(error instanceof QuicError)) throw new Error(`seed ${seed}`, { cause: error });
      outcome = transportErrorName(error.transportError);
    }
    const again = frames.length === 0 ? [] : [
      ...decodeFrames(concat(frames.map(encodeFrame)), level, sender, { datagrams: true }),
    ];
    if (again.map(describe).join() !== frames.map(describe).join()) {
      throw new Error(`seed ${seed}: ${toHex(payload)} is not the same when written again`);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return Promise.resolve(outcomes);
}

/** A frame as text. */
function describe(frame: Frame): string {
  return JSON.stringify(frame, (_, value) => value instanceof Uint8Array ? toHex(value) : value);
}

if (import.meta.main) {
  const [packets = "1000000", seed = String(Date.now() % 2 ** 31)] = Deno.args;
  console.log(`${packets} packets, seed ${seed}`);
  const reasons = await fuzz(Number(packets), Number(seed));
  for (const [reason, count] of [...reasons].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(count).padStart(10)} ${reason}`);
  }
}
