/**
 * A whole datagram in one call: a packet of each level that has something to say, coalesced, padded where it has to be,
 * and protected in place (RFC 9000 sections 12.2 and 14.1).
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { chain, isPromise, type MaybePromise } from "@sealane/providers";
import { MIN_INITIAL_DATAGRAM, PACKET_TAG_LENGTH } from "./header.ts";
import { type PacketNumberSpace, spaceOf } from "./protected_packet.ts";
import {
  type PacketFields,
  packetOverhead,
  type PacketSender,
  writePacketHeader,
} from "./packet_writer.ts";

/** What a transport has written for one packet. */
export interface PacketContent {
  /** How many bytes of frames; 0: no packet. With `packetNumberLength`, 4 at least. */
  readonly length: number;
  /** Whether a frame asks for an acknowledgement: see `isAckEliciting`. */
  readonly ackEliciting: boolean;
}

/** How a datagram is filled. */
export interface DatagramPlan<Content extends PacketContent> {
  /** How many bytes the datagram may have: its usual size, and not more than `AmplificationBudget.available`. */
  readonly room: number;
  /** Our connection ID, for long headers. */
  readonly sourceConnectionId: Uint8Array;
  /** How many bytes of packet numbers to send, 1 to 4; 4, which is enough for any window, unless given. */
  readonly packetNumberLength?: number;
  /** The next packet number of a space: each once. */
  nextPacketNumber(space: PacketNumberSpace): number;
  /** Writes frames of a level into `bytes`, from the start, as many as fit. */
  fill(level: Level, bytes: Uint8Array): Content;
}

/** A packet of a datagram, for loss recovery. */
export interface WrittenPacket<Content extends PacketContent> {
  /** The level whose keys protect it. */
  readonly level: Level;
  /** Its number. */
  readonly packetNumber: number;
  /** How many bytes of the datagram it takes. */
  readonly bytes: number;
  /** What `fill` gave for it. */
  readonly content: Content;
}

/** A datagram that is ready to be sent. */
export interface WrittenDatagram<Content extends PacketContent> {
  /** Its bytes. */
  readonly datagram: Uint8Array;
  /** Its packets, in order. */
  readonly packets: readonly WrittenPacket<Content>[];
}

interface Draft<Content> {
  readonly fields: PacketFields;
  readonly content: Content;
  /** Where the packet starts in the datagram. */
  readonly start: number;
  /** Where its frames start. */
  readonly headerEnd: number;
  /** Where its frames end, and its tag begins. */
  end: number;
}

/**
 * Writes one datagram for `tls`, or answers `null` where no level has anything to say. `fill` is asked once for each level
 * that has keys, the lowest first, and 0-RTT only as long as there is no 1-RTT.
 *
 * ```ts ignore
 * const written = await writeDatagram(tls, {
 *   room: Math.min(1200, budget.available),
 *   sourceConnectionId,
 *   nextPacketNumber: (space) => recovery.nextPacketNumber(space),
 *   fill: (level, bytes) => writeFrames(level, bytes),
 * });
 * if (written !== null) socket.send(written.datagram);
 * ```
 *
 * @throws {QuicError} `AEAD_LIMIT_REACHED`: see `QuicTls.protect`.
 */
export function writeDatagram<Content extends PacketContent>(
  tls: PacketSender,
  plan: DatagramPlan<Content>,
): MaybePromise<WrittenDatagram<Content> | null> {
  const buffer = new Uint8Array(Math.max(0, plan.room));
  const drafts = draftPackets(tls, plan, buffer);
  if (drafts.length === 0) return null;
  padInitial(tls, drafts, buffer);
  for (const { fields, start, headerEnd, end } of drafts) {
    writePacketHeader(buffer, start, tls, fields, end - headerEnd);
  }
  const packets = drafts.map(({ fields: { level, packetNumber }, content, start, end }) => {
    return { level, packetNumber, bytes: end + PACKET_TAG_LENGTH - start, content };
  });
  const datagram = buffer.subarray(0, drafts[drafts.length - 1].end + PACKET_TAG_LENGTH);
  return chain(protect(tls, drafts, buffer, 0), () => ({ datagram, packets }));
}

function draftPackets<Content extends PacketContent>(
  tls: PacketSender,
  plan: DatagramPlan<Content>,
  buffer: Uint8Array,
): Draft<Content>[] {
  const { sourceConnectionId, packetNumberLength = 4 } = plan;
  const drafts: Draft<Content>[] = [];
  let start = 0;
  const data = tls.canSend("application") ? "application" : "early";
  for (const level of ["initial", "handshake", data] as const) {
    if (!tls.canSend(level)) continue;
    const blank = { level, packetNumber: 0, packetNumberLength, sourceConnectionId };
    const headerEnd = start + packetOverhead(tls, blank) - PACKET_TAG_LENGTH;
    const frames = buffer.subarray(
      headerEnd,
      Math.max(headerEnd, buffer.length - PACKET_TAG_LENGTH),
    );
    const content = plan.fill(level, frames);
    if (content.length === 0) continue;
    const fields = { ...blank, packetNumber: plan.nextPacketNumber(spaceOf(level)) };
    const end = headerEnd + content.length;
    drafts.push({ fields, content, start, headerEnd, end });
    start = end + PACKET_TAG_LENGTH;
  }
  return drafts;
}

/**
 * RFC 9000 section 14.1: a client's datagrams with Initial packets have 1,200 bytes at least, and so have a server's if
 * those ask for an acknowledgement. PADDING goes into the last packet.
 */
function padInitial(tls: PacketSender, drafts: Draft<PacketContent>[], buffer: Uint8Array): void {
  const initial = drafts.find(({ fields }) => fields.level === "initial");
  if (initial === undefined || tls.role === "server" && !initial.content.ackEliciting) return;
  const last = drafts[drafts.length - 1];
  const end = Math.min(buffer.length, MIN_INITIAL_DATAGRAM) - PACKET_TAG_LENGTH;
  if (end <= last.end) return;
  buffer.fill(0, last.end, end);
  last.end = end;
}

/** Protects the packets from `index` on: in order, since a client's first Handshake packet ends its Initial keys. */
function protect(
  tls: PacketSender,
  drafts: readonly Draft<PacketContent>[],
  buffer: Uint8Array,
  index: number,
): MaybePromise<void> {
  for (let i = index; i < drafts.length; i++) {
    const { fields: { level, packetNumber }, start, headerEnd, end } = drafts[i];
    const packet = buffer.subarray(start, end + PACKET_TAG_LENGTH);
    const sealed = tls.protect(level, packet, headerEnd - start, packetNumber);
    if (isPromise(sealed)) return sealed.then(() => protect(tls, drafts, buffer, i + 1));
  }
}
