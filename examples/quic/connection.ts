/**
 * One QUIC connection: packets in and out, on top of `QuicTls`.
 *
 * Everything that may wait runs in one queue, so packets are handled in the order in which they came.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import {
  AmplificationBudget,
  closeCodeOf,
  CRYPTO_ERROR,
  DEFAULT_TRANSPORT_PARAMETERS,
  errorOfCloseCode,
  levelOf,
  type PacketFields,
  packetOverhead,
  parseDatagram,
  type ProtectedPacket,
  QuicError,
  type QuicTls,
  RangeSet,
  sealPacket,
  spaceOf,
  TransportErrorCode,
  type TransportParameters,
} from "@sealane/quic-tls";
import { decodeFrames, type Frame, FrameWriter } from "./frames.ts";
import type { Recovery, SentFrame, SentPacket } from "./recovery.ts";
import { type QuicStream, STREAM_WINDOW } from "./stream.ts";
import { CONNECTION_WINDOW, MAX_STREAMS, type StreamKind, StreamSet } from "./stream_set.ts";

/** The bytes of every connection ID that we choose. */
export const ID_LENGTH = 8;
const MAX_DATAGRAM = 1200;
/** Four bytes are enough for any window; a thriftier sender asks `packetNumberLength`. */
const PACKET_NUMBER_LENGTH = 4;
const IDLE_TIMEOUT = 30_000;

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
  readonly sourceConnectionId: Uint8Array;
  /** Sends a datagram to the peer. */
  readonly send: (datagram: Uint8Array) => void;
  /** Whether the client's address is known to be its own, by a token. */
  readonly validated?: boolean;
  /** Called once, at the end. */
  readonly onClosed?: () => void;
  readonly now: () => number;
  readonly recovery: Recovery;
}

