/**
 * Packets that came before their keys, up to a number (RFC 9001 section 5.7).
 *
 * @module
 */
import type { DropReason } from "./drop.ts";
import type { ProtectedPacket } from "./protected_packet.ts";

/** What has become possible with a packet. */
export type HeldState = "waiting" | "ready" | "over";

/** A bounded queue of packets. */
export class HoldQueue {
  readonly #limit: number;
  #packets: ProtectedPacket[] = [];

  /** `limit` is how many packets are held; 0: none. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Holds a copy of a packet, if there is room, and says what became of it: `reason` if nothing is ever held. */
  add(packet: ProtectedPacket, reason: DropReason): DropReason {
    if (this.#limit === 0) return reason;
    if (this.#packets.length >= this.#limit) return "hold-queue-full";
    // The datagram's memory is the transport's, which may use it again.
    this.#packets.push({ ...packet, bytes: packet.bytes.slice() });
    return "held";
  }

  /** Removes and returns the packets that are ready; those that are over go, too. */
  take(stateOf: (packet: ProtectedPacket) => HeldState): ProtectedPacket[] {
    const ready: ProtectedPacket[] = [];
    const waiting: ProtectedPacket[] = [];
    for (const packet of this.#packets) {
      const state = stateOf(packet);
      if (state === "ready") ready.push(packet);
      else if (state === "waiting") waiting.push(packet);
    }
    this.#packets = waiting;
    return ready;
  }

  /** Forgets everything. */
  clear(): void {
    this.#packets = [];
  }
}
