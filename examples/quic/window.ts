/**
 * How far a peer may go (RFC 9000 section 4): the bytes of a stream, the bytes of all streams, the number of streams.
 *
 * @module
 */
import { type Frame, QuicError, TransportErrorCode } from "@sealane/quic-tls";
import { OwedFrame, type Payload } from "./payload.ts";

/** A limit that moves on as the application takes what came, and that the peer has to be told. */
export class ReceiveWindow {
  /** Where the peer has to stop. */
  limit: number;
  readonly #size: number;
  readonly #frame: OwedFrame;
  readonly #wake: () => void;
  #received = 0;
  #consumed = 0;

  /** `frame` tells the peer a new limit; `wake` is called when there is one to tell. */
  constructor(size: number, frame: (maximum: number) => Frame, wake: () => void) {
    this.limit = this.#size = size;
    this.#frame = new OwedFrame(() => frame(this.limit));
    this.#wake = wake;
  }

  /** The peer has gone on by `amount`. */
  receive(amount: number): void {
    this.#received += amount;
    if (this.#received <= this.limit) return;
    const reason = `${this.#received} is beyond the limit of ${this.limit}`;
    throw new QuicError(TransportErrorCode.FLOW_CONTROL_ERROR, reason);
  }

  /** The application has taken `amount` more. The limit moves when half of the window is used up. */
  consume(amount: number): void {
    this.#consumed += amount;
    if (this.limit - this.#consumed > this.#size / 2) return;
    this.limit = this.#consumed + this.#size;
    this.#frame.owe();
    this.#wake();
  }

  /** Tells the limit, if it has moved. */
  write(payload: Payload): void {
    this.#frame.write(payload);
  }
}
