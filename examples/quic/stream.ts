/**
 * Streams with flow control (RFC 9000 sections 2 to 4). Bytes are put in order, kept and sent again by the same two classes
 * that carry CRYPTO data.
 *
 * @module
 */
import { CryptoReceiver, CryptoSender, QuicError, TransportErrorCode } from "@sealane/quic-tls";

/** How many bytes a peer may send ahead of the reader, per stream. */
export const STREAM_WINDOW = 256 * 1024;
const MAX_BUFFERED = 64 * 1024;

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Takes connection-level credit: at most `wanted` bytes. */
  takeCredit(wanted: number): number;
  /** The reader has taken bytes: the peer may send as many more. */
  onConsumed(bytes: number): void;
  /** There is something to send. */
  wake(): void;
}

/** One stream: its readable and its writable side. */
export class QuicStream {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** The peer's limit on what we send. */
  sendLimit: number;
  /** Our limit on what the peer sends, and whether it has to be told. */
  receiveLimit = STREAM_WINDOW;
  creditOwed = false;
  /** An error code for RESET_STREAM or STOP_SENDING that has to be sent. */
  resetOwed: number | null = null;
  stopOwed: number | null = null;
  readonly sender = new CryptoSender();
  readonly #receiver = new CryptoReceiver(STREAM_WINDOW);
  readonly #host: StreamHost;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #closing = false;
  #finSent = false;
  #finAcked = false;
  #written = 0;
  #highest = 0;
  #finalSize = Infinity;
  #consumed = 0;
  #failure: Error | null = null;
  readonly #arrived: Uint8Array[] = [];
  #onArrival: () => void = () => {};
  #onRoom: () => void = () => {};

  constructor(id: number, sendLimit: number, host: StreamHost) {
    this.id = id;
    this.sendLimit = sendLimit;
    this.#host = host;
    this.readable = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.stopOwed = 0;
        host.wake();
      },
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#closing = true;
        host.wake();
      },
      abort: () => {
        this.resetOwed = 0;
        host.wake();
      },
    });
  }

  // Sending

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    this.#queue.push(chunk.slice());
    this.#queued += chunk.length;
    this.#host.wake();
    while (this.#queued > MAX_BUFFERED && this.#failure === null) {
      await new Promise<void>((resolve) => this.#onRoom = resolve);
    }
  }

  /** Moves what both limits allow to the sender. */
  #fill(): void {
    while (this.#queue.length > 0) {
      const [chunk] = this.#queue;
      const wanted = Math.min(chunk.length, this.sendLimit - this.#written);
      const length = wanted > 0 ? this.#host.takeCredit(wanted) : 0;
      if (length === 0) return;
      this.sender.write(chunk.subarray(0, length));
      this.#written += length;
      this.#queued -= length;
      if (length === chunk.length) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(length);
      if (this.#queued <= MAX_BUFFERED) this.#onRoom();
    }
  }

  /** The next STREAM frame with at most `maxLength` bytes of data, or `null`. */
  next(maxLength: number): { offset: number; data: Uint8Array; fin: boolean } | null {
    if (this.resetOwed !== null) return null;
    if (!this.sender.hasData) this.#fill();
    const chunk = this.sender.next(maxLength);
    const drained = this.#closing && this.#queue.length === 0;
    if (chunk === null) {
      if (!drained || this.#finSent || this.sender.hasData) return null;
      this.#finSent = true;
      return { offset: this.#written, data: new Uint8Array(0), fin: true };
    }
    const fin = drained && chunk.offset + chunk.data.length === this.#written;
    if (fin) this.#finSent = true;
    return { ...chunk, fin };
  }

  /** Whether {@link QuicStream.next} may have something. */
  get wantsToSend(): boolean {
    const blocked = this.#written >= this.sendLimit;
    return this.sender.hasData || (this.#queue.length > 0 && !blocked) ||
      (this.#closing && this.#queue.length === 0 && !this.#finSent);
  }

  onAcked(offset: number, length: number, fin: boolean): void {
    this.sender.onAcknowledged(offset, length);
    if (fin) this.#finAcked = true;
  }

  onLost(offset: number, length: number, fin: boolean): void {
    this.sender.onLost(offset, length);
    if (fin && !this.#finAcked) this.#finSent = false;
  }

  // Receiving

  /** Takes a STREAM frame; answers how many bytes are new for the connection's flow control. */
  receive(offset: number, data: Uint8Array, fin: boolean): number {
    const end = offset + data.length;
    if (end > this.receiveLimit) {
      throw new QuicError(TransportErrorCode.FLOW_CONTROL_ERROR, `stream ${this.id} up to ${end}`);
    }
    // RFC 9000 §4.5: the final size does not change.
    if (
      end > this.#finalSize ||
      fin && (this.#finalSize !== Infinity && end !== this.#finalSize || end < this.#highest)
    ) {
      throw new QuicError(TransportErrorCode.FINAL_SIZE_ERROR, `stream ${this.id} ends at ${end}`);
    }
    if (fin) this.#finalSize = end;
    const fresh = Math.max(0, end - this.#highest);
    this.#highest += fresh;
    const ready = this.#receiver.receive(offset, data);
    if (ready.length > 0) this.#arrived.push(ready.slice());
    this.#onArrival();
    return fresh;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const chunk = this.#arrived.shift();
      if (chunk !== undefined) {
        this.#consumed += chunk.length;
        this.#host.onConsumed(chunk.length);
        if (this.receiveLimit - this.#consumed < STREAM_WINDOW / 2) {
          this.receiveLimit = this.#consumed + STREAM_WINDOW;
          this.creditOwed = true;
          this.#host.wake();
        }
        controller.enqueue(chunk);
        return;
      }
      if (this.#receiver.delivered >= this.#finalSize) return controller.close();
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => this.#onArrival = resolve);
    }
  }

  /** The peer reset the stream, or the connection is over. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#onArrival();
    this.#onRoom();
  }
}