/** A connection, on either side. */
export class QuicConnection {
  readonly tls: QuicTls;
  /** Resolves when the handshake is complete. */
  readonly ready: Promise<void>;
  /** Resolves when the connection is over: with `null` if it ended well. */
  readonly closed: Promise<Error | null>;
  /** What happened to the 0-RTT data; `null`: there was none. */
  earlyDataAccepted: boolean | null = null;
  readonly #options: ConnectionOptions;
  readonly #recovery: Recovery;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<Error | null>();
  readonly #streams: StreamSet;
  readonly #budget = new AmplificationBudget();
  readonly #received = {
    initial: new RangeSet(),
    handshake: new RangeSet(),
    application: new RangeSet(),
  };
  readonly #ackOwed = { initial: false, handshake: false, application: false };
  readonly #owed = { handshakeDone: false, ping: false };
  #peer: TransportParameters = {};
  #over = false;
  #closeFrame: { code: number; application: boolean; reason: string } | null = null;
  #queue: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastHeard: number;
  #flushing = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.tls = options.tls;
    this.#recovery = options.recovery;
    this.#streams = new StreamSet(this.tls.role, this.#wake);
    this.ready = this.#ready.promise;
    this.closed = this.#closed.promise;
    this.ready.catch(() => {}); // Also told by `closed`.
    this.#lastHeard = options.now();
    if (options.validated || this.tls.role === "client") this.#budget.validate();
  }

  /** Begins. */
  start(): Promise<void> {
    return this.#run(async () => {
      await this.tls.start();
    });
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
      if (this.tls.canUpdateKeys) this.tls.updateKeys();
      this.#owed.ping = true;
    });
  }

  /** Closes the connection with a code of the application's. */
  close(code = 0, reason = ""): Promise<void> {
    return this.#run(() => {
      this.#closeFrame ??= { code, application: true, reason };
    });
  }

  /** Runs an action after all earlier ones, and then sends what there is to send. */
  #run(action: () => void | Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.#over) return;
      try {
        await action();
        this.#takeEvents();
        await this.#flush();
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        const code = closeCodeOf(error);
        this.#closeFrame ??= { code, application: false, reason: failure.message };
        await this.#flush().catch(() => this.#end(failure));
      }
    });
    return this.#queue;
  }

  readonly #wake = (): void => {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#run(() => {
      this.#flushing = false;
    });
  };

  // Receiving

  async #receive(datagram: Uint8Array): Promise<void> {
    this.#budget.onReceived(datagram.length);
    for (const packet of parseDatagram(datagram, { connectionIdLength: ID_LENGTH })) {
      if (packet.type === "retry") {
        if (await this.tls.receiveRetry(packet) === null) {
          this.#recovery.takeBack("initial", () => true);
        }
      } else if ("packetNumberOffset" in packet) await this.#open(packet);
      for (const held of this.tls.takeHeldPackets()) await this.#open(held);
    }
  }

  async #open(packet: ProtectedPacket): Promise<void> {
    const level = levelOf(packet);
    const opened = await this.tls.open(packet);
    this.#takeEvents();
    if (typeof opened === "string") return; // The reason is for logs.
    const received = this.#received[spaceOf(level)];
    if (received.has(opened.packetNumber)) return;
    received.add(opened.packetNumber, opened.packetNumber + 1);
    this.#lastHeard = this.#options.now();
    if (level === "handshake") this.#budget.validate();
    for (const frame of decodeFrames(opened.payload, level)) {
      if (frame.type !== "ack" && frame.type !== "close") this.#ackOwed[spaceOf(level)] = true;
      await this.#onFrame(frame, level, opened.firstByte);
      this.#takeEvents();
    }
  }

  #onFrame(frame: Frame, level: Level, firstByte: number): void | Promise<void> {
    switch (frame.type) {
      case "ack":
        return this.#onAck(frame, level, firstByte);
      case "crypto":
        return this.tls.receiveCrypto(level, frame.offset, frame.data);
      case "handshakeDone":
        return this.tls.confirm();
      case "close": {
        const { code, application, reason } = frame;
        const fine = code === 0 || application && code === 0x100; // H3_NO_ERROR
        const error = application
          ? new Error(`the peer closed with ${code} ${reason}`)
          : errorOfCloseCode(code, reason);
        return this.#end(fine && (application || code < CRYPTO_ERROR) ? null : error);
      }
      default:
        return this.#streams.onFrame(frame);
    }
  }

  #onAck(frame: Frame & { type: "ack" }, level: Level, firstByte: number): void {
    const space = spaceOf(level);
    const now = this.#options.now();
    const exponent = this.#peer.ackDelayExponent ?? DEFAULT_TRANSPORT_PARAMETERS.ackDelayExponent;
    const delay = frame.delay * 2 ** exponent / 1000;
    const acked = this.#recovery.onAck(
      space,
      frame.ranges,
      space === "application" ? delay : 0,
      now,
    );
    if (acked === null) {
      throw new QuicError(
        TransportErrorCode.PROTOCOL_VIOLATION,
        "a packet is acknowledged that was never sent",
      );
    }
    for (const packet of acked) {
      if (packet.level === "application") this.tls.onAcknowledged(packet.packetNumber, firstByte);
      for (const sent of packet.frames) {
        if (sent.kind === "crypto") {
          this.tls.cryptoSender(sent.level).onAcknowledged(sent.offset, sent.length);
        } else this.#streams.onAcked(sent);
      }
    }
    this.#onLost(this.#recovery.detectLoss(space, now));
  }

  /** What was lost is owed again. */
  #onLost(packets: readonly SentPacket[]): void {
    for (const frame of packets.flatMap((packet) => packet.frames)) {
      if (frame.kind === "crypto") {
        this.tls.cryptoSender(frame.level).onLost(frame.offset, frame.length);
      } else if (frame.kind === "handshakeDone" || frame.kind === "ping") {
        this.#owed[frame.kind] = true;
      } else this.#streams.onLost(frame);
    }
  }

  #takeEvents(): void {
    for (const event of this.tls.events()) {
      if (event.type === "transportParameters") this.#adopt(event.parameters);
      else if (event.type === "keys" && event.level === "early" && event.direction === "write") {
        this.#adopt(this.tls.rememberedTransportParameters ?? {});
      } else if (event.type === "keysDiscarded" && event.level !== "early") {
        this.#recovery.takeBack(spaceOf(event.level), () => true);
      } else if (event.type === "earlyData") {
        this.earlyDataAccepted = event.accepted;
        if (event.accepted) continue;
        this.#onLost(this.#recovery.takeBack("application", (packet) => packet.level === "early"));
      } else if (event.type === "complete") {
        this.#owed.handshakeDone = this.tls.role === "server";
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
      if (this.#closeFrame !== null) {
        const { code, application, reason } = this.#closeFrame;
        const failed = !application && code !== 0;
        return this.#end(failed ? this.tls.error ?? new Error(reason) : null);
      }
    }
    this.#setTimer();
  }

  /** The next datagram: packets of all levels that have something to say, coalesced. */
  async #nextDatagram(): Promise<Uint8Array | null> {
    let room = Math.min(MAX_DATAGRAM, this.#budget.available);
    const plans: { level: Level; writer: FrameWriter; frames: SentFrame[]; eliciting: boolean }[] =
      [];
    const data = this.tls.canSend("application") ? "application" : "early";
    for (const level of ["initial", "handshake", data] as const) {
      if (!this.tls.canSend(level)) continue;
      const overhead = packetOverhead(this.tls, this.#fieldsOf(level, 0));
      const writer = new FrameWriter(room - overhead);
      const frames: SentFrame[] = [];
      const eliciting = this.#writeFrames(level, writer, frames);
      if (writer.length === 0) continue;
      writer.pad(4 - writer.length); // RFC 9001 §5.4.2: enough for the sample.
      plans.push({ level, writer, frames, eliciting });
      room -= overhead + writer.length;
    }
    if (plans.length === 0) return null;
    // RFC 9000 §14.1: datagrams with Initial packets have 1,200 bytes at least.
    if (plans[0].level === "initial" && (this.tls.role === "client" || plans[0].eliciting)) {
      plans[plans.length - 1].writer.pad(room);
    }
    const packets: Uint8Array[] = [];
    for (const { level, writer, frames, eliciting } of plans) {
      const packetNumber = this.#recovery.nextPacketNumber(spaceOf(level));
      const fields = this.#fieldsOf(level, packetNumber);
      const packet = await sealPacket(this.tls, fields, writer.finish());
      packets.push(packet);
      const time = this.#options.now();
      const sent = {
        packetNumber,
        level,
        time,
        bytes: packet.length,
        ackEliciting: eliciting,
        frames,
      };
      this.#recovery.onSent(spaceOf(level), sent);
    }
    this.#takeEvents();
    const datagram = new Uint8Array(packets.reduce((length, packet) => length + packet.length, 0));
    packets.reduce((at, packet) => (datagram.set(packet, at), at + packet.length), 0);
    return datagram;
  }

  #fieldsOf(level: Level, packetNumber: number): PacketFields {
    const { sourceConnectionId } = this.#options;
    return { level, packetNumber, packetNumberLength: PACKET_NUMBER_LENGTH, sourceConnectionId };
  }

  /** Writes what there is to say at a level; answers whether it has to be acknowledged. */
  #writeFrames(level: Level, writer: FrameWriter, frames: SentFrame[]): boolean {
    if (this.#closeFrame !== null) {
      const { code, application, reason } = this.#closeFrame;
      const text = new TextEncoder().encode(reason).subarray(0, 200);
      // RFC 9000 §10.2.3: an application's close goes out as APPLICATION_ERROR before 1-RTT packets.
      if (level === "application" && application) writer.add(0x1d, code, text.length, text);
      else if (application) writer.add(0x1c, TransportErrorCode.APPLICATION_ERROR, 0, 0);
      else writer.add(0x1c, code, 0, text.length, text);
      return false;
    }
    const space = spaceOf(level);
    if (level !== "early" && this.#ackOwed[space] && writer.addAck(this.#received[space])) {
      this.#ackOwed[space] = false;
    }
    const before = frames.length;
    // RFC 9002 §7: acknowledgements are not congestion controlled, everything else is.
    if (this.#recovery.allowance < MAX_DATAGRAM) return false;
    if (level !== "early") {
      while (this.tls.hasCrypto(level) && writer.room > 16) {
        const chunk = this.tls.nextCrypto(level, writer.room - 9);
        if (chunk === null) break;
        writer.add(0x06, chunk.offset, chunk.data.length, chunk.data);
        frames.push({ kind: "crypto", level, offset: chunk.offset, length: chunk.data.length });
      }
    }
    for (const kind of ["handshakeDone", "ping"] as const) {
      if (!this.#owed[kind] || kind === "handshakeDone" && level !== "application") continue;
      if (!writer.add(kind === "ping" ? 0x01 : 0x1e)) continue;
      this.#owed[kind] = false;
      frames.push({ kind });
    }
    if (space === "application") this.#streams.write(writer, frames);
    return frames.length > before;
  }

  // Time

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    const now = this.#options.now();
    const handshaking = this.tls.role === "client" && !this.tls.confirmed;
    const blocked = this.#budget.available === 0;
    const recovery = blocked ? Infinity : this.#recovery.timeout(handshaking, now);
    const idle = this.#lastHeard + this.#idleTimeout;
    const at = Math.min(recovery, this.tls.timeout, idle);
    this.#timer = setTimeout(
      () => this.#run(() => this.#onTimer(recovery, idle)),
      Math.max(0, at - now),
    );
  }

  get #idleTimeout(): number {
    return Math.max(
      Math.min(IDLE_TIMEOUT, this.#peer.maxIdleTimeout || IDLE_TIMEOUT),
      3 * this.#recovery.pto(),
    );
  }

  #onTimer(recovery: number, idle: number): void {
    const now = this.#options.now();
    if (now >= idle) return this.#end(new Error("the connection is idle"));
    this.tls.onTimeout();
    if (now < recovery) return;
    const { lost, probe } = this.#recovery.onTimeout(now);
    this.#onLost(lost);
    if (probe) this.#owed.ping = true;
  }

  #end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const reason = error ?? new Error("the connection is closed");
    this.#ready.reject(reason);
    this.#streams.fail(reason);
    this.#closed.resolve(error);
    this.#options.onClosed?.();
  }
}
