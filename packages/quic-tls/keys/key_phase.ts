/**
 * The keys of 1-RTT packets and their updates (RFC 9001 section 6).
 *
 * At most three generations of read keys exist: the previous one for packets that were overtaken, the current one, and
 * the next one, made ahead of time so that a packet that starts an update costs no more than another (section 9.5).
 *
 * @module
 */
import {
  chain,
  type CipherSuite,
  type HeaderProtectionKey,
  hkdfExpandLabel,
  isPromise,
  type MaybePromise,
} from "@sealane/providers";
import { TlsError, wipe } from "@sealane/wire";
import type { DropReason } from "../packets/drop.ts";
import { QuicError, TransportErrorCode } from "../errors.ts";
import {
  checkOpened,
  ForgeryCount,
  headerProtectionKey,
  type OpenedPacket,
  PacketKey,
  protectHeader,
  type UnmaskedPacket,
  unprotectHeader,
} from "./protection.ts";
import type { QuicVersion } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);
const KEY_PHASE_BIT = 0x04;

/** What {@link KeyPhases} asks of the transport: the time and the probe timeout, in milliseconds. */
export interface KeyTiming {
  /** A clock that does not go back. */
  now(): number;
  /** The probe timeout of the moment (RFC 9002 section 6.2.1). */
  pto(): number;
}

/** The secret after `secret` (RFC 9001 section 6.1). */
export function nextSecret(
  version: QuicVersion,
  suite: CipherSuite,
  secret: Uint8Array,
): Uint8Array {
  return hkdfExpandLabel(
    suite.hash,
    secret,
    version.labels.keyUpdate,
    EMPTY,
    suite.hash.outputLength,
  );
}

interface Generation {
  readonly read: PacketKey;
  readonly write: PacketKey;
}

/** One key phase: its keys, and the packet numbers that were sent and received under them. */
class Phase {
  /** How many updates came before it. */
  readonly number: number;
  /** The key of the peer's packets; `null` before it is there and once it is discarded. */
  read: PacketKey | null;
  /** The key of our packets; `null` before it is there and after the phase. */
  write: PacketKey | null;
  /** The first packet number that we sent; -1: nothing was sent. */
  firstSent = -1;
  /** Whether a packet of ours was acknowledged. The first phase needs no acknowledgement: confirmation stands for it. */
  acknowledged: boolean;
  /** The lowest packet number that was received. */
  lowest = Infinity;
  /** The highest packet number that was received; -1: none. */
  highest = -1;

  constructor(number: number, read: PacketKey | null, write: PacketKey | null) {
    this.number = number;
    this.read = read;
    this.write = write;
    this.acknowledged = number === 0;
  }

  /** Whether the key phase bit of a first byte is that of this phase. */
  isOf(firstByte: number): boolean {
    return (firstByte & KEY_PHASE_BIT) === 0 === ((this.number & 1) === 0);
  }
}

/** The 1-RTT keys of both directions. */
export class KeyPhases {
  readonly #version: QuicVersion;
  readonly #suite: CipherSuite;
  readonly #timing: KeyTiming;
  readonly #forgeries: ForgeryCount;
  #readHeader: HeaderProtectionKey | null = null;
  #writeHeader: HeaderProtectionKey | null = null;
  #readSecret: Uint8Array | null = null;
  #writeSecret: Uint8Array | null = null;
  #current = new Phase(0, null, null);
  #previous: Phase | null = null;
  #next: MaybePromise<Generation> | null = null;
  #confirmed = false;
  #updateNotBefore = -Infinity;
  #discardPreviousAt = Infinity;

  /** No keys yet: they come with {@link KeyPhases.installWrite} and {@link KeyPhases.installRead}. */
  constructor(
    version: QuicVersion,
    suite: CipherSuite,
    timing: KeyTiming,
    forgeries: ForgeryCount = new ForgeryCount(suite.aead.integrityLimit),
  ) {
    this.#version = version;
    this.#suite = suite;
    this.#timing = timing;
    this.#forgeries = forgeries;
  }

  /** Bytes that a packet grows by. */
  get tagLength(): number {
    return this.#suite.aead.tagLength;
  }

  /** How many updates there were: the key phase bit is its lowest bit. */
  get phase(): number {
    return this.#current.number;
  }

  /** Whether packets can be sent. */
  get canWrite(): boolean {
    return this.#current.write !== null;
  }

  /** Whether packets can be opened. */
  get canRead(): boolean {
    return this.#current.read !== null;
  }

  /** When {@link KeyPhases.onTimeout} wants to be called, or `Infinity`. */
  get timeout(): number {
    return this.#discardPreviousAt;
  }

  /** Takes the first secret of the write direction, which it copies. */
  installWrite(secret: Uint8Array): MaybePromise<void> {
    this.#writeHeader = headerProtectionKey(this.#version, this.#suite, secret);
    this.#writeSecret = secret.slice();
    return chain(PacketKey.create(this.#version, this.#suite, secret), (key) => {
      this.#current.write = key;
      this.#prepare();
    });
  }

