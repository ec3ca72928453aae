/**
 * A network in memory with a clock of its own: seeded, so that every run of a test is the same, and without waiting.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { PeerAddress } from "@sealane/quic-tls";
import type { Clock, UdpSocket } from "../machine.ts";

/** What may happen to a datagram, each with its probability. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly corruption: number;
  /** Latency in milliseconds: datagrams overtake each other. */
  readonly latency: readonly [number, number];
}

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** Sockets and a clock that moves on when nothing else happens. */
export class Simulation {
  readonly clock: Clock;
  readonly random: () => number;
  /** Datagrams sent, and those that were lost. */
  sent = 0;
  lost = 0;
  readonly #weather: Weather;
  readonly #handlers = new Map<number, (datagram: Uint8Array, from: PeerAddress) => void>();
  readonly #timers = new Set<Timer>();
  #time = 0;
  #ports = 1;

  constructor(weather: Weather, random: () => number) {
    this.#weather = weather;
    this.random = random;
    this.clock = {
      now: () => this.#time,
      set: (action, delay) => {
        const timer = { at: this.#time + delay, action };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
      },
    };
  }

  /** A socket of this network. */
  socket(): UdpSocket {
    const address = { hostname: "simulation", port: this.#ports++ };
    return {
      address,
      send: (datagram, to) => this.#send(datagram, address, to),
      receive: (handler) => void this.#handlers.set(address.port, handler),
      close: () => void this.#handlers.delete(address.port),
    };
  }

  #send(datagram: Uint8Array, from: PeerAddress, to: PeerAddress): void {
    const { loss, duplication, corruption, latency: [least, most] } = this.#weather;
    this.sent++;
    if (this.random() < loss) {
      this.lost++;
      return;
    }
    const bytes = datagram.slice();
    if (this.random() < corruption) bytes[Math.floor(this.random() * bytes.length)] ^= 0x55;
    for (let copies = this.random() < duplication ? 2 : 1; copies > 0; copies--) {
      const deliver = (): void => this.#handlers.get(to.port)?.(bytes.slice(), from);
      this.clock.set(deliver, least + this.random() * (most - least));
    }
  }

  /** Lets time pass until `work` is done; fails after `limit` milliseconds of the simulation's time. */
  async run<T>(work: Promise<T>, limit: number): Promise<T> {
    let done = false;
    const end = work.finally(() => done = true);
    end.catch(() => {}); // It is returned below.
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (done) return end;
      let next: Timer | null = null;
      for (const timer of this.#timers) if (next === null || timer.at < next.at) next = timer;
      if (next === null) throw new Error("nothing happens any more");
      if (next.at > limit) throw new Error(`no end after ${limit / 1000} seconds`);
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.at);
      next.action();
    }
  }
}
