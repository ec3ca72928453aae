/**
 * Loss detection and congestion control (RFC 9002): acknowledgements, the probe timeout, and NewReno.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import type { PacketNumberSpace } from "@sealane/quic-tls";

/** What a packet carried that has to arrive: told again when it was lost. */
export type SentFrame =
  | {
    kind: "crypto";
    level: "initial" | "handshake" | "application";
    offset: number;
    length: number;
  }
  | { kind: "stream"; id: number; offset: number; length: number; fin: boolean }
  | { kind: "maxStreamData"; id: number }
  | { kind: "reset" | "stop"; id: number; code: number }
  | { kind: "maxData" | "handshakeDone" | "ping" };

/** A packet that was sent and of which nothing has been heard. */
export interface SentPacket {
  readonly packetNumber: number;
  readonly level: Level;
  readonly time: number;
  readonly bytes: number;
  /** Whether it has to be acknowledged. */
  readonly ackEliciting: boolean;
  readonly frames: readonly SentFrame[];
}

interface Space {
  readonly sent: Map<number, SentPacket>;
  next: number;
  largestAcked: number;
  lastElicitingSent: number;
  lossTime: number;
}

const SPACES = ["initial", "handshake", "application"] as const;
const PACKET_THRESHOLD = 3; // RFC 9002 §6.1.1
const GRANULARITY = 1; // ms, RFC 9002 §6.1.2
const INITIAL_RTT = 333; // ms, RFC 9002 §6.2.2
const DATAGRAM = 1200;

const space = (): Space => ({
  sent: new Map(),
  next: 0,
  largestAcked: -1,
  lastElicitingSent: -Infinity,
  lossTime: Infinity,
});

