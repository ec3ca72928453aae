/**
 * The packet keys of one connection at every encryption level: which exist, which did, and how long they live (RFC 9001
 * sections 4.9 and 5.7).
 *
 * @module
 */
import {
  chain,
  type CipherSuite,
  type CryptoProvider,
  isPromise,
  type MaybePromise,
} from "@sealane/providers";
import { TlsError, wipe } from "@sealane/wire";
import type { Level } from "@sealane/handshake";
import type { DropReason } from "../packets/drop.ts";
import {
  levelOf,
  type PacketNumberSpace,
  type ProtectedPacket,
  spaceOf,
} from "../packets/protected_packet.ts";
import { type InitialProtectors, initialProtectors } from "./initial.ts";
import type { Role } from "../packets/role.ts";
import { KeyPhases, type KeyTiming } from "./key_phase.ts";
import { ForgeryCount, type OpenedPacket, PacketProtector } from "./protection.ts";
import { SentNumbers } from "./sent_numbers.ts";
import type { QuicVersion } from "../packets/version.ts";

type KeyState = "none" | "ready" | "discarded";

interface LevelState {
  read: KeyState;
  write: KeyState;
}

/** The keys of all levels. */
export class LevelKeys {
  readonly #provider: CryptoProvider;
  readonly #role: Role;
  readonly #timing: KeyTiming;
  readonly #initial = new Map<number, InitialProtectors>();
  readonly #forgeries = new Map<number, ForgeryCount>();
  readonly #state: Readonly<Record<Level, LevelState>> = {
    initial: { read: "none", write: "none" },
    early: { read: "none", write: "none" },
    handshake: { read: "none", write: "none" },
    application: { read: "none", write: "none" },
  };
  readonly #sent: Readonly<Record<PacketNumberSpace, SentNumbers>> = {
    initial: new SentNumbers(),
    handshake: new SentNumbers(),
    application: new SentNumbers(),
  };
  readonly #largest: Record<PacketNumberSpace, number> = {
    initial: -1,
    handshake: -1,
    application: -1,
  };
  #earlyRead: PacketProtector | null = null;
  #earlyWrite: PacketProtector | null = null;
  #handshakeRead: PacketProtector | null = null;
  #handshakeWrite: PacketProtector | null = null;
  #application: KeyPhases | null = null;
  #discardEarlyAt = Infinity;

  /** No keys yet. */
  constructor(provider: CryptoProvider, role: Role, timing: KeyTiming) {
    this.#provider = provider;
    this.#role = role;
    this.#timing = timing;
  }

  /** The 1-RTT keys, once there is a suite. */
  get application(): KeyPhases | null {
    return this.#application;
  }

  /** Whether packets of a level can be sent. */
  canWrite(level: Level): boolean {
    return this.#state[level].write === "ready";
  }

  /** Whether packets of a level can be opened. */
  canRead(level: Level): boolean {
    return this.#state[level].read === "ready";
  }

  /** Whether a level is over. */
  isDiscarded(level: Level): boolean {
    const { read, write } = this.#state[level];
    return read === "discarded" || write === "discarded";
  }

  /** The largest packet number that was opened in a space, or -1. */
  largest(space: PacketNumberSpace): number {
    return this.#largest[space];
  }

  /** When {@link LevelKeys.onTimeout} wants to be called, or `Infinity`. */
  get timeout(): number {
    return Math.min(this.#discardEarlyAt, this.#application?.timeout ?? Infinity);
  }

  /** Drops what is to be dropped by now. */
  onTimeout(): void {
    this.#application?.onTimeout();
    if (this.#timing.now() >= this.#discardEarlyAt) this.discard("early");
  }

  /** Initial keys of a version; those of other versions stay, unless `replace` (after a Retry). */
  installInitial(
    version: QuicVersion,
    destinationConnectionId: Uint8Array,
    replace = false,
  ): MaybePromise<void> {
    const made = initialProtectors(this.#provider, version, destinationConnectionId, this.#role);
    return chain(made, (protectors) => {
      if (replace) this.#initial.clear();
      this.#initial.set(version.id, protectors);
      this.#state.initial.read = this.#state.initial.write = "ready";
    });
  }

  /** Whether there are Initial keys of a version. */
  hasInitial(version: QuicVersion): boolean {
    return this.#initial.has(version.id);
  }

  /** Keys of a traffic secret, which is wiped. */
  installSecret(
    version: QuicVersion,
    suite: CipherSuite,
    level: Level,
    direction: "read" | "write",
    secret: Uint8Array,
  ): MaybePromise<void> {
    const forgeries = this.#forgeriesOf(suite);
    const done = (): void => {
      wipe(secret);
      this.#state[level][direction] = "ready";
    };
    if (level === "application") {
      this.#application ??= new KeyPhases(version, suite, this.#timing, forgeries);
      const installed = direction === "read"
        ? this.#application.installRead(secret)
        : this.#application.installWrite(secret);
      return chain(installed, done);
    }
    return chain(PacketProtector.create(version, suite, secret, forgeries), (protector) => {
      if (level === "early") {
        if (direction === "read") this.#earlyRead = protector;
        else this.#earlyWrite = protector;
      } else if (direction === "read") this.#handshakeRead = protector;
      else this.#handshakeWrite = protector;
      done();
    });
  }

  #forgeriesOf(suite: CipherSuite): ForgeryCount {
    const known = this.#forgeries.get(suite.id);
    if (known !== undefined) return known;
    const made = new ForgeryCount(suite.aead.integrityLimit);
    this.#forgeries.set(suite.id, made);
    return made;
  }

  /** Forgets the keys of a level, for good. */
  discard(level: Level): void {
    this.#state[level].read = this.#state[level].write = "discarded";
    if (level === "initial") this.#initial.clear();
    else if (level === "early") {
      this.#earlyRead = this.#earlyWrite = null;
      this.#discardEarlyAt = Infinity;
    } else if (level === "handshake") this.#handshakeRead = this.#handshakeWrite = null;
    else this.#application?.discard();
  }

  #writer(level: Level, version: QuicVersion): PacketProtector | KeyPhases | null {
    if (this.#state[level].write !== "ready") return null;
    if (level === "initial") return this.#initial.get(version.id)?.write ?? null;
    if (level === "early") return this.#earlyWrite;
    return level === "handshake" ? this.#handshakeWrite : this.#application;
  }

  /** Protects a packet in place: see `PacketProtector.protect`. Throws `api/state` without keys. */
  protect(
    level: Level,
    version: QuicVersion,
    packet: Uint8Array,
    headerLength: number,
    packetNumber: number,
  ): MaybePromise<Uint8Array> {
    const writer = this.#writer(level, version);
    if (writer === null) {
      throw new TlsError("api/state", `there are no write keys for the level ${level}`);
    }
    this.#sent[spaceOf(level)].use(packetNumber);
    return writer.protect(packet, headerLength, packetNumber);
  }

  #reader(level: Level, packet: ProtectedPacket): PacketProtector | KeyPhases | null {
    if (packet.type === "initial") return this.#initial.get(packet.version.id)?.read ?? null;
    if (level === "early") return this.#earlyRead;
    return level === "handshake" ? this.#handshakeRead : this.#application;
  }

  /** Opens a packet. What does not open is a {@link DropReason}; see `PacketProtector.unprotect` for what throws. */
  open(packet: ProtectedPacket): MaybePromise<OpenedPacket | DropReason> {
    const level = levelOf(packet);
    const { read } = this.#state[level];
    if (read === "discarded") return "keys-discarded";
    const reader = this.#reader(level, packet);
    if (read === "none" || reader === null) return "keys-unavailable";
    const space = spaceOf(level);
    const { bytes, packetNumberOffset } = packet;
    const opened = reader.unprotect(bytes, packetNumberOffset, this.#largest[space]);
    if (isPromise(opened)) return opened.then((result) => this.#note(level, space, result));
    return this.#note(level, space, opened);
  }

  #note(
    level: Level,
    space: PacketNumberSpace,
    opened: OpenedPacket | DropReason,
  ): OpenedPacket | DropReason {
    if (typeof opened === "string") return opened;
    if (opened.packetNumber > this.#largest[space]) this.#largest[space] = opened.packetNumber;
    // RFC 9001 §4.9.3: 0-RTT keys live at most three PTOs after the first 1-RTT packet.
    if (level === "application" && this.#earlyRead !== null && this.#discardEarlyAt === Infinity) {
      this.#discardEarlyAt = this.#timing.now() + 3 * this.#timing.pto();
    }
    return opened;
  }
}
