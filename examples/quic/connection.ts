/**
 * One QUIC connection: packets in and out, on top of `QuicTls`.
 *
 * Everything that may wait runs in one queue, so packets are handled in the order in which they came.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import type { MaybePromise } from "@sealane/providers";
import {
  AmplificationBudget,
  closeCodeOf,
  DEFAULT_TRANSPORT_PARAMETERS,
  errorOfCloseCode,
  levelOf,
  type PacketFields,
  packetOverhead,
  parseDatagram,
  type ProtectedPacket,
  type QuicTls,
  RangeSet,
  sealPacket,
  spaceOf,
  TransportErrorCode,
  type TransportParameters,
  type VersionNegotiationPacket,
} from "@sealane/quic-tls";
import { concat } from "@sealane/wire";
import type { Clock } from "./clock.ts";
import { decodeFrames, type Frame, FrameType } from "./frames.ts";
import { Payload } from "./payload.ts";
import type { Recovery } from "./recovery.ts";
import { type QuicStream, STREAM_WINDOW } from "./stream.ts";
import { CONNECTION_WINDOW, MAX_STREAMS, type StreamKind, StreamSet } from "./stream_set.ts";

/** The bytes of every connection ID that we choose. */
export const ID_LENGTH = 8;
const DATAGRAM = 1200;
const IDLE_TIMEOUT = 30_000;
const SPACES = ["initial", "handshake", "application"] as const;
const MAX_REASON = 200;

/** What we tell every peer. */
export const TRANSPORT_PARAMETERS = {
  maxIdleTimeout: IDLE_TIMEOUT,
  maxUdpPayloadSize: 1472,
  initialMaxData: CONNECTION_WINDOW,
  initialMaxStreamDataBidiLocal: STREAM_WINDOW,
  initialMaxStreamDataBidiRemote: STREAM_WINDOW,
  initialMaxStreamDataUni: STREAM_WINDOW,
  initialMaxStreamsBidi: MAX_STREAMS,
  initialMaxStreamsUni: MAX_STREAMS,
  disableActiveMigration: true,
} as const satisfies TransportParameters;

/** Everything a connection is made of. */
export interface ConnectionOptions {
  readonly tls: QuicTls;
  readonly recovery: Recovery;
  readonly clock: Clock;
  readonly sourceConnectionId: Uint8Array;
  /** Sends a datagram to the peer. */
  readonly send: (datagram: Uint8Array) => void;
  /** Whether the client's address is known to be its own, by a token. */
  readonly validated?: boolean;
  /** A client's next attempt after a Version Negotiation packet; `null` if the packet means nothing. */
  readonly retryVersion?: (packet: VersionNegotiationPacket) => QuicTls | null;
  /** Called once, at the end. */
  readonly onClosed: () => void;
}

