/**
 * Streams with flow control (RFC 9000 sections 2 to 4). Bytes are put in order, kept and sent again by the same two classes
 * that carry CRYPTO data.
 *
 * @module
 */
import {
  CryptoReceiver,
  CryptoSender,
  type Frame,
  QuicError,
  TransportErrorCode,
} from "@sealane/quic-tls";
import { OwedFrame, type Payload } from "./payload.ts";
import { ReceiveWindow } from "./window.ts";

/** How many bytes a peer may send ahead of the reader, per stream. */
export const STREAM_WINDOW = 256 * 1024;
/** How much of a write the sender holds at a time. */
const PIECE = 32 * 1024;
const NOTHING = new Uint8Array(0);

/** What a stream asks of its connection. */
export interface StreamHost {
  /** The credit that all streams share, for what the peer sends. */
  readonly window: ReceiveWindow;
  /** There is something to send. */
  wake(): void;
  /** Takes credit of the connection for at most so many bytes, and says for how many. */
  takeCredit(wanted: number): number;
  /** Both sides of a stream are closed. */
  onDone(id: number): void;
}

/** One stream: its readable and its writable side. */
export class QuicStream {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #host: StreamHost;
  /** Which sides are open; a unidirectional stream has one from the start. */
  readonly #open: { sending: boolean; receiving: boolean };

  readonly #sender = new CryptoSender();
  readonly #fin = new OwedFrame(() => {
    const offset = this.#sender.written;
    return { type: "stream", streamId: this.id, offset, data: NOTHING, fin: true };
  });
  #reset: OwedFrame | null = null;
  #sendLimit = 0;
  #failure: Error | null = null;
  #onRoom: () => void = () => {};

  readonly #receiver = new CryptoReceiver(STREAM_WINDOW);
  readonly #window: ReceiveWindow;
  readonly #stop = new OwedFrame(() => ({ type: "stopSending", streamId: this.id, code: 0 }));
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #highest = 0;
  #consumed = 0;
  #finalSize = Infinity;
  /** Nobody reads any more: what comes counts as read. */
  #discarding = false;

  constructor(id: number, sides: { sending: boolean; receiving: boolean }, host: StreamHost) {
    this.id = id;
    this.#host = host;
    this.#open = { ...sides };
    const limit = (maximum: number): Frame => ({ type: "maxStreamData", streamId: id, maximum });
    this.#window = new ReceiveWindow(STREAM_WINDOW, limit, host.wake);
    // The queue of the readable side is the window: what leaves it is credit for the peer.
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#advance(),
      cancel: () => {
        if (this.#finalSize === Infinity) this.#stop.owed = true;
        this.#discarding = true;
        this.#advance();
        host.wake();
      },
    }, { highWaterMark: STREAM_WINDOW, size: (chunk) => chunk.length });
    this.writable = new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#fin.owed = true;
        host.wake();
      },
      abort: () => this.stopSending(0),
    });
  }

  // Sending

  /** The peer takes bytes up to `limit`, or the connection has credit again. */
  raiseSendLimit(limit: number): void {
    this.#sendLimit = Math.max(this.#sendLimit, limit);
    this.#onRoom();
  }

  /** Gives bytes to the sender as both limits allow and as they leave: backpressure is flow control. */
  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      if (this.#failure !== null) throw this.#failure;
      const allowed = Math.min(chunk.length - at, this.#sendLimit - this.#sender.written, PIECE);
      const length = this.#sender.hasData || allowed <= 0 ? 0 : this.#host.takeCredit(allowed);
      if (length === 0) {
        await new Promise<void>((resolve) => this.#onRoom = resolve);
        continue;
      }
      this.#sender.write(chunk.subarray(at, at += length));
      this.#host.wake();
    }
  }

  /** Ends the sending side with an error code: the peer asked for it, or the application gave up. */
  stopSending(code: number): void {
    if (!this.#open.sending || this.#reset !== null) return;
    const finalSize = this.#sender.written;
    const frame = { type: "resetStream", streamId: this.id, code, finalSize } as const;
    this.#reset = new OwedFrame(() => frame);
    this.#reset.owed = true;
    this.#failure ??= new Error(`the stream was reset with ${code}`);
    this.#onRoom();
    this.#host.wake();
  }

  /** Writes what the stream has to say. */
  write(payload: Payload): void {
    if (this.#open.receiving) this.#window.write(payload);
    this.#stop.write(payload);
    if (this.#reset === null) payload.addChunks(this.#sender, this.id);
    if (!this.#sender.hasData) this.#onRoom();
    const last = this.#reset ?? this.#fin;
    last.write(payload);
    if (last.acked && (last === this.#reset || !this.#sender.inFlight)) this.#close("sending");
  }

  // Receiving

  /** Takes a STREAM frame. */
  receive(offset: number, data: Uint8Array, fin: boolean): void {
    this.#extend(offset + data.length, fin);
    const ready = this.#discarding ? NOTHING : this.#receiver.receive(offset, data);
    if (ready.length > 0) this.#controller?.enqueue(ready.slice());
    this.#advance();
  }

  /** Takes a RESET_STREAM frame. */
  receiveReset(code: number, finalSize: number): void {
    this.#extend(finalSize, true);
    if (!this.#open.receiving) return;
    if (!this.#discarding) this.#controller?.error(new Error(`the peer reset it with ${code}`));
    this.#discarding = true;
    this.#advance();
  }

  /** The peer has sent up to `end`. */
  #extend(end: number, final: boolean): void {
    if (!this.#open.receiving && this.#finalSize === Infinity) {
      throw new QuicError(TransportErrorCode.STREAM_STATE_ERROR, `stream ${this.id} is one-way`);
    }
    // RFC 9000 §4.5: the final size does not change, and nothing is beyond it.
    const moved = final && end !== this.#finalSize && this.#finalSize < Infinity;
    if (moved || end > this.#finalSize || final && end < this.#highest) {
      throw new QuicError(TransportErrorCode.FINAL_SIZE_ERROR, `stream ${this.id} ends at ${end}`);
    }
    if (final) this.#finalSize = end;
    const fresh = Math.max(0, end - this.#highest);
    this.#highest += fresh;
    this.#window.receive(fresh);
    this.#host.window.receive(fresh);
  }

  /** Gives credit for what was read, and ends the readable side when that was all. */
  #advance(): void {
    const controller = this.#controller;
    if (!this.#open.receiving || controller === null) return;
    const queued = STREAM_WINDOW - (controller.desiredSize ?? STREAM_WINDOW);
    const read = this.#discarding ? this.#highest : this.#receiver.delivered - queued;
    this.#window.consume(read - this.#consumed);
    this.#host.window.consume(read - this.#consumed);
    this.#consumed = read;
    if (read < this.#finalSize) return;
    if (!this.#discarding) controller.close();
    this.#close("receiving");
  }

  #close(side: "sending" | "receiving"): void {
    if (!this.#open[side]) return;
    this.#open[side] = false;
    if (!this.#open.sending && !this.#open.receiving) this.#host.onDone(this.id);
  }

  /** The connection is over. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#onRoom();
    const arrived = this.#receiver.delivered === this.#finalSize;
    if (this.#open.receiving && !arrived && !this.#discarding) this.#controller?.error(error);
  }
}
