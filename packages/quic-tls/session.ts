/**
 * One QUIC connection's TLS: the handshake, the CRYPTO streams that carry it, and the packet keys that come out of it.
 *
 * @module
 */
import type {
  ClientTarget,
  ExportedAuthenticators,
  HandshakeEvent,
  HandshakeInfo,
  Level,
} from "@sealane/handshake";
import { chain, isPromise, type MaybePromise } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import type { QuicClientConfig, QuicServerConfig } from "./config.ts";
import { ConnectionStart } from "./start/connection_start.ts";
import type { CryptoChunk, CryptoSender } from "./crypto/crypto_stream.ts";
import type { DropReason } from "./packets/drop.ts";
import { closeCodeOf, QuicError, TransportErrorCode } from "./errors.ts";
import type { QuicTlsEvent } from "./events.ts";
import { HandshakeDriver } from "./crypto/handshake_driver.ts";
import type { RetryPacket, VersionNegotiationPacket } from "./packets/header.ts";
import type { Role } from "./packets/role.ts";
import { clientSetup, serverSetup, type SessionSetup } from "./start/session_setup.ts";
import { PacketOpener } from "./keys/packet_opener.ts";
import { LevelKeys } from "./keys/level_keys.ts";
import type { PacketNumberSpace, ProtectedPacket } from "./packets/protected_packet.ts";
import { ParameterExchange } from "./parameters/parameter_exchange.ts";
import type { OpenedPacket } from "./keys/protection.ts";
import { withVersion } from "./start/resumption.ts";
import type { RememberedParameters } from "./parameters/remembered_parameters.ts";
import type { TransportParameters } from "./parameters/transport_parameters.ts";
import type { QuicVersion } from "./packets/version.ts";
import { noCommonVersion } from "./parameters/version_negotiation.ts";

/**
 * QUIC-TLS for one connection. The transport parses datagrams with `parseDatagram`, opens packets with
 * {@link QuicTls.open}, hands in CRYPTO frames with {@link QuicTls.receiveCrypto}, and after each call drains
 * {@link QuicTls.events} and sends what {@link QuicTls.nextCrypto} has.
 *
 * A peer's mistakes are never thrown: they make a `close` event. With a synchronous provider and synchronous callbacks no
 * method returns a promise.
 */
export class QuicTls {
  /** Which end this is. */
  readonly role: Role;
  readonly #versions: readonly QuicVersion[];
  readonly #start: ConnectionStart;
  /** On a client: the same connection with another version. */
  readonly #again: ((version: QuicVersion) => QuicTls) | null;
  readonly #parameters: ParameterExchange;
  readonly #driver: HandshakeDriver;
  readonly #keys: LevelKeys;
  readonly #events: QuicTlsEvent[] = [];
  readonly #opener: PacketOpener;
  #version: QuicVersion;
  #versionSettled = false;
  #earlyData: boolean | null = null;
  #complete = false;
  #confirmed = false;
  #error: TlsError | QuicError | null = null;

