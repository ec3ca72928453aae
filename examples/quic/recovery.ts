/**
 * Loss detection and congestion control (RFC 9002): acknowledgements, the probe timeout, and NewReno.
 *
 * @module
 */
import {
  type AckFrame,
  ackFrame,
  type PacketNumberSpace,
  QuicError,
  RangeSet,
  spaceOf,
  TransportErrorCode,
  type WrittenPacket,
} from "@sealane/quic-tls";
import type { Fate, Payload } from "./payload.ts";

/** A packet that was sent, that has to be acknowledged, and of which nothing has been heard. */
export interface SentPacket extends Omit<WrittenPacket<Payload>, "content"> {
  readonly time: number;
  readonly fates: readonly Fate[];
}

/** A packet number space (RFC 9000 section 12.3). */
class Space {
  /** Packets that came, when the one with the largest number did, and whether an acknowledgement is owed. */
  readonly received = new RangeSet();
  #largestTime = 0;
  ackOwed = false;
  /** Packets that may be lost. */
  readonly sent = new Map<number, SentPacket>();
  nextNumber = 0;
  largestAcked = -1;
  lastSent = -Infinity;
  lossTime = Infinity;

  /** Takes a packet number, once (RFC 9000 section 12.3). */
  receive(number: number, now: number): boolean {
    if (this.received.has(number)) return false;
    this.received.add(number, number + 1);
    if (this.received.end(this.received.size - 1) === number + 1) this.#largestTime = now;
    return true;
  }

