/**
 * The payload of a packet on its way out, and what becomes of its frames.
 *
 * @module
 */
import { type CryptoSender, type Frame, writeFrame } from "@sealane/quic-tls";

/** Type, stream, offset and length of a CRYPTO or STREAM frame at their longest. */
const MAX_CHUNK_OVERHEAD = 1 + 8 + 8 + 2;

/** What to do when the packet with a frame arrived, or was lost. */
export interface Fate {
  readonly onAcked?: () => unknown;
  readonly onLost: () => unknown;
}

/** Writes the frames of one packet, from the start of its payload. */
export class Payload {
  /** What becomes of frames with the packet; those without a fate do not ask for an acknowledgement. */
  readonly fates: Fate[] = [];
  readonly #bytes: Uint8Array;
  length = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ackEliciting(): boolean {
    return this.fates.length > 0;
  }

  /** Appends a frame, if there is room for all of it. */
  add(frame: Frame, fate?: Fate): boolean {
    const end = writeFrame(this.#bytes, this.length, frame);
    if (end < 0) return false;
    this.length = end;
    if (fate !== undefined) this.fates.push(fate);
    return true;
  }

  /** Appends frames with what a sender has: CRYPTO, or STREAM of a stream. */
  addChunks(sender: CryptoSender, streamId?: number): void {
    for (;;) {
      const chunk = sender.next(this.#bytes.length - this.length - MAX_CHUNK_OVERHEAD);
      if (chunk === null) return;
      const { offset, data } = chunk;
      const frame: Frame = streamId === undefined
        ? { type: "crypto", offset, data }
        : { type: "stream", streamId, offset, data, fin: false };
      this.add(frame, {
        onAcked: () => sender.onAcknowledged(offset, data.length),
        onLost: () => sender.onLost(offset, data.length),
      });
    }
  }
}

/** A frame that has to arrive: once owed it is sent, as it is then, until the peer acknowledges it. */
export class OwedFrame {
  /** Whether to send it. */
  owed = false;
  /** Whether it has arrived. */
  acked = false;
  readonly #frame: () => Frame;

  constructor(frame: () => Frame) {
    this.#frame = frame;
  }

  write(payload: Payload): void {
    const fate = { onAcked: () => this.acked = true, onLost: () => this.owed = true };
    if (this.owed && payload.add(this.#frame(), fate)) this.owed = false;
  }
}
