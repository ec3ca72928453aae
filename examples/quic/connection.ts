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
  type AckFrame,
  AmplificationBudget,
  applicationCloseFrame,
  closeFrame,
  closeFrameAt,
  type ConnectionCloseFrame,
  decodeFrames,
  errorOfClose,
  type Frame,
  isAckEliciting,
  levelOf,
  parseDatagram,
  type ProtectedPacket,
  QuicTls,
  spaceOf,
  type TransportParameters,
  writeDatagram,
} from "@sealane/quic-tls";
import type { Clock } from "./machine.ts";
import { OwedFrame, Payload } from "./payload.ts";
import { DATAGRAM, type Recovery } from "./recovery.ts";
import { STREAM_WINDOW } from "./stream.ts";
import { CONNECTION_WINDOW, MAX_STREAMS, StreamSet } from "./stream_set.ts";

/** The bytes of every connection ID that we choose. */
export const ID_LENGTH = 8;
const IDLE_TIMEOUT = 120_000;

/** What we tell every peer. */
export const TRANSPORT_PARAMETERS = {
  maxIdleTimeout: IDLE_TIMEOUT,
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
  readonly addressValidated?: boolean;
  /** Called once, at the end. */
  readonly onClosed: () => void;
}

/** A connection, on either side. */
export class QuicConnection {
  /** The keys and the handshake; another one after Version Negotiation. */
  tls: QuicTls;
  readonly #options: ConnectionOptions;
  readonly #recovery: Recovery;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<Error | null>();
  /** Resolves when the handshake is complete. */
  readonly ready: Promise<void> = this.#ready.promise;
  /** Resolves when the connection is over: with `null` if it ended well. */
  readonly closed: Promise<Error | null> = this.#closed.promise;
  /** Opens streams, and has those that the peer opens. */
  readonly streams: StreamSet;
  readonly #budget = new AmplificationBudget();
  readonly #ping = new OwedFrame(() => ({ type: "ping" }));
  readonly #handshakeDone = new OwedFrame(() => ({ type: "handshakeDone" }));
  #closeFrame: ConnectionCloseFrame | null = null;
  #peer: TransportParameters = {};
  #queue: Promise<void> = Promise.resolve();
  #awake = false;
  #over = false;
  #stopTimer: () => void = () => {};
  #lastHeard: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.tls = options.tls;
    this.#recovery = options.recovery;
    this.streams = new StreamSet(this.tls.role, () => this.#wake());
    this.ready.catch(() => {}); // Also told by `closed`.
    this.#lastHeard = options.clock.now();
    if (options.addressValidated || this.tls.role === "client") this.#budget.validate();
  }

  start(): Promise<void> {
    return this.#run(() => this.tls.start());
  }

  /** Takes a datagram of the peer. */
  receive(datagram: Uint8Array): Promise<void> {
    return this.#run(() => this.#receive(datagram));
  }