/** The state of RFC 9002 for one connection. Times are milliseconds. */
export class Recovery {
  /** How long the peer may wait with an acknowledgement. */
  maxAckDelay = 25;
  bytesInFlight = 0;
  packetsLost = 0;
  readonly #spaces: Record<PacketNumberSpace, Space> = {
    initial: space(),
    handshake: space(),
    application: space(),
  };
  #window = 10 * DATAGRAM;
  #threshold = Infinity;
  #recoveryStart = -Infinity;
  #smoothed = 0;
  #variance = 0;
  #probes = 0;

  /** The next packet number of a space. */
  nextPacketNumber(name: PacketNumberSpace): number {
    return this.#spaces[name].next++;
  }

  largestAcked(name: PacketNumberSpace): number {
    return this.#spaces[name].largestAcked;
  }

  /** How many bytes the congestion window allows now. */
  get allowance(): number {
    return Math.max(0, this.#window - this.bytesInFlight);
  }

  /** The probe timeout (RFC 9002 section 6.2.1), without backoff. */
  pto(name: PacketNumberSpace = "application"): number {
    const delay = name === "application" ? this.maxAckDelay : 0;
    if (this.#smoothed === 0) return 2 * INITIAL_RTT + delay;
    return this.#smoothed + Math.max(4 * this.#variance, GRANULARITY) + delay;
  }

  onSent(name: PacketNumberSpace, packet: SentPacket): void {
    if (!packet.ackEliciting) return;
    const state = this.#spaces[name];
    state.sent.set(packet.packetNumber, packet);
    state.lastElicitingSent = packet.time;
    this.bytesInFlight += packet.bytes;
  }

  /** Takes an ACK frame; gives the packets that arrived, and `null` for one that was never sent. */
  onAck(
    name: PacketNumberSpace,
    ranges: [number, number][],
    delay: number,
    now: number,
  ): SentPacket[] | null {
    const state = this.#spaces[name];
    const largest = ranges[0][1] - 1;
    if (largest >= state.next) return null;
    const acked: SentPacket[] = [];
    for (const packet of state.sent.values()) {
      if (
        ranges.some(([start, end]) => packet.packetNumber >= start && packet.packetNumber < end)
      ) {
        acked.push(packet);
      }
    }
    state.largestAcked = Math.max(state.largestAcked, largest);
    for (const packet of acked) {
      state.sent.delete(packet.packetNumber);
      this.bytesInFlight -= packet.bytes;
      if (packet.time <= this.#recoveryStart) continue;
      // RFC 9002 §7.3.1 and §7.3.3: slow start, then one datagram per window.
      this.#window += this.#window < this.#threshold
        ? packet.bytes
        : DATAGRAM * packet.bytes / this.#window;
    }
    const newest = acked.find((packet) => packet.packetNumber === largest);
    if (newest !== undefined) this.#onRtt(now - newest.time, delay);
    if (acked.length > 0) this.#probes = 0;
    return acked;
  }

  #onRtt(latest: number, delay: number): void {
    if (this.#smoothed === 0) {
      this.#smoothed = Math.max(latest, 0.1);
      this.#variance = latest / 2;
      return;
    }
    const adjusted = Math.max(latest - Math.min(delay, this.maxAckDelay), 0.1);
    this.#variance = 0.75 * this.#variance + 0.25 * Math.abs(this.#smoothed - adjusted);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * adjusted;
  }

  /** Packets of a space that are lost by now (RFC 9002 section 6.1). */
  detectLoss(name: PacketNumberSpace, now: number): SentPacket[] {
    const state = this.#spaces[name];
    const wait = Math.max(9 / 8 * (this.#smoothed || INITIAL_RTT), GRANULARITY);
    const lost: SentPacket[] = [];
    state.lossTime = Infinity;
    for (const packet of state.sent.values()) {
      if (packet.packetNumber > state.largestAcked) continue;
      const overtaken = packet.packetNumber <= state.largestAcked - PACKET_THRESHOLD;
      if (overtaken || packet.time <= now - wait) lost.push(packet);
      else state.lossTime = Math.min(state.lossTime, packet.time + wait);
    }
    for (const packet of lost) this.#forget(state, packet);
    this.packetsLost += lost.length;
    const newest = lost.at(-1);
    if (newest !== undefined && newest.time > this.#recoveryStart) {
      this.#recoveryStart = now;
      this.#threshold = this.#window = Math.max(this.#window / 2, 2 * DATAGRAM);
    }
    return lost;
  }

  #forget(state: Space, packet: SentPacket): void {
    state.sent.delete(packet.packetNumber);
    this.bytesInFlight -= packet.bytes;
  }

  /** When to call {@link Recovery.onTimeout}. `handshaking`: a client that has nothing in flight still has to probe. */
  timeout(handshaking: boolean, now: number): number {
    let earliest = Infinity;
    const backoff = 2 ** this.#probes;
    for (const name of SPACES) {
      const { lossTime, sent, lastElicitingSent } = this.#spaces[name];
      earliest = Math.min(earliest, lossTime);
      if (sent.size > 0) {
        earliest = Math.min(earliest, lastElicitingSent + this.pto(name) * backoff);
      }
    }
    if (earliest === Infinity && handshaking) earliest = now + this.pto("initial") * backoff;
    return earliest;
  }

  /** What to send again now: lost packets, or with `probe` the oldest packets of every space that has any. */
  onTimeout(now: number): { lost: SentPacket[]; probe: boolean } {
    const lost: SentPacket[] = [];
    for (const name of SPACES) {
      if (this.#spaces[name].lossTime <= now) lost.push(...this.detectLoss(name, now));
    }
    if (lost.length > 0) return { lost, probe: false };
    // RFC 9002 §6.2.4: a probe sends data again, without saying that it is lost; two packets are enough.
    this.#probes = Math.min(this.#probes + 1, 10);
    for (const name of SPACES) {
      for (const packet of [...this.#spaces[name].sent.values()].slice(0, 2)) {
        this.#forget(this.#spaces[name], packet);
        lost.push(packet);
      }
    }
    return { lost, probe: true };
  }

  /** Takes back what a filter says: 0-RTT that was declined, spaces whose keys are gone, Initial packets before a Retry. */
  takeBack(name: PacketNumberSpace, filter: (packet: SentPacket) => boolean): SentPacket[] {
    const state = this.#spaces[name];
    const taken = [...state.sent.values()].filter(filter);
    for (const packet of taken) this.#forget(state, packet);
    if (state.sent.size === 0) state.lossTime = Infinity;
    return taken;
  }
}
