/**
 * How far a peer may go (RFC 9000 section 4): the bytes of a stream, the bytes of all streams, the number of streams.
 *
 * @module
 */
import { type Frame, QuicError, TransportErrorCode } from "@sealane/quic-tls";
import { OwedFrame } from "./payload.ts";

/** A limit that moves on as the application takes what came, and the frame that tells the peer. */
export class ReceiveWindow extends OwedFrame {
  /** Where the peer has to stop. */
  limit: number;
  readonly #size: number;
  readonly #wake: () => void;
  #received = 0;
  #consumed = 0;

  /** `frame` tells a limit; `wake` is called when there is one to tell. */
  constructor(size: number, frame: (maximum: number) => Frame, wake: () => void) {
    super(() => frame(this.limit));
    this.limit = this.#size = size;
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
    this.owed = true;
    this.#wake();
  }
}