  /** Starts a key update, if one is allowed now. */
  updateKeys(): Promise<void> {
    return this.#run(() => {
      if (this.tls.canUpdateKeys) this.tls.updateKeys();
      this.#ping.owed = true;
    });
  }

  /** Closes the connection with a code of the application's. */
  close(code = 0, reason = ""): Promise<void> {
    return this.#run(() => void (this.#closeFrame ??= applicationCloseFrame(code, reason)));
  }

  /** Runs an action after all earlier ones, and then sends what there is to send. */
  #run(action: () => MaybePromise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.#over) return;
      try {
        await action();
        this.#takeEvents();
      } catch (error) {
        this.#closeFrame ??= closeFrame(error);
      }
      await this.#flush().catch((error) => this.#end(error));
    });
    return this.#queue;
  }

  /** Sends soon; what is written until then goes together. */
  #wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#run(() => void (this.#awake = false));
  }

  // Receiving

  async #receive(datagram: Uint8Array): Promise<void> {
    this.#budget.onReceived(datagram.length);
    for (const packet of parseDatagram(datagram, { connectionIdLength: ID_LENGTH })) {
      if (packet.type === "version-negotiation") {
        const next = this.tls.receiveVersionNegotiation(packet);
        if (!(next instanceof QuicTls)) continue;
        this.tls = next;
        this.#recovery.forget("initial");
        this.#recovery.sendEarlyDataAgain();
        await next.start();
      } else if (packet.type === "retry") {
        if (await this.tls.receiveRetry(packet) === null) this.#recovery.forget("initial");
      } else if ("packetNumberOffset" in packet) await this.#open(packet);
      for (const held of this.tls.takeHeldPackets()) await this.#open(held);
    }
  }

  async #open(packet: ProtectedPacket): Promise<void> {
    const level = levelOf(packet);
    const space = this.#recovery.spaces[spaceOf(level)];
    const opened = await this.tls.open(packet);
    this.#takeEvents();
    if (typeof opened === "string") return; // The reason is for logs.
    if (!space.receive(opened.packetNumber, this.#options.clock.now())) return;
    this.#lastHeard = this.#options.clock.now();
    if (level === "handshake") this.#budget.validate();
    const sender = this.tls.role === "client" ? "server" : "client";
    for (const frame of decodeFrames(opened.payload, level, sender)) {
      space.ackOwed ||= isAckEliciting(frame);
      await this.#onFrame(frame, level, opened.firstByte);
      this.#takeEvents();
    }
  }

  #onFrame(frame: Frame, level: Level, firstByte: number): MaybePromise<void> {
    switch (frame.type) {
      case "ack":
        return this.#onAck(frame, level, firstByte);
      case "crypto":
        return this.tls.receiveCrypto(level, frame.offset, frame.data);
      case "handshakeDone":
        return this.tls.confirm();
      case "connectionClose": {
        const { code, application, reason } = frame;
        // Of the application: its "no error", and H3_NO_ERROR.
        const failed = application && code !== 0 && code !== 0x100;
        const error = failed ? new Error(`the peer closed with ${code} ${reason}`) : null;
        return this.#end(error ?? errorOfClose(frame));
      }
      default:
        return this.streams.onFrame(frame);
    }
  }

  #onAck(ack: AckFrame, level: Level, firstByte: number): void {
    const delay = ack.delay * 2 ** (this.#peer.ackDelayExponent ?? 3) / 1000;
    const acked = this.#recovery.onAck(spaceOf(level), ack, delay, this.#options.clock.now());
    for (const { packetNumber, level } of acked) {
      if (level === "application") this.tls.onAcknowledged(packetNumber, firstByte);
    }
  }

  #takeEvents(): void {
    for (const event of this.tls.events()) {
      if (event.type === "transportParameters") this.#adopt(event.parameters);
      else if (event.type === "keys" && event.level === "early" && event.direction === "write") {
        this.#adopt(this.tls.rememberedTransportParameters ?? {});
      } else if (event.type === "keysDiscarded" && event.level !== "early") {
        this.#recovery.forget(spaceOf(event.level));
      } else if (event.type === "earlyData" && !event.accepted) this.#recovery.sendEarlyDataAgain();
      else if (event.type === "complete") {
        if (this.tls.role === "server") this.#handshakeDone.owed = true;
        this.#ready.resolve();
      } else if (event.type === "close") this.#closeFrame ??= closeFrame(event.error);
    }
  }

  /** The peer's parameters, remembered or new. */
  #adopt(peer: TransportParameters): void {
    this.#peer = peer;
    this.#recovery.maxAckDelay = peer.maxAckDelay ?? this.#recovery.maxAckDelay;
    this.streams.adopt(peer);
  }

  // Sending

  async #flush(): Promise<void> {
    while (!this.#over) {
      const datagram = await this.#nextDatagram();
      if (datagram === null) break;
      this.#budget.onSent(datagram.length);
      this.#options.send(datagram);
      if (this.#closeFrame === null) continue;
      const { application, reason } = this.#closeFrame;
      return this.#end(application ? null : this.tls.error ?? new Error(reason));
    }
    this.#setTimer();
  }

  /** The next datagram, if there is anything to say. */
  async #nextDatagram(): Promise<Uint8Array | null> {
    const written = await writeDatagram(this.tls, {
      room: Math.min(DATAGRAM, this.#budget.available),
      sourceConnectionId: this.#options.sourceConnectionId,
      nextPacketNumber: (space) => this.#recovery.spaces[space].nextNumber++,
      fill: (level, bytes) => this.#write(level, new Payload(bytes)),
    });
    this.#takeEvents();
    const time = this.#options.clock.now();
    for (const { content: { fates }, ...packet } of written?.packets ?? []) {
      if (fates.length > 0) this.#recovery.onSent({ ...packet, time, fates });
    }
    return written?.datagram ?? null;
  }

  /** Writes what there is to say at a level. */
  #write(level: Level, payload: Payload): Payload {
    if (this.#closeFrame !== null) payload.add(closeFrameAt(level, this.#closeFrame));
    if (this.#closeFrame !== null) return payload;
    const space = this.#recovery.spaces[spaceOf(level)];
    // RFC 9000 §13.2.1: it goes with whatever is sent, since the one before may be lost.
    if (level !== "early" && space.received.size > 0) {
      payload.add(space.acknowledgement(this.#options.clock.now()));
    }
    const { length } = payload;
    // RFC 9002 §7: acknowledgements are not congestion controlled, everything else is.
    if (this.#recovery.maySend) this.#writeFrames(level, payload);
    if (payload.length === length && !space.ackOwed) payload.length = 0;
    space.ackOwed = false;
    return payload;
  }

  #writeFrames(level: Level, payload: Payload): void {
    if (level !== "early") payload.addChunks(this.tls.cryptoSender(level));
    if (level === "application") this.#handshakeDone.write(payload);
    this.#ping.write(payload);
    if (spaceOf(level) === "application") this.streams.write(payload);
  }

  #setTimer(): void {
    this.#stopTimer();
    if (this.#over) return;
    const now = this.#options.clock.now();
    const handshaking = this.tls.role === "client" && !this.tls.confirmed;
    const blocked = this.#budget.available === 0;
    const recovery = blocked ? Infinity : this.#recovery.timeout(handshaking, now);
    // RFC 9000 §10.1: the lower of both sides' timeouts, but three PTOs at least.
    const agreed = Math.min(IDLE_TIMEOUT, this.#peer.maxIdleTimeout || IDLE_TIMEOUT);
    const idle = this.#lastHeard + Math.max(agreed, 3 * this.#recovery.pto());
    const wait = Math.min(recovery, this.tls.timeout, idle) - now;
    const onTimer = (): Promise<void> => this.#run(() => this.#onTimer(recovery, idle));
    this.#stopTimer = this.#options.clock.set(onTimer, Math.max(0, wait));
  }

  #onTimer(recovery: number, idle: number): void {
    const now = this.#options.clock.now();
    if (now >= idle) return this.#end(new Error("the connection is idle"));
    this.tls.onTimeout();
    if (now < recovery || !this.#recovery.onTimeout(now)) return;
    this.#ping.owed = true;
  }

  #end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    const reason = error ?? new Error("the connection is closed");
    this.#ready.reject(reason);
    this.streams.fail(reason);
    this.#closed.resolve(error);
    this.#options.onClosed();
  }
}
