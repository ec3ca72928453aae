/**
 * One QUIC connection: packets in and out, on top of `QuicTls`.
 *
 * Everything that may wait runs in one queue, so packets are handled in the order in which they came.
 *
 * @module
 */
import {
  AmplificationBudget,
  closeCodeOf,
  CRYPTO_ERROR,
  DEFAULT_TRANSPORT_PARAMETERS,
  errorOfCloseCode,
  type Level,
  levelOf,
  longHeaderLength,
  PACKET_TAG_LENGTH,
  parseDatagram,
  type ProtectedPacket,
  QuicError,
  type QuicTls,
  RangeSet,
  shortHeaderLength,
  spaceOf,
  TransportErrorCode,
  type TransportParameters,
  varintLength,
  writeLongHeader,
  writeShortHeader,
} from "./deps.ts";
import { decodeFrames, type Frame, FrameWriter } from "./frames.ts";
import type { Recovery, SentFrame, SentPacket } from "./recovery.ts";
import { QuicStream, STREAM_WINDOW } from "./stream.ts";

/** The bytes of every connection ID that we choose. */
export const ID_LENGTH = 8;
const MAX_DATAGRAM = 1200;
/** Four bytes are enough for any window; a thriftier sender asks `packetNumberLength`. */
const PACKET_NUMBER_LENGTH = 4;
const CONNECTION_WINDOW = 1024 * 1024;
const MAX_STREAMS = 100;
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

interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

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
  readonly #ready: Deferred<void> = Promise.withResolvers<void>();
  readonly #closed: Deferred<Error | null> = Promise.withResolvers<Error | null>();
  readonly #budget = new AmplificationBudget();
  readonly #received = {
    initial: new RangeSet(),
    handshake: new RangeSet(),
    application: new RangeSet(),
  };
  readonly #ackOwed = { initial: false, handshake: false, application: false };
  readonly #streams = new Map<number, QuicStream>();
  readonly #incoming: QuicStream[] = [];
  readonly #owed = { maxData: false, maxStreams: false, handshakeDone: false, ping: false };
  readonly #responses: Uint8Array[] = [];
  #onIncoming: () => void = () => {};
  #opened = { bidi: 0, uni: 0 };
  #peerOpened = { bidi: 0, uni: 0 };
  #streamLimits = { bidi: 0, uni: 0 };
  #onStreamLimit: () => void = () => {};
  #peer: TransportParameters = {};
  #sendLimit = 0;
  #sent = 0;
  #receiveLimit = CONNECTION_WINDOW;
  #receivedBytes = 0;
  #consumedBytes = 0;
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

  /** Opens a bidirectional stream as soon as the peer allows one more. */
  openStream(kind: "bidi" | "uni" = "bidi"): Promise<QuicStream> {
    const open = async (): Promise<QuicStream> => {
      while (this.#opened[kind] >= this.#streamLimits[kind]) {
        if (this.#over) throw new Error("the connection is closed");
        await new Promise<void>((resolve) => {
          const before = this.#onStreamLimit;
          this.#onStreamLimit = () => {
            before();
            resolve();
          };
        });
      }
      const initiator = this.tls.role === "client" ? 0 : 1;
      const id = 4 * this.#opened[kind]++ + (kind === "uni" ? 2 : 0) + initiator;
      return this.#addStream(id);
    };
    return open();
  }

  /** The streams that the peer opens. */
  async *streams(): AsyncGenerator<QuicStream, void, undefined> {
    for (;;) {
      const next = this.#incoming.shift();
      if (next !== undefined) yield next;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => this.#onIncoming = resolve);
    }
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
      case "stream": {
        const fresh = this.#streamOf(frame.id)?.receive(frame.offset, frame.data, frame.fin) ?? 0;
        this.#receivedBytes += fresh;
        if (this.#receivedBytes <= this.#receiveLimit) return;
        throw new QuicError(TransportErrorCode.FLOW_CONTROL_ERROR, "too much data");
      }
      case "reset":
        this.#streamOf(frame.id)?.fail(new Error(`the peer reset the stream with ${frame.code}`));
        return;
      case "stop": {
        const stream = this.#streamOf(frame.id);
        if (stream) stream.resetOwed = frame.code;
        return;
      }
      case "maxData":
        this.#sendLimit = Math.max(this.#sendLimit, frame.max);
        return;
      case "maxStreamData": {
        const stream = this.#streamOf(frame.id);
        if (stream) stream.sendLimit = Math.max(stream.sendLimit, frame.max);
        return;
      }
      case "maxStreams": {
        const kind = frame.bidi ? "bidi" : "uni";
        this.#streamLimits[kind] = Math.max(this.#streamLimits[kind], frame.max);
        return this.#onStreamLimit();
      }
      case "pathChallenge":
        this.#responses.push(frame.data.slice());
        return;
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
        } else if (sent.kind === "stream") {
          this.#streams.get(sent.id)?.onAcked(sent.offset, sent.length, sent.fin);
        }
      }
    }
    this.#onLost(this.#recovery.detectLoss(space, now));
  }

  /** What was lost is owed again. */
  #onLost(packets: readonly SentPacket[]): void {
    for (const frame of packets.flatMap((packet) => packet.frames)) {
      if (frame.kind === "crypto") {
        this.tls.cryptoSender(frame.level).onLost(frame.offset, frame.length);
      } else if (frame.kind === "stream") {
        this.#streams.get(frame.id)?.onLost(frame.offset, frame.length, frame.fin);
      } else if ("id" in frame) {
        const stream = this.#streams.get(frame.id);
        if (stream === undefined) continue;
        if (frame.kind === "maxStreamData") stream.creditOwed = true;
        else if (frame.kind === "reset") stream.resetOwed = frame.code;
        else stream.stopOwed = frame.code;
      } else this.#owed[frame.kind] = true;
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

  /** The peer's limits, remembered or new. */
  #adopt(peer: TransportParameters): void {
    this.#peer = peer;
    this.#recovery.maxAckDelay = peer.maxAckDelay ?? DEFAULT_TRANSPORT_PARAMETERS.maxAckDelay;
    this.#sendLimit = Math.max(this.#sendLimit, peer.initialMaxData ?? 0);
    this.#streamLimits.bidi = Math.max(this.#streamLimits.bidi, peer.initialMaxStreamsBidi ?? 0);
    this.#streamLimits.uni = Math.max(this.#streamLimits.uni, peer.initialMaxStreamsUni ?? 0);
    for (const stream of this.#streams.values()) {
      stream.sendLimit = Math.max(stream.sendLimit, this.#sendLimitOf(stream.id));
    }
    this.#onStreamLimit();
  }

  // Streams

  #sendLimitOf(id: number): number {
    const ours = (id & 1) === (this.tls.role === "client" ? 0 : 1);
    const peer = this.#peer;
    if (id & 2) return ours ? peer.initialMaxStreamDataUni ?? 0 : 0;
    return (ours ? peer.initialMaxStreamDataBidiRemote : peer.initialMaxStreamDataBidiLocal) ?? 0;
  }

  #addStream(id: number): QuicStream {
    const stream = new QuicStream(id, this.#sendLimitOf(id), {
      takeCredit: (wanted) => {
        const length = Math.min(wanted, this.#sendLimit - this.#sent);
        this.#sent += Math.max(0, length);
        return Math.max(0, length);
      },
      onConsumed: (bytes) => {
        this.#consumedBytes += bytes;
        if (this.#receiveLimit - this.#consumedBytes > CONNECTION_WINDOW / 2) return;
        this.#receiveLimit = this.#consumedBytes + CONNECTION_WINDOW;
        this.#owed.maxData = true;
        this.#wake();
      },
      wake: this.#wake,
    });
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream with an ID; a new one if the peer opens it. */
  #streamOf(id: number): QuicStream | undefined {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const ours = (id & 1) === (this.tls.role === "client" ? 0 : 1);
    const kind = id & 2 ? "uni" : "bidi";
    const index = Math.floor(id / 4);
    if (ours && index >= this.#opened[kind]) {
      throw new QuicError(TransportErrorCode.STREAM_STATE_ERROR, `stream ${id} was not opened`);
    }
    if (ours || index < this.#peerOpened[kind]) return undefined;
    if (index >= MAX_STREAMS) {
      throw new QuicError(TransportErrorCode.STREAM_LIMIT_ERROR, `stream ${id} is above the limit`);
    }
    // RFC 9000 §3.2: a stream opens all streams of its kind with lower numbers.
    while (this.#peerOpened[kind] <= index) {
      const opened = 4 * this.#peerOpened[kind]++ + (id & 3);
      this.#incoming.push(this.#addStream(opened));
    }
    this.#onIncoming();
    return this.#streams.get(id);
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
      const writer = new FrameWriter(room - this.#headerLength(level) - PACKET_TAG_LENGTH);
      const frames: SentFrame[] = [];
      const eliciting = this.#writeFrames(level, writer, frames);
      if (writer.length === 0) continue;
      writer.pad(4 - writer.length); // RFC 9001 §5.4.2: enough for the sample.
      plans.push({ level, writer, frames, eliciting });
      room -= this.#headerLength(level) + writer.length + PACKET_TAG_LENGTH;
    }
    if (plans.length === 0) return null;
    // RFC 9000 §14.1: datagrams with Initial packets have 1,200 bytes at least.
    if (plans[0].level === "initial" && (this.tls.role === "client" || plans[0].eliciting)) {
      plans[plans.length - 1].writer.pad(room);
    }
    const packets: Uint8Array[] = [];
    for (const { level, writer, frames, eliciting } of plans) {
      const packetNumber = this.#recovery.nextPacketNumber(spaceOf(level));
      const packet = await this.#seal(level, packetNumber, writer.finish());
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

  /** How many bytes the header of a level has. */
  #headerLength(level: Level): number {
    const id = this.tls.destinationConnectionId.length;
    if (level === "application") return 1 + id + PACKET_NUMBER_LENGTH;
    const token = this.tls.token.length;
    const tokenField = level === "initial" ? varintLength(token) + token : 0;
    return 7 + id + ID_LENGTH + tokenField + 2 + PACKET_NUMBER_LENGTH;
  }

  async #seal(level: Level, packetNumber: number, payload: Uint8Array): Promise<Uint8Array> {
    const { tls } = this;
    const { destinationConnectionId } = tls;
    const common = {
      destinationConnectionId,
      packetNumber,
      packetNumberLength: PACKET_NUMBER_LENGTH,
    };
    if (level === "application") {
      const packet = new Uint8Array(shortHeaderLength(common) + payload.length + PACKET_TAG_LENGTH);
      const headerLength = writeShortHeader(packet, 0, common);
      packet.set(payload, headerLength);
      return await tls.protect(level, packet, headerLength, packetNumber);
    }
    const header = {
      ...common,
      type: level === "early" ? "0rtt" as const : level,
      version: level === "early" ? tls.originalVersion : tls.version,
      sourceConnectionId: this.#options.sourceConnectionId,
      token: tls.token,
      protectedLength: payload.length + PACKET_TAG_LENGTH,
    };
    const packet = new Uint8Array(longHeaderLength(header) + payload.length + PACKET_TAG_LENGTH);
    const headerLength = writeLongHeader(packet, 0, header);
    packet.set(payload, headerLength);
    return await tls.protect(level, packet, headerLength, packetNumber);
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
    if (space === "application") this.#writeApplication(level, writer, frames);
    else if (this.#owed.ping && frames.length === before && writer.add(0x01)) {
      this.#owed.ping = false;
      frames.push({ kind: "ping" });
    }
    return frames.length > before;
  }

  #writeApplication(level: Level, writer: FrameWriter, frames: SentFrame[]): void {
    const owed = this.#owed;
    const tell = (kind: keyof typeof owed, ...parts: number[]): void => {
      if (!owed[kind] || !writer.add(...parts)) return;
      owed[kind] = false;
      frames.push({ kind });
    };
    if (level === "application") {
      tell("handshakeDone", 0x1e);
      while (this.#responses.length > 0 && writer.add(0x1b, this.#responses[0])) {
        this.#responses.shift();
        frames.push({ kind: "ping" });
      }
    }
    tell("maxData", 0x10, this.#receiveLimit);
    tell("ping", 0x01);
    for (const stream of this.#streams.values()) {
      const { id } = stream;
      if (stream.creditOwed && writer.add(0x11, id, stream.receiveLimit)) {
        stream.creditOwed = false;
        frames.push({ kind: "maxStreamData", id });
      }
      if (
        stream.resetOwed !== null && writer.add(0x04, id, stream.resetOwed, stream.sender.written)
      ) {
        frames.push({ kind: "reset", id, code: stream.resetOwed });
        stream.resetOwed = null;
      }
      if (stream.stopOwed !== null && writer.add(0x05, id, stream.stopOwed)) {
        frames.push({ kind: "stop", id, code: stream.stopOwed });
        stream.stopOwed = null;
      }
      while (stream.wantsToSend && writer.room > 24) {
        const next = stream.next(writer.room - 20);
        if (next === null) break;
        const { offset, data, fin } = next;
        writer.add(0x0e | (fin ? 1 : 0), id, offset, data.length, data);
        frames.push({ kind: "stream", id, offset, length: data.length, fin });
      }
    }
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
    for (const stream of this.#streams.values()) stream.fail(reason);
    this.#onIncoming();
    this.#onStreamLimit();
    this.#closed.resolve(error);
    this.#options.onClosed?.();
  }
}