  /** What came; the delay is in units of eight microseconds (RFC 9000 section 19.3). */
  acknowledgement(now: number): AckFrame {
    return ackFrame(this.received, Math.floor(125 * (now - this.#largestTime)));
  }
}

export const DATAGRAM = 1200; // bytes
const SPACES = ["initial", "handshake", "application"] as const;
const PACKET_THRESHOLD = 3; // RFC 9002 §6.1.1
const GRANULARITY = 1; // ms, RFC 9002 §6.1.2
const INITIAL_RTT = 333; // ms, RFC 9002 §6.2.2

/** The state of RFC 9002 for one connection. Times are milliseconds. */
export class Recovery {
  /** How long the peer may wait with an acknowledgement. */
  maxAckDelay = 25;
  readonly spaces = { initial: new Space(), handshake: new Space(), application: new Space() };
  #inFlight = 0;
  #window = 10 * DATAGRAM;
  #threshold = Infinity;
  #recoveryStart = -Infinity;
  #smoothed = 0;
  #variance = 0;
  /** Probe timeouts since the last acknowledgement, and packets that they let out. */
  #probes = 0;
  #probesOwed = 0;

  /** Whether a packet that has to be acknowledged may be sent (RFC 9002 section 7). */
  get maySend(): boolean {
    // RFC 9002 §7.5: the window does not hold back probes.
    return this.#inFlight + DATAGRAM <= this.#window || this.#probesOwed > 0;
  }

  /** The probe timeout (RFC 9002 section 6.2.1), without backoff. */
  pto(name: PacketNumberSpace = "application"): number {
    const delay = name === "application" ? this.maxAckDelay : 0;
    if (this.#smoothed === 0) return 2 * INITIAL_RTT + delay;
    return this.#smoothed + Math.max(4 * this.#variance, GRANULARITY) + delay;
  }

  onSent(packet: SentPacket): void {
    const space = this.spaces[spaceOf(packet.level)];
    space.sent.set(packet.packetNumber, packet);
    space.lastSent = packet.time;
    this.#inFlight += packet.bytes;
    this.#probesOwed = Math.max(0, this.#probesOwed - 1);
  }

  /** Takes an ACK frame that waited `delay` milliseconds; answers which packets it acknowledges for the first time. */
  onAck(name: PacketNumberSpace, { ranges }: AckFrame, delay: number, now: number): SentPacket[] {
    const space = this.spaces[name];
    const largest = ranges[0][1] - 1;
    if (largest >= space.nextNumber) {
      const reason = `packet ${largest} is acknowledged, which was never sent`;
      throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
    }
    const newest = space.sent.get(largest);
    const acked = this.#take(name, ({ packetNumber: number }) => {
      return ranges.some(([start, end]) => number >= start && number < end);
    });
    space.largestAcked = Math.max(space.largestAcked, largest);
    if (acked.length > 0) this.#probes = 0;
    for (const packet of acked) {
      // RFC 9002 §7.3.1 and §7.3.3: slow start, then one datagram per window.
      const growth = this.#window < this.#threshold ? 1 : DATAGRAM / this.#window;
      if (packet.time > this.#recoveryStart) this.#window += growth * packet.bytes;
      for (const { onAcked } of packet.fates) onAcked?.();
    }
    // What was acknowledged late, or again, says little about the path.
    if (newest !== undefined && delay <= this.maxAckDelay) this.#onRtt(now - newest.time, delay);
    this.#detectLoss(name, now);
    return acked;
  }

  /** RFC 9002 section 5.3. */
  #onRtt(latest: number, delay: number): void {
    const adjusted = Math.max(latest - Math.min(delay, this.maxAckDelay), 0.1);
    if (this.#smoothed === 0) {
      this.#smoothed = Math.max(latest, 0.1);
      this.#variance = latest / 2;
    } else {
      this.#variance = 0.75 * this.#variance + 0.25 * Math.abs(this.#smoothed - adjusted);
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * adjusted;
    }
  }

  /** Tells packets lost that were overtaken, or are older than 9/8 of a round trip (RFC 9002 section 6.1). */
  #detectLoss(name: PacketNumberSpace, now: number): number {
    const space = this.spaces[name];
    const wait = Math.max(9 / 8 * (this.#smoothed || INITIAL_RTT), GRANULARITY);
    space.lossTime = Infinity;
    const lost = this.#take(name, ({ packetNumber, time }) => {
      if (packetNumber > space.largestAcked) return false;
      const overtaken = packetNumber <= space.largestAcked - PACKET_THRESHOLD;
      if (overtaken || time + wait <= now) return true;
      space.lossTime = Math.min(space.lossTime, time + wait);
      return false;
    }, true);
    // RFC 9002 §7.3.2: the window is halved once per round trip.
    if ((lost.at(-1)?.time ?? -Infinity) > this.#recoveryStart) {
      this.#recoveryStart = now;
      this.#threshold = this.#window = Math.max(this.#window / 2, 2 * DATAGRAM);
    }
    return lost.length;
  }

  /** When to call {@link Recovery.onTimeout}. `handshaking`: a client that has nothing in flight still has to probe. */
  timeout(handshaking: boolean, now: number): number {
    let earliest = Infinity;
    const backoff = 2 ** this.#probes;
    for (const name of SPACES) {
      const { lossTime, sent, lastSent } = this.spaces[name];
      const probe = sent.size > 0 ? lastSent + this.pto(name) * backoff : Infinity;
      earliest = Math.min(earliest, lossTime, probe);
    }
    // RFC 9002 §6.2.2.1: the server may wait for a datagram that lets it send more.
    if (earliest === Infinity && handshaking) return now + this.pto("initial") * backoff;
    return earliest;
  }

  /** Has packets sent again; answers whether this is a probe, which needs something to be acknowledged. */
  onTimeout(now: number): boolean {
    let lost = 0;
    for (const name of SPACES) {
      if (this.spaces[name].lossTime <= now) lost += this.#detectLoss(name, now);
    }
    if (lost > 0) return false;
    // RFC 9002 §6.2.4: a probe sends old data again; two packets are enough.
    this.#probes = Math.min(this.#probes + 1, 10);
    this.#probesOwed = 2;
    for (const name of SPACES) {
      let oldest = 0;
      this.#take(name, () => oldest++ < 2, true);
    }
    return true;
  }

  /** Forgets a space whose keys are gone or new. */
  forget(name: PacketNumberSpace): void {
    this.#take(name, () => true);
  }

  /** Has 0-RTT packets that the server declined sent again. */
  sendEarlyDataAgain(): void {
    this.#take("application", ({ level }) => level === "early", true);
  }

  /** Takes packets out of a space, and tells their frames if they are lost. */
  #take(name: PacketNumberSpace, filter: (packet: SentPacket) => boolean, lost = false) {
    const space = this.spaces[name];
    const taken = [...space.sent.values()].filter(filter);
    for (const packet of taken) {
      space.sent.delete(packet.packetNumber);
      this.#inFlight -= packet.bytes;
      if (lost) { for (const { onLost } of packet.fates) onLost(); }
    }
    if (space.sent.size === 0) space.lossTime = Infinity;
    return taken;
  }
}