  /** Takes the first secret of the read direction, which it copies. */
  installRead(secret: Uint8Array): MaybePromise<void> {
    this.#readHeader = headerProtectionKey(this.#version, this.#suite, secret);
    this.#readSecret = secret.slice();
    return chain(PacketKey.create(this.#version, this.#suite, secret), (key) => {
      this.#current.read = key;
      this.#prepare();
    });
  }

  /** Makes the next generation, once both directions are there. */
  #prepare(): void {
    if (!this.canRead || !this.canWrite) return;
    if (this.#readSecret === null || this.#writeSecret === null) return;
    const readSecret = nextSecret(this.#version, this.#suite, this.#readSecret);
    const writeSecret = nextSecret(this.#version, this.#suite, this.#writeSecret);
    wipe(this.#readSecret, this.#writeSecret);
    this.#readSecret = readSecret;
    this.#writeSecret = writeSecret;
    const generation = chain(
      PacketKey.create(this.#version, this.#suite, readSecret),
      (read) =>
        chain(
          PacketKey.create(this.#version, this.#suite, writeSecret),
          (write) => ({ read, write }),
        ),
    );
    this.#next = generation;
    if (isPromise(generation)) {
      generation.then((made) => {
        if (this.#next === generation) this.#next = made;
      }, () => {}); // A rejection surfaces where the promise is used.
    }
  }

  /** Tells that the handshake is confirmed: no update is started before (RFC 9001 section 6). */
  confirm(): void {
    this.#confirmed = true;
  }

  /** Whether an update may be started now. */
  get canUpdate(): boolean {
    // RFC 9001 §6.1: not before confirmation, and not before an acknowledgement in this phase; §6.5: then three PTOs.
    return this.#confirmed && this.#current.acknowledged && this.#next !== null &&
      !isPromise(this.#next) && (this.#previous?.read ?? null) === null &&
      this.#timing.now() >= this.#updateNotBefore;
  }

  /**
   * Starts a key update: the next packet has the next phase.
   *
   * @throws {TlsError} `api/state` unless {@link KeyPhases.canUpdate}.
   */
  update(): void {
    const next = this.#next;
    if (!this.canUpdate || next === null || isPromise(next)) {
      throw new TlsError("api/state", `phase ${this.phase} may not be updated yet`);
    }
    this.#advance(next);
  }

  #advance({ read, write }: Generation): void {
    this.#previous = this.#current;
    this.#previous.write = null;
    this.#current = new Phase(this.phase + 1, read, write);
    this.#discardPreviousAt = Infinity;
    this.#prepare();
  }

  /**
   * Protects a packet in place, with the key phase bit set as it has to be; see `PacketProtector.protect`. An update
   * starts by itself when the key has done three quarters of what it may.
   *
   * @throws {QuicError} `AEAD_LIMIT_REACHED` when the key is used up and may not be updated.
   * @throws {TlsError} `api/state` if there are no keys.
   */
  protect(
    packet: Uint8Array,
    headerLength: number,
    packetNumber: number,
  ): MaybePromise<Uint8Array> {
    const { key, header } = this.#writer();
    packet[0] = this.phase & 1 ? packet[0] | KEY_PHASE_BIT : packet[0] & ~KEY_PHASE_BIT;
    if (this.#current.firstSent < 0) this.#current.firstSent = packetNumber;
    const packetNumberOffset = headerLength - (packet[0] & 3) - 1;
    const sealed = key.seal(packet, headerLength, packetNumber);
    if (isPromise(sealed)) {
      return sealed.then(() => {
        protectHeader(header, packet, packetNumberOffset);
        return packet;
      });
    }
    protectHeader(header, packet, packetNumberOffset);
    return packet;
  }

  #writer(): { key: PacketKey; header: HeaderProtectionKey } {
    const used = this.#current.write;
    // RFC 9001 §6.6: update before the confidentiality limit is reached.
    if (used !== null && used.sealed >= used.confidentialityLimit * 0.75 && this.canUpdate) {
      this.update();
    }
    const key = this.#current.write;
    const header = this.#writeHeader;
    if (key === null || header === null) throw new TlsError("api/state", "no 1-RTT write keys");
    return { key, header };
  }

  /**
   * Removes the protection of a packet; see `PacketProtector.unprotect`. The packet may start a key update of the peer's.
   *
   * @throws {QuicError} `KEY_UPDATE_ERROR` where the peer's updates break RFC 9001 section 6; `PROTOCOL_VIOLATION`;
   * `AEAD_LIMIT_REACHED`.
   */
  unprotect(
    packet: Uint8Array,
    packetNumberOffset: number,
    largest: number,
  ): MaybePromise<OpenedPacket | DropReason> {
    const header = this.#readHeader;
    const { read: current, number: phase, lowest } = this.#current;
    if (header === null || current === null) return "keys-unavailable";
    const unmasked = unprotectHeader(header, packet, packetNumberOffset, largest);
    if (typeof unmasked === "string") return unmasked;
    if (this.#current.isOf(unmasked.firstByte)) {
      return this.#open(unmasked, packet, current, phase);
    }
    // RFC 9001 §6.5: the packet number tells an overtaken packet from the start of an update.
    const overtaken = unmasked.packetNumber < lowest && phase > 0;
    const previous = this.#previous?.read ?? null;
    if (overtaken && previous !== null) {
      return this.#open(unmasked, packet, previous, phase - 1);
    }
    const next = this.#next;
    if (next === null) return "keys-unavailable";
    // RFC 9001 §9.5: where the previous keys are gone, the next ones make the same work of the failure.
    const reason = overtaken ? "keys-discarded" : "authentication";
    if (isPromise(next)) {
      return next.then(({ read }) => this.#open(unmasked, packet, read, phase + 1, reason));
    }
    return this.#open(unmasked, packet, next.read, phase + 1, reason);
  }

  #open(
    unmasked: UnmaskedPacket,
    packet: Uint8Array,
    key: PacketKey,
    phase: number,
    reason: DropReason = "authentication",
  ): MaybePromise<OpenedPacket | DropReason> {
    const payload = key.open(unmasked, packet);
    if (isPromise(payload)) {
      return payload.then((opened) => this.#judge(unmasked, opened, phase, reason));
    }
    return this.#judge(unmasked, payload, phase, reason);
  }

  #judge(
    unmasked: UnmaskedPacket,
    payload: Uint8Array | null,
    phase: number,
    reason: DropReason,
  ): OpenedPacket | DropReason {
    if (payload === null) {
      this.#forgeries.add();
      return reason;
    }
    const packet = checkOpened(unmasked, payload);
    if (phase > this.phase) this.#onPeerUpdate(packet.packetNumber);
    if (phase === this.phase) this.#onCurrent(packet.packetNumber);
    else if (phase === this.phase - 1) this.#onPrevious(packet.packetNumber);
    return packet;
  }

  #onPeerUpdate(packetNumber: number): void {
    // RFC 9001 §6.4: a higher number is never under older keys.
    const { number, highest, firstSent } = this.#current;
    if (packetNumber < highest) {
      this.#fail(`packet ${packetNumber} has newer keys than packet ${highest}`);
    }
    // RFC 9001 §6.2: the peer updates again although nothing of this phase, so no acknowledgement, was sent.
    if (number > 0 && firstSent < 0) {
      this.#fail(`a second key update, with packet ${packetNumber}, before the first was answered`);
    }
    const next = this.#next;
    if (next === null || isPromise(next)) {
      throw new TlsError("local/internal", "a packet was opened with keys that are not there");
    }
    this.#advance(next);
  }

  #onCurrent(packetNumber: number): void {
    // RFC 9001 §6.4: packets under the previous keys have lower numbers than every packet under these.
    const current = this.#current;
    const before = this.#previous?.highest ?? -1;
    if (packetNumber < before) {
      this.#fail(`packet ${before} has older keys than packet ${packetNumber}`);
    }
    if (packetNumber < current.lowest) current.lowest = packetNumber;
    if (packetNumber > current.highest) current.highest = packetNumber;
    // RFC 9001 §6.5: the old keys live for three PTOs after the first packet under the new ones.
    const waits = this.#discardPreviousAt === Infinity;
    if (waits && this.#previous !== null && this.#previous.read !== null) {
      this.#discardPreviousAt = this.#timing.now() + 3 * this.#timing.pto();
    }
  }

  #onPrevious(packetNumber: number): void {
    const { lowest } = this.#current;
    if (packetNumber > lowest) {
      this.#fail(`packet ${packetNumber} has older keys than packet ${lowest}`);
    }
    const previous = this.#previous;
    if (previous !== null && packetNumber > previous.highest) previous.highest = packetNumber;
  }

  #fail(reason: string): never {
    throw new QuicError(TransportErrorCode.KEY_UPDATE_ERROR, reason);
  }

  /**
   * Tells that `packetNumber`, a 1-RTT packet of ours, was acknowledged for the first time in the packet whose first byte
   * is `carrierFirstByte`.
   *
   * @throws {QuicError} `KEY_UPDATE_ERROR` if a packet under old keys acknowledges one under newer keys.
   */
  onAcknowledged(packetNumber: number, carrierFirstByte: number): void {
    const { acknowledged, firstSent } = this.#current;
    if (acknowledged || firstSent < 0 || packetNumber < firstSent) return;
    // RFC 9001 §6.2: whoever got a packet under the new keys answers under the new keys.
    if (!this.#current.isOf(carrierFirstByte)) {
      this.#fail(`packet ${packetNumber} is acknowledged under keys older than its own`);
    }
    this.#current.acknowledged = true;
    this.#updateNotBefore = this.#timing.now() + 3 * this.#timing.pto();
  }

  /** Drops the previous read keys when their time is over. */
  onTimeout(): void {
    if (this.#timing.now() < this.#discardPreviousAt) return;
    if (this.#previous !== null) this.#previous.read = null;
    this.#discardPreviousAt = Infinity;
  }

  /** Wipes the secrets and forgets all keys. */
  discard(): void {
    wipe(this.#readSecret, this.#writeSecret);
    this.#readSecret = this.#writeSecret = null;
    this.#current.read = this.#current.write = null;
    this.#previous = null;
    this.#next = null;
    this.#discardPreviousAt = Infinity;
  }
}
