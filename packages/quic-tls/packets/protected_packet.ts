/**
 * Packets that have packet protection: the level whose keys they need, and the space of their number.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import type { LongPacket, ShortPacket } from "./header.ts";

/** A packet that has packet protection. */
export type ProtectedPacket = LongPacket | ShortPacket;

/** The three packet number spaces (RFC 9000 section 12.3): 0-RTT and 1-RTT packets share one. */
export type PacketNumberSpace = "initial" | "handshake" | "application";

const LEVEL_OF_TYPE: Readonly<Record<ProtectedPacket["type"], Level>> = {
  initial: "initial",
  "0rtt": "early",
  handshake: "handshake",
  "1rtt": "application",
};

/** The encryption level whose keys protect a packet. */
export function levelOf(packet: ProtectedPacket): Level {
  return LEVEL_OF_TYPE[packet.type];
}

/** The packet number space of a level. */
export function spaceOf(level: Level): PacketNumberSpace {
  return level === "early" ? "application" : level;
}