  private constructor(setup: SessionSetup, again: ((version: QuicVersion) => QuicTls) | null) {
    const { config, role, version } = setup;
    this.role = role;
    this.#versions = setup.versions;
    this.#version = version;
    this.#start = new ConnectionStart(setup);
    this.#again = again;
    this.#parameters = new ParameterExchange(setup);
    const now = config.now ?? (() => performance.now());
    this.#keys = new LevelKeys(setup.provider, role, { now, pto: config.pto });
    this.#opener = new PacketOpener(this.#keys, config.heldPackets ?? 0);
    const handshake = setup.handshake({
      send: () => this.#parameters.encode(this.#version, this.#start.retrySource),
      receive: (data) => this.#receiveParameters(data),
      version: () => this.#version,
      onSession: (remembered) => this.#parameters.remember(remembered),
    });
    this.#driver = new HandshakeDriver(handshake, setup.driver, {
      take: (event) => this.#take(event),
      fail: (error) => this.abort(error),
    });
  }

  /**
   * A client's session with `target`.
   *
   * @throws {TlsError} `api/config`.
   */
  static client(config: QuicClientConfig, target: ClientTarget): QuicTls {
    return new QuicTls(clientSetup(config, target), (version) => {
      return QuicTls.client({ ...config, version, afterVersionNegotiation: true }, target);
    });
  }

  /**
   * A server's session for the client whose Initial packet came.
   *
   * @throws {TlsError} `api/config`.
   */
  static server(config: QuicServerConfig): QuicTls {
    return new QuicTls(serverSetup(config), null);
  }

  /** Begins: makes the Initial keys and, on a client, the ClientHello. Call it once, first. */
  start(): MaybePromise<void> {
    const installed = this.#keys.installInitial(this.#version, this.#start.keySource);
    return chain(installed, () => {
      for (const direction of ["write", "read"] as const) {
        this.#events.push({ type: "keys", level: "initial", direction });
      }
      return this.#driver.start();
    });
  }

  /** The events since the last call, in order; each comes once. */
  *events(): Generator<QuicTlsEvent, void, undefined> {
    for (let event = this.#events.shift(); event; event = this.#events.shift()) yield event;
  }

  /** The version that long headers have now. 0-RTT packets keep {@link QuicTls.originalVersion}. */
  get version(): QuicVersion {
    return this.#version;
  }

  /** The version of the first packet. */
  get originalVersion(): QuicVersion {
    return this.#start.version;
  }

  /** The token for Initial packets: that of a Retry packet, else empty. */
  get token(): Uint8Array {
    return this.#start.token;
  }

  /**
   * The Destination Connection ID of the next packet during the handshake: the peer's Source Connection ID, or what we
   * began with as long as nothing came.
   */
  get destinationConnectionId(): Uint8Array {
    return this.#start.destination;
  }

  /** The peer's transport parameters, or `null` before they came. */
  get peerTransportParameters(): TransportParameters | null {
    return this.#parameters.peer;
  }

  /** On a client that offers a session: the server's parameters of that time, which hold for 0-RTT; else `null`. */
  get rememberedTransportParameters(): RememberedParameters | null {
    return this.#parameters.remembered;
  }

  /** What was agreed, as soon as it is known. */
  get info(): HandshakeInfo | null {
    return this.#driver.handshake.info;
  }

  /** Whether the handshake is complete. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Whether the handshake is confirmed. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** What ended the connection, or `null`. */
  get error(): TlsError | QuicError | null {
    return this.#error;
  }

  /** The level at which the peer's handshake bytes are expected. */
  get readLevel(): Level {
    return this.#driver.handshake.readLevel;
  }

  /** The level of our next handshake bytes. */
  get writeLevel(): Level {
    return this.#driver.writeLevel;
  }

  /** Whether packets of a level can be sent; for a server's 0.5-RTT see `sendBeforeClientAuthentication`. */
  canSend(level: Level): boolean {
    return this.#keys.canWrite(level);
  }

  /** Whether packets of a level can be opened. */
  canOpen(level: Level): boolean {
    return this.#keys.canRead(level) && !this.#withholds(level);
  }

  /** The largest packet number opened in a space, or -1. */
  largestReceived(space: PacketNumberSpace): number {
    return this.#keys.largest(space);
  }

  /** Keying material of an exporter (RFC 9846 section 7.5). Throws `api/state` before the keys are there. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#driver.handshake.exportKeyingMaterial(label, context, length);
  }

  /** For `createAuthenticator` and the like of `@sealane/handshake` (RFC 9261). */
  get exportedAuthenticators(): ExportedAuthenticators {
    return this.#driver.handshake.exportedAuthenticators;
  }

  // Packets

  /** RFC 9001 §5.7: a server handles no 1-RTT packet before the handshake is complete. */
  #withholds(level: Level): boolean {
    return level === "application" && this.role === "server" && !this.#complete;
  }

  /**
   * Removes the protection of a packet. What does not open is a {@link DropReason}, and nothing has changed. The transport
   * then drops duplicates by packet number (RFC 9000 section 12.3) and reads the frames.
   */
  open(packet: ProtectedPacket): MaybePromise<OpenedPacket | DropReason> {
    if (this.#error !== null) return "closed";
    let opened;
    try {
      opened = this.#opener.open(packet, {
        role: this.role,
        originalVersion: this.#start.version,
        version: this.#version,
        versionSettled: this.#versionSettled,
        versions: this.#versions,
        earlyData: this.#earlyData,
        withheld: this.#withholds("application"),
        keySource: this.#start.keySource,
      });
    } catch (error) {
      return this.#violated(error);
    }
    if (!isPromise(opened)) return this.#onOpened(packet, opened);
    return opened.then(
      (result) => this.#onOpened(packet, result),
      (error) => this.#violated(error),
    );
  }

  #violated(error: unknown): DropReason {
    this.abort(error instanceof QuicError ? error : TlsError.from(error));
    return "protocol-error";
  }

  #onOpened(packet: ProtectedPacket, opened: OpenedPacket | DropReason): OpenedPacket | DropReason {
    if (typeof opened === "string" || packet.type === "1rtt") return opened;
    if (packet.type === "initial") {
      this.#start.onPeer(packet.sourceConnectionId);
      if (packet.version !== this.#version && this.role === "client") {
        this.#setVersion(packet.version);
      }
    } else if (packet.type === "handshake" && this.role === "server") {
      // RFC 9001 §4.9.1: a server drops Initial keys when it has processed a Handshake packet.
      this.#discard("initial");
    }
    return opened;
  }

  /** The held packets whose keys are there now, to be opened again; see `heldPackets` of the configuration. */
  takeHeldPackets(): ProtectedPacket[] {
    return this.#opener.take((level) => this.canOpen(level));
  }

  /**
   * Protects a packet in place; see `PacketProtector.protect`. On 1-RTT packets the key phase bit is set here.
   *
   * @throws {TlsError} `api/state` without keys for the level.
   * @throws {QuicError} `AEAD_LIMIT_REACHED`: the connection cannot go on, and there is a `close` event.
   */
  protect(
    level: Level,
    packet: Uint8Array,
    headerLength: number,
    packetNumber: number,
  ): MaybePromise<Uint8Array> {
    const version = level === "early" ? this.#start.version : this.#version;
    try {
      const sealed = this.#keys.protect(level, version, packet, headerLength, packetNumber);
      // RFC 9001 §4.9.1: a client drops Initial keys when it first sends a Handshake packet.
      if (level === "handshake" && this.role === "client") this.#discard("initial");
      return sealed;
    } catch (error) {
      if (error instanceof QuicError) this.abort(error);
      throw error;
    }
  }

  // CRYPTO frames

  /** Hands in the data of a CRYPTO frame of a packet at `level`. */
  receiveCrypto(level: Level, offset: number, data: Uint8Array): MaybePromise<void> {
    if (this.#error !== null) return;
    return this.#driver.receive(level, offset, data);
  }

  /** Whether there are handshake bytes to send at a level. */
  hasCrypto(level: Level): boolean {
    return level !== "early" && this.#driver.senders[level].hasData && this.canSend(level);
  }

  /** The next handshake bytes to send at a level, at most `maxLength` of them, or `null`. */
  nextCrypto(level: Level, maxLength: number): CryptoChunk | null {
    return level === "early" ? null : this.#driver.senders[level].next(maxLength);
  }

  /** The stream of handshake bytes that we send at a level: tell it what was acknowledged and what was lost. */
  cryptoSender(level: Exclude<Level, "early">): CryptoSender {
    return this.#driver.senders[level];
  }

  // Beginning again

  /**
   * A client's handling of a Retry packet: with a right integrity tag the Initial keys are made again, and the ClientHello
   * is sent again with {@link QuicTls.token} to {@link QuicTls.destinationConnectionId}. Packet numbers go on.
   *
   * Returns why the packet was dropped, or `null` if it was not.
   */
  receiveRetry(packet: RetryPacket): MaybePromise<DropReason | null> {
    if (this.#error !== null) return "closed";
    return chain(this.#start.receiveRetry(packet), (dropped) => {
      if (dropped !== null) return dropped;
      this.#driver.senders.initial.resendAll();
      const installed = this.#keys.installInitial(this.#version, this.#start.keySource, true);
      return chain(installed, () => null);
    });
  }

  /**
   * A client's handling of a Version Negotiation packet: the session that goes on instead of this one, to be started, with
   * the best version that both have (RFC 9368 section 2.1). What was sent before it is forgotten; packet numbers may go on.
   * Or why the packet was dropped; with `no-common-version` the connection ends.
   */
  receiveVersionNegotiation(packet: VersionNegotiationPacket): QuicTls | DropReason {
    if (this.#error !== null) return "closed";
    if (this.#again === null) return "unexpected-type";
    const next = this.#start.receiveVersionNegotiation(packet);
    if (typeof next !== "string") {
      this.abort(new TlsError("local/aborted", `${next.name} is tried instead`));
      return this.#again(next);
    }
    if (next === "no-common-version") this.abort(noCommonVersion(this.#versions));
    return next;
  }

  // Life of the keys

  /**
   * Tells that the handshake is confirmed: a client got HANDSHAKE_DONE (or, if it likes, the acknowledgement of a 1-RTT
   * packet). On a server it is confirmed by itself.
   */
  confirm(): void {
    if (this.#confirmed || this.#error !== null) return;
    if (!this.#complete) {
      const reason = "HANDSHAKE_DONE before the handshake is complete";
      return this.abort(new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason));
    }
    this.#confirmed = true;
    this.#keys.application?.confirm();
    this.#events.push({ type: "confirmed" });
    this.#discard("initial");
    // RFC 9001 §4.9.2: Handshake keys are dropped when the handshake is confirmed.
    this.#discard("handshake");
  }

  /** Whether a key update may be started now (RFC 9001 section 6). */
  get canUpdateKeys(): boolean {
    return this.#keys.application?.canUpdate ?? false;
  }

  /** How many key updates there were. */
  get keyPhase(): number {
    return this.#keys.application?.phase ?? 0;
  }

  /** Starts a key update. Throws `api/state` unless {@link QuicTls.canUpdateKeys}. */
  updateKeys(): void {
    if (this.#keys.application === null) throw new TlsError("api/state", "there are no 1-RTT keys");
    this.#keys.application.update();
  }

  /** Tells that a 1-RTT packet of ours was first acknowledged by the packet whose first byte is `carrierFirstByte`. */
  onAcknowledged(packetNumber: number, carrierFirstByte: number): void {
    try {
      this.#keys.application?.onAcknowledged(packetNumber, carrierFirstByte);
    } catch (error) {
      this.#violated(error);
    }
  }

  /** When {@link QuicTls.onTimeout} wants to be called, by the configured clock, or `Infinity`. */
  get timeout(): number {
    return this.#keys.timeout;
  }

  /** Drops keys whose time is over. */
  onTimeout(): void {
    this.#keys.onTimeout();
  }

  /** Ends the handshake from our side, and makes the `close` event of `error`. Does nothing after the end. */
  abort(error: TlsError | QuicError = new TlsError("local/aborted", "the connection ended")): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#opener.forget();
    this.#driver.handshake.abort(TlsError.from(error, "local/aborted"));
    this.#events.push({ type: "close", code: closeCodeOf(error), error });
  }

  #discard(level: Level): void {
    if (this.#keys.isDiscarded(level)) return;
    this.#keys.discard(level);
    if (this.#error === null) this.#events.push({ type: "keysDiscarded", level });
  }

  // Between the handshake and the packets

  #receiveParameters(data: Uint8Array): MaybePromise<void> {
    const parameters = this.#parameters.receive(data, {
      version: this.#version,
      initialSource: this.#start.peer ?? new Uint8Array(0),
      retrySource: this.#start.retrySource,
    });
    this.#events.push({ type: "transportParameters", parameters });
    if (this.role === "client") return;
    const version = this.#parameters.negotiate(this.#version);
    if (version === this.#version) return;
    // RFC 9369 §4.1: all CRYPTO frames of the server have the negotiated version.
    this.#setVersion(version);
    return this.#keys.installInitial(version, this.#start.keySource);
  }

  #setVersion(version: QuicVersion): void {
    this.#versionSettled = true;
    this.#version = version;
    this.#events.push({ type: "version", version });
  }

  #take(event: HandshakeEvent): MaybePromise<void> {
    switch (event.type) {
      case "secret": {
        const { suite, level, direction, secret } = event;
        // RFC 9369 §4.1: 0-RTT has the original version.
        const version = level === "early" ? this.#start.version : this.#version;
        const installed = this.#keys.installSecret(version, suite, level, direction, secret);
        return chain(installed, () => this.#onKeys(level, direction));
      }
      case "earlyData":
        this.#earlyData = event.accepted;
        if (!event.accepted) this.#discard("early");
        this.#events.push({ type: "earlyData", accepted: event.accepted, reason: event.reason });
        return;
      case "ticket":
        this.#events.push({ ...event, session: withVersion(event.session, this.#version) });
        return;
      case "complete":
        return this.#onComplete(event.info);
    }
  }

  #onKeys(level: Level, direction: "read" | "write"): void {
    this.#events.push({ type: "keys", level, direction });
    // RFC 9001 §4.9.3: a client drops 0-RTT keys when it has 1-RTT keys.
    if (level === "application" && direction === "write" && this.role === "client") {
      if (this.#keys.canWrite("early")) this.#discard("early");
    }
  }

  #onComplete(info: HandshakeInfo): void {
    if (info.earlyDataAccepted) this.#parameters.checkRemembered();
    this.#complete = true;
    this.#events.push({ type: "complete", info });
    // RFC 9001 §4.1.2: on a server the complete handshake is confirmed.
    if (this.role === "server") this.confirm();
  }
}
