/**
 * The streams of a connection, how many there may be, and the credit that they share (RFC 9000 sections 2 and 4).
 *
 * @module
 */
import {
  type Frame,
  QuicError,
  type Role,
  type StreamKind,
  TransportErrorCode,
  type TransportParameters,
} from "@sealane/quic-tls";
import type { Payload } from "./payload.ts";
import { QuicStream } from "./stream.ts";
import { ReceiveWindow } from "./window.ts";

/** How many bytes the peer may send ahead of the readers, on all streams together. */
export const CONNECTION_WINDOW = 1024 * 1024;
/** How many streams of each kind the peer may have open. */
export const MAX_STREAMS = 100;

/** All streams of one connection. */
export class StreamSet {
  /** There is something to send. */
  readonly wake: () => void;
  /** The lowest bit of the IDs of our own streams. */
  readonly #initiator: number;
  readonly #streams = new Map<number, QuicStream>();
  readonly #pipe = new TransformStream<QuicStream, QuicStream>();
  readonly #newcomers = this.#pipe.writable.getWriter();
  /** The streams that the peer opens. */
  readonly incoming: ReadableStream<QuicStream> = this.#pipe.readable;
  /** Resolves when the limits have changed, or at the end. */
  #changed = Promise.withResolvers<void>();
  #over: Error | null = null;
  // What the peer allows us.
  #peer: TransportParameters = {};
  readonly #limits = { bidi: 0, uni: 0 };
  readonly #opened = { bidi: 0, uni: 0 };
  #sendLimit = 0;
  #sent = 0;
  // What we allow the peer.
  readonly #peerOpened = { bidi: 0, uni: 0 };
  readonly window: ReceiveWindow;
  readonly #peerStreams: Record<StreamKind, ReceiveWindow>;

  constructor(role: Role, wake: () => void) {
    this.#initiator = role === "client" ? 0 : 1;
    this.wake = wake;
    const data = (maximum: number): Frame => ({ type: "maxData", maximum });
    this.window = new ReceiveWindow(CONNECTION_WINDOW, data, wake);
    const streams = (kind: StreamKind): ReceiveWindow =>
      new ReceiveWindow(MAX_STREAMS, (maximum) => ({ type: "maxStreams", kind, maximum }), wake);
    this.#peerStreams = { bidi: streams("bidi"), uni: streams("uni") };
  }

  /** The peer's limits, remembered or new. */
  adopt(peer: TransportParameters): void {
    this.#peer = peer;
    this.#limits.bidi = Math.max(this.#limits.bidi, peer.initialMaxStreamsBidi ?? 0);
    this.#limits.uni = Math.max(this.#limits.uni, peer.initialMaxStreamsUni ?? 0);
    for (const stream of this.#streams.values()) stream.raiseSendLimit(this.#limitOf(stream.id));
    this.#raiseSendLimit(peer.initialMaxData ?? 0);
    this.#notify();
  }

  #raiseSendLimit(max: number): void {
    this.#sendLimit = Math.max(this.#sendLimit, max);
    for (const stream of this.#streams.values()) stream.raiseSendLimit(0);
  }

  /** The peer's first limit for a stream. */
  #limitOf(id: number): number {
    const ours = (id & 1) === this.#initiator;
    const peer = this.#peer;
    if (id & 2) return ours ? peer.initialMaxStreamDataUni ?? 0 : 0;
    return (ours ? peer.initialMaxStreamDataBidiRemote : peer.initialMaxStreamDataBidiLocal) ?? 0;
  }

  /** Opens a stream as soon as the peer allows one more. */
  async open(kind: StreamKind = "bidi"): Promise<QuicStream> {
    while (this.#over === null && this.#opened[kind] >= this.#limits[kind]) {
      await this.#changed.promise;
    }
    if (this.#over !== null) throw this.#over;
    return this.#add(4 * this.#opened[kind]++ + (kind === "uni" ? 2 : 0) + this.#initiator);
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #add(id: number): QuicStream {
    const ours = (id & 1) === this.#initiator;
    const bidi = (id & 2) === 0;
    const sides = { sending: ours || bidi, receiving: !ours || bidi };
    const stream = new QuicStream(id, sides, this);
    stream.raiseSendLimit(this.#limitOf(id));
    this.#streams.set(id, stream);
    return stream;
  }

  /** Takes credit for sending on any stream: at most `wanted` bytes. */
  takeCredit(wanted: number): number {
    const length = Math.max(0, Math.min(wanted, this.#sendLimit - this.#sent));
    this.#sent += length;
    return length;
  }

  /** Nothing more happens on a stream in either direction. */
  onDone(id: number): void {
    this.#streams.delete(id);
    // RFC 9000 §4.6: where a stream of the peer is over, it may open another one.
    if ((id & 1) !== this.#initiator) this.#peerStreams[id & 2 ? "uni" : "bidi"].consume(1);
  }

  /** The stream with an ID; a new one if the peer opens it with this; none if it is over. */
  #find(id: number): QuicStream | undefined {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const ours = (id & 1) === this.#initiator;
    const kind = id & 2 ? "uni" : "bidi";
    const index = Math.floor(id / 4);
    if (ours && index >= this.#opened[kind]) {
      throw new QuicError(TransportErrorCode.STREAM_STATE_ERROR, `stream ${id} was not opened`);
    }
    if (!ours && index >= this.#peerStreams[kind].limit) {
      throw new QuicError(TransportErrorCode.STREAM_LIMIT_ERROR, `stream ${id} is above the limit`);
    }
    // RFC 9000 §3.2: a stream opens all streams of its kind with lower numbers.
    while (!ours && this.#peerOpened[kind] <= index) {
      const stream = this.#add(4 * this.#peerOpened[kind]++ + (id & 3));
      this.#newcomers.write(stream).catch(() => {}); // Nobody wants more of them.
    }
    return this.#streams.get(id);
  }

  /** Takes a frame about streams or credit; others mean nothing here. */
  onFrame(frame: Frame): void {
    switch (frame.type) {
      case "stream":
        return this.#find(frame.streamId)?.receive(frame.offset, frame.data, frame.fin);
      case "resetStream":
        return this.#find(frame.streamId)?.receiveReset(frame.code, frame.finalSize);
      case "stopSending":
        return this.#find(frame.streamId)?.stopSending(frame.code);
      case "maxData":
        return this.#raiseSendLimit(frame.maximum);
      case "maxStreamData":
        return this.#find(frame.streamId)?.raiseSendLimit(frame.maximum);
      case "maxStreams":
        this.#limits[frame.kind] = Math.max(this.#limits[frame.kind], frame.maximum);
        return this.#notify();
    }
  }

  /** Writes what the streams have to say. */
  write(payload: Payload): void {
    this.window.write(payload);
    this.#peerStreams.bidi.write(payload);
    this.#peerStreams.uni.write(payload);
    for (const stream of this.#streams.values()) stream.write(payload);
  }

  /** The connection is over. */
  fail(reason: Error): void {
    this.#over = reason;
    this.#newcomers.close().catch(() => {});
    for (const stream of this.#streams.values()) stream.fail(reason);
    this.#notify();
  }
}
