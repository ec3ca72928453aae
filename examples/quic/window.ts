/**
 * How far a peer may go (RFC 9000 section 4): the bytes of a stream, the bytes of all streams, the number of streams.
 *
 * @module
 */
import { QuicError, TransportErrorCode } from "@sealane/quic-tls";
import type { Payload } from "./payload.ts";

/** A limit that moves on as the application takes what came, and that the peer has to be told. */
export class ReceiveWindow {
  /** Where the peer has to stop. */
  limit: number;
  readonly #size: number;
  /** The frame that tells the limit, without the limit. */
  readonly #frame: readonly number[];
  readonly #wake: () => void;
  #received = 0;
  #consumed = 0;
  #owed = false;

  constructor(size: number, frame: readonly number[], wake: () => void) {
    this.limit = this.#size = size;
    this.#frame = frame;
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
    this.#owe();
  }

  #owe(): void {
    this.#owed = true;
    this.#wake();
  }

  /** Tells the limit, if it has moved or the frame was lost. */
  write(payload: Payload): void {
    const fate = { onLost: () => this.#owe() };
    if (this.#owed && payload.add([...this.#frame, this.limit], fate)) this.#owed = false;
  }
}
