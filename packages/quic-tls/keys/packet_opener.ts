/**
 * What becomes of a packet that came: it is refused before any key is used, held until its keys are there, or opened.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { type AdmissionState, refusePacket } from "../packets/admission.ts";
import type { DropReason } from "../packets/drop.ts";
import { HoldQueue } from "../packets/hold_queue.ts";
import { levelOf, type ProtectedPacket } from "../packets/protected_packet.ts";
import type { LevelKeys } from "./level_keys.ts";
import type { OpenedPacket } from "./protection.ts";

/** What opening depends on besides the keys. */
export interface OpenerState extends AdmissionState {
  /** Whether 1-RTT packets have to wait, though there may be keys (RFC 9001 section 5.7). */
  readonly withheld: boolean;
  /** The connection ID that Initial keys are made of. */
  readonly keySource: Uint8Array;
}

/** Opens the packets of one connection. */
export class PacketOpener {
  readonly #keys: LevelKeys;
  readonly #held: HoldQueue;

  /** `limit` is how many packets are held; 0: none. */
  constructor(keys: LevelKeys, limit: number) {
    this.#keys = keys;
    this.#held = new HoldQueue(limit);
  }

  /** Opens a packet, or says why it does not. Throws where the peer broke the rules. */
  open(packet: ProtectedPacket, state: OpenerState): MaybePromise<OpenedPacket | DropReason> {
    const refused = refusePacket(packet, state);
    if (refused !== null) return refused;
    if (state.withheld && packet.type === "1rtt") {
      return this.#held.add(packet, "handshake-incomplete");
    }
    if (packet.type === "initial" && !this.#keys.hasInitial(packet.version)) {
      if (this.#keys.isDiscarded("initial")) return "keys-discarded";
      const installed = this.#keys.installInitial(packet.version, state.keySource);
      if (isPromise(installed)) return installed.then(() => this.#open(packet));
    }
    return this.#open(packet);
  }

  #open(packet: ProtectedPacket): MaybePromise<OpenedPacket | DropReason> {
    const opened = this.#keys.open(packet);
    if (isPromise(opened)) return opened.then((result) => this.#hold(packet, result));
    return this.#hold(packet, opened);
  }

  #hold(packet: ProtectedPacket, opened: OpenedPacket | DropReason): OpenedPacket | DropReason {
    return opened === "keys-unavailable" ? this.#held.add(packet, opened) : opened;
  }

  /** The held packets of levels that can be opened now. */
  take(canOpen: (level: Level) => boolean): ProtectedPacket[] {
    return this.#held.take((packet) => {
      const level = levelOf(packet);
      if (this.#keys.isDiscarded(level)) return "over";
      return canOpen(level) ? "ready" : "waiting";
    });
  }

  /** Forgets the held packets. */
  forget(): void {
    this.#held.clear();
  }
}