/** A connection, on either side. */
export class QuicConnection {
  /** Resolves when the handshake is complete. */
  readonly ready: Promise<void>;
  /** Resolves when the connection is over: with `null` if it ended well. */
  readonly closed: Promise<Error | null>;
  /** What happened to the 0-RTT data; `null`: there was none. */
  earlyDataAccepted: boolean | null = null;
  #tls: QuicTls;
  readonly #options: ConnectionOptions;
  readonly #recovery: Recovery;
  readonly #clock: Clock;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<Error | null>();
  readonly #streams: StreamSet;
  readonly #budget = new AmplificationBudget();
  /** What came in each packet number space, and what has to be said. */
  readonly #received = {
    initial: new RangeSet(),
    handshake: new RangeSet(),
    application: new RangeSet(),
  };
  readonly #owed = new Set<"initial" | "handshake" | "application" | "ping" | "handshakeDone">();
  #closeFrame: { code: number; application: boolean; reason: string } | null = null;
  #peer: TransportParameters = {};
  #queue: Promise<void> = Promise.resolve();
  #awake = false;
  #over = false;
  #stopTimer: () => void = () => {};
  #lastHeard: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#recovery = options.recovery;
    this.#clock = options.clock;
    this.#streams = new StreamSet(this.#tls.role, () => this.#wake());
    this.ready = this.#ready.promise;
    this.closed = this.#closed.promise;
    this.ready.catch(() => {}); // Also told by `closed`.
    this.#lastHeard = this.#clock.now();
    if (options.validated || this.#tls.role === "client") this.#budget.validate();
  }

  get tls(): QuicTls {
    return this.#tls;
  }

  /** Begins. */
  start(): Promise<void> {
    return this.#run(() => this.#tls.start());
  }

  /** Takes a datagram of the peer. */
  receive(datagram: Uint8Array): Promise<void> {
    return this.#run(() => this.#receive(datagram));
  }

  /** Opens a stream as soon as the peer allows one more. */
  openStream(kind: StreamKind = "bidi"): Promise<QuicStream> {
    return this.#streams.open(kind);
  }

  /** The streams that the peer opens. */
  streams(): AsyncGenerator<QuicStream, void, undefined> {
    return this.#streams.incoming();
  }

  /** Starts a key update, if one is allowed now. */
  updateKeys(): Promise<void> {
    return this.#run(() => {
      if (this.#tls.canUpdateKeys) this.#tls.updateKeys();
      this.#owed.add("ping");
    });
  }

  /** Closes the connection with a code of the application's. */
  close(code = 0, reason = ""): Promise<void> {
    return this.#run(() => {
      this.#closeFrame ??= { code, application: true, reason };
    });
  }

  /** Runs an action after all earlier ones, and then sends what there is to send. */
  #run(action: () => MaybePromise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.#over) return;
      try {
        await action();
        this.#takeEvents();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#closeFrame ??= { code: closeCodeOf(error), application: false, reason };
      }
      await this.#flush().catch((error) => this.#end(error));
    });
    return this.#queue;
  }

  /** Sends soon; what is written until then goes together. */
  #wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#run(() => {
      this.#awake = false;
    });
  }

  // Receiving

  async #receive(datagram: Uint8Array): Promise<void> {
    this.#budget.onReceived(datagram.length);
    for (const packet of parseDatagram(datagram, { connectionIdLength: ID_LENGTH })) {
      if (packet.type === "version-negotiation") await this.#onVersions(packet);
      else if (packet.type === "retry") {
        const dropped = await this.#tls.receiveRetry(packet);
        if (dropped === null) this.#recovery.forget("initial");
      } else if ("packetNumberOffset" in packet) await this.#open(packet);
      for (const held of this.#tls.takeHeldPackets()) await this.#open(held);
    }
  }

  /** RFC 9000 §6.2: a Version Negotiation packet counts only as the first packet that comes. */
  async #onVersions(packet: VersionNegotiationPacket): Promise<void> {
    if (this.#received.initial.size > 0 || this.#tls.token.length > 0) return;
    const next = this.#options.retryVersion?.(packet) ?? null;
    if (next === null) return;
    this.#tls = next;
    this.#recovery.forget("initial");
    this.#recovery.sendEarlyDataAgain();
    await next.start();
  }

  async #open(packet: ProtectedPacket): Promise<void> {
    const level = levelOf(packet);
    const space = spaceOf(level);
    const opened = await this.#tls.open(packet);
    this.#takeEvents();
    if (typeof opened === "string") return; // The reason is for logs.
    // RFC 9000 §12.3: a packet number is taken once.
    if (this.#received[space].has(opened.packetNumber)) return;
    this.#received[space].add(opened.packetNumber, opened.packetNumber + 1);
    this.#lastHeard = this.#clock.now();
    if (level === "handshake") this.#budget.validate();
    for (const frame of decodeFrames(opened.payload, level)) {
      // RFC 9000 §13.2: these two do not ask for an acknowledgement.
      if (frame.type !== "ack" && frame.type !== "close") this.#owed.add(space);
      await this.#onFrame(frame, level, opened.firstByte);
      this.#takeEvents();
    }
  }

  #onFrame(frame: Frame, level: Level, firstByte: number): MaybePromise<void> {
    switch (frame.type) {
      case "ack": {
        const exponent = this.#peer.ackDelayExponent ?? 3;
        const delay = level === "application" ? frame.delay * 2 ** exponent / 1000 : 0;
        const space = spaceOf(level);
        const acked = this.#recovery.onAck(space, frame.ranges, delay, this.#clock.now());
        if (level !== "application") return;
        for (const packetNumber of acked) this.#tls.onAcknowledged(packetNumber, firstByte);
        return;
      }
      case "crypto":
        return this.#tls.receiveCrypto(level, frame.offset, frame.data);
      case "handshakeDone":
        return this.#tls.confirm();
      case "close": {
        const { code, application, reason } = frame;
        // NO_ERROR, of the application or of QUIC, and H3_NO_ERROR.
        if (code === 0 || application && code === 0x100) return this.#end(null);
        const text = `the peer closed with ${code} ${reason}`;
        return this.#end(application ? new Error(text) : errorOfCloseCode(code, reason));
      }
      default:
        return this.#streams.onFrame(frame);
    }
  }

  #takeEvents(): void {
    for (const event of this.#tls.events()) {
      if (event.type === "transportParameters") this.#adopt(event.parameters);
      else if (event.type === "keys" && event.level === "early" && event.direction === "write") {
        this.#adopt(this.#tls.rememberedTransportParameters ?? {});
      } else if (event.type === "keysDiscarded" && event.level !== "early") {
        this.#recovery.forget(spaceOf(event.level));
      } else if (event.type === "earlyData") {
        this.earlyDataAccepted = event.accepted;
        if (!event.accepted) this.#recovery.sendEarlyDataAgain();
      } else if (event.type === "complete") {
        if (this.#tls.role === "server") this.#owed.add("handshakeDone");
        this.#ready.resolve();
      } else if (event.type === "close") {
        this.#closeFrame ??= { code: event.code, application: false, reason: event.error.message };
      }
    }
  }

  /** The peer's parameters, remembered or new. */
  #adopt(peer: TransportParameters): void {
    this.#peer = peer;
    this.#recovery.maxAckDelay = peer.maxAckDelay ?? DEFAULT_TRANSPORT_PARAMETERS.maxAckDelay;
    this.#streams.adopt(peer);
  }

  // Sending

  async #flush(): Promise<void> {
    while (!this.#over) {
      const datagram = await this.#nextDatagram();
      if (datagram === null) break;
      this.#budget.onSent(datagram.length);
      this.#options.send(datagram);
      if (this.#closeFrame === null) continue;
      const { code, application, reason } = this.#closeFrame;
      return this.#end(application || code === 0 ? null : this.#tls.error ?? new Error(reason));
    }
    this.#setTimer();
  }

  /** The next datagram: packets of all levels that have something to say, coalesced. */
  async #nextDatagram(): Promise<Uint8Array | null> {
    let room = Math.min(DATAGRAM, this.#budget.available);
    const payloads: Payload[] = [];
    const data = this.#tls.canSend("application") ? "application" : "early";
    for (const level of ["initial", "handshake", data] as const) {
      if (!this.#tls.canSend(level)) continue;
      const overhead = packetOverhead(this.#tls, this.#fieldsOf(level, 0));
      const payload = new Payload(level, room - overhead);
      this.#write(payload);
      if (payload.length === 0) continue;
      room -= overhead + payload.length;
      payloads.push(payload);
    }
    if (payloads.length === 0) return null;
    const [first] = payloads;
    // RFC 9000 §14.1: datagrams with Initial packets that ask for an acknowledgement have 1,200 bytes at least.
    if (first.level === "initial" && (this.#tls.role === "client" || first.fates.length > 0)) {
      payloads[payloads.length - 1].pad(DATAGRAM);
    }
    const packets: Uint8Array[] = [];
    for (const payload of payloads) packets.push(await this.#seal(payload));
    this.#takeEvents();
    return concat(packets);
  }

  #fieldsOf(level: Level, packetNumber: number): PacketFields {
    const { sourceConnectionId } = this.#options;
    // Four bytes are enough for any window; a thriftier sender asks `packetNumberLength`.
    return { level, packetNumber, packetNumberLength: 4, sourceConnectionId };
  }

  async #seal(payload: Payload): Promise<Uint8Array> {
    const { level, fates } = payload;
    const packetNumber = this.#recovery.nextPacketNumber(spaceOf(level));
    const packet = await sealPacket(
      this.#tls,
      this.#fieldsOf(level, packetNumber),
      payload.finish(),
    );
    if (fates.length === 0) return packet;
    const time = this.#clock.now();
    const sent = { packetNumber, level, time, bytes: packet.length, fates };
    this.#recovery.onSent(spaceOf(level), sent);
    return packet;
  }

  /** Writes what there is to say at a level. */
  #write(payload: Payload): void {
    const { level } = payload;
    const space = spaceOf(level);
    if (this.#closeFrame !== null) return this.#writeClose(payload, this.#closeFrame);
    if (level !== "early" && this.#owed.has(space) && payload.addAck(this.#received[space])) {
      this.#owed.delete(space);
    }
    // RFC 9002 §7: acknowledgements are not congestion controlled, everything else is.
    if (!this.#recovery.maySend) return;
    if (level !== "early") payload.addChunks(this.#tls.cryptoSender(level), [FrameType.CRYPTO]);
    if (level === "application") {
      this.#writeOwed(payload, "handshakeDone", FrameType.HANDSHAKE_DONE);
    }
    this.#writeOwed(payload, "ping", FrameType.PING);
    if (space === "application") this.#streams.write(payload);
  }

  #writeOwed(payload: Payload, what: "ping" | "handshakeDone", type: number): void {
    if (!this.#owed.has(what)) return;
    if (payload.add([type], { onLost: () => this.#owed.add(what) })) this.#owed.delete(what);
  }

  #writeClose(
    payload: Payload,
    { code, application, reason }: { code: number; application: boolean; reason: string },
  ): void {
    const text = new TextEncoder().encode(reason).subarray(0, MAX_REASON);
    if (!application) payload.add([FrameType.CONNECTION_CLOSE, code, 0, text.length, text]);
    else if (payload.level === "application") {
      payload.add([FrameType.APPLICATION_CLOSE, code, text.length, text]);
    } else {
      // RFC 9000 §10.2.3: other packets do not say what the application said.
      payload.add([FrameType.CONNECTION_CLOSE, TransportErrorCode.APPLICATION_ERROR, 0, 0]);
    }
  }

  // Time

  #setTimer(): void {
    this.#stopTimer();
    if (this.#over) return;
    const now = this.#clock.now();
    const handshaking = this.#tls.role === "client" && !this.#tls.confirmed;
    const blocked = this.#budget.available === 0;
    const recovery = blocked ? Infinity : this.#recovery.timeout(handshaking, now);
    // RFC 9000 §10.1: the lower of both sides' timeouts, but three PTOs at least.
    const agreed = Math.min(IDLE_TIMEOUT, this.#peer.maxIdleTimeout || IDLE_TIMEOUT);
    const idle = this.#lastHeard + Math.max(agreed, 3 * this.#recovery.pto());
    const wait = Math.min(recovery, this.#tls.timeout, idle) - now;
    const onTimer = (): Promise<void> => this.#run(() => this.#onTimer(recovery, idle));
    this.#stopTimer = this.#clock.set(onTimer, Math.max(0, wait));
  }

  #onTimer(recovery: number, idle: number): void {
    const now = this.#clock.now();
    if (now >= idle) return this.#end(new Error("the connection is idle"));
    this.#tls.onTimeout();
    if (now < recovery || !this.#recovery.onTimeout(now)) return;
    this.#owed.add("ping");
    // What was lost may be an acknowledgement of ours, too.
    for (const space of SPACES) if (this.#received[space].size > 0) this.#owed.add(space);
  }

  #end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    const reason = error ?? new Error("the connection is closed");
    this.#ready.reject(reason);
    this.#streams.fail(reason);
    this.#closed.resolve(error);
    this.#options.onClosed();
  }
}
