/**
 * The stream of handshake bytes at one encryption level: what CRYPTO frames carry (RFC 9000 sections 7.5 and 19.6).
 *
 * @module
 */
import { requireCount } from "@sealane/wire";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { RangeSet } from "../frames/ranges.ts";

/** How many bytes beyond what was delivered are held, unless configured. RFC 9000 section 7.5 asks for 4,096 at least. */
export const DEFAULT_CRYPTO_BUFFER = 65_536;

/**
 * Puts CRYPTO data in order, whatever the gaps, overlaps and duplicates. Where two frames disagree on a byte, the one that
 * came first counts.
 *
 * ```ts
 * import { CryptoReceiver } from "@sealane/quic-tls";
 *
 * const receiver = new CryptoReceiver();
 * console.assert(receiver.receive(2, new Uint8Array([3, 4])).length === 0);
 * console.assert(receiver.receive(0, new Uint8Array([1, 2, 3])).length === 4);
 * ```
 */
export class CryptoReceiver {
  readonly #limit: number;
  readonly #maxRanges: number;
  readonly #ranges = new RangeSet();
  #buffer = new Uint8Array(0);
  #delivered = 0;

  /** `limit` is how many bytes may be held beyond those delivered, `ranges` in how many pieces with gaps between them. */
  constructor(limit: number = DEFAULT_CRYPTO_BUFFER, ranges = Infinity) {
    this.#limit = requireCount("cryptoBuffer", limit);
    this.#maxRanges = ranges;
  }

  /** The offset of the next byte that is missing. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Whether bytes wait for others before them. */
  get hasGap(): boolean {
    return this.#ranges.size > 0;
  }

  /**
   * Takes the data of a CRYPTO frame and returns what can be delivered: the bytes in order after those delivered so far,
   * maybe none. The result may be a view over `data`.
   *
   * @throws {QuicError} `CRYPTO_BUFFER_EXCEEDED` for data further ahead than the limit; nothing of it is taken.
   */
  receive(offset: number, data: Uint8Array): Uint8Array {
    const end = offset + data.length;
    // RFC 9000 §7.5: the bound is checked before memory is taken.
    if (end - this.#delivered > this.#limit) {
      const reason =
        `CRYPTO data up to ${end}, more than ${this.#limit} bytes after ${this.#delivered}`;
      throw new QuicError(TransportErrorCode.CRYPTO_BUFFER_EXCEEDED, reason);
    }
    if (end <= this.#delivered) return data.subarray(0, 0);
    if (offset <= this.#delivered && this.#ranges.size === 0) {
      const fresh = data.subarray(this.#delivered - offset);
      this.#delivered = end;
      return fresh;
    }
    if (this.#ranges.size >= this.#maxRanges && offset > this.#delivered) {
      const reason = `CRYPTO data with more than ${this.#maxRanges} gaps`;
      throw new QuicError(TransportErrorCode.CRYPTO_BUFFER_EXCEEDED, reason);
    }
    this.#hold(Math.max(offset, this.#delivered), end, data, offset);
    return this.#deliver();
  }

  /** Copies what of `data` is not yet held; the buffer's first byte is at offset `#delivered`. */
  #hold(from: number, end: number, data: Uint8Array, offset: number): void {
    const base = this.#delivered;
    if (end - base > this.#buffer.length) {
      const size = Math.min(this.#limit, Math.max(end - base, 2 * this.#buffer.length));
      const larger = new Uint8Array(size);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#ranges.forEachGap(from, end, (start, stop) => {
      this.#buffer.set(data.subarray(start - offset, stop - offset), start - base);
    });
    this.#ranges.add(from, end);
  }

  #deliver(): Uint8Array {
    const base = this.#delivered;
    if (this.#ranges.start(0) !== base) return this.#buffer.subarray(0, 0);
    const end = this.#ranges.end(0);
    const ready = this.#buffer.slice(0, end - base);
    this.#ranges.remove(base, end);
    this.#buffer = this.#ranges.size === 0 ? new Uint8Array(0) : this.#buffer.slice(end - base);
    this.#delivered = end;
    return ready;
  }
}

/** A piece of handshake bytes for a CRYPTO frame. */
export interface CryptoChunk {
  /** The offset of its first byte. */
  readonly offset: number;
  /** The bytes, a view over the sender's memory. */
  readonly data: Uint8Array;
}

/**
 * Keeps handshake bytes until they are acknowledged, and says which to send next: lost ones first.
 *
 * ```ts
 * import { CryptoSender } from "@sealane/quic-tls";
 *
 * const sender = new CryptoSender();
 * sender.write(new Uint8Array(100));
 * const chunk = sender.next(60);
 * console.assert(chunk?.offset === 0 && chunk.data.length === 60);
 * sender.onLost(0, 60);
 * console.assert(sender.next(1000)?.data.length === 60);
 * ```
 */
export class CryptoSender {
  #buffer = new Uint8Array(0);
  #base = 0;
  #end = 0;
  #sent = 0;
  readonly #lost = new RangeSet();
  readonly #acknowledged = new RangeSet();

  /** Appends bytes to the stream. */
  write(data: Uint8Array): void {
    const held = this.#end - this.#base;
    if (held + data.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(held + data.length, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, held));
      this.#buffer = larger;
    }
    this.#buffer.set(data, held);
    this.#end += data.length;
  }

  /** Whether {@link CryptoSender.next} has something. */
  get hasData(): boolean {
    return this.#lost.size > 0 || this.#sent < this.#end;
  }

  /** Whether bytes were sent that are not acknowledged. */
  get inFlight(): boolean {
    return this.#base < this.#sent;
  }

  /** How many bytes have been written. */
  get written(): number {
    return this.#end;
  }

  /** The next bytes to send, at most `maxLength` of them, or `null` if there are none. */
  next(maxLength: number): CryptoChunk | null {
    if (maxLength <= 0) return null;
    if (this.#lost.size > 0) {
      const start = this.#lost.start(0);
      const end = Math.min(this.#lost.end(0), start + maxLength);
      this.#lost.remove(start, end);
      return this.#chunk(start, end);
    }
    if (this.#sent === this.#end) return null;
    const start = this.#sent;
    this.#sent = Math.min(this.#end, start + maxLength);
    return this.#chunk(start, this.#sent);
  }

  #chunk(start: number, end: number): CryptoChunk {
    const data = this.#buffer.subarray(start - this.#base, end - this.#base);
    return { offset: start, data };
  }

  /** Tells that a frame with these bytes was acknowledged: they are not sent again. */
  onAcknowledged(offset: number, length: number): void {
    const end = Math.min(offset + length, this.#sent);
    this.#lost.remove(offset, end);
    this.#acknowledged.add(Math.max(offset, this.#base), end);
    if (this.#acknowledged.size === 0 || this.#acknowledged.start(0) > this.#base) return;
    const base = this.#acknowledged.end(0);
    this.#acknowledged.remove(0, base);
    this.#buffer = this.#buffer.slice(base - this.#base, this.#end - this.#base);
    this.#base = base;
  }

  /** Tells that a frame with these bytes was lost: what of it is not acknowledged is sent again. */
  onLost(offset: number, length: number): void {
    const start = Math.max(offset, this.#base);
    const end = Math.min(offset + length, this.#sent);
    this.#lost.add(start, end);
    for (let i = 0; i < this.#acknowledged.size; i++) {
      this.#lost.remove(this.#acknowledged.start(i), this.#acknowledged.end(i));
    }
  }

  /** Sends everything that is not acknowledged again: for a probe (RFC 9002 section 6.2.4) or a new Initial key. */
  resendAll(): void {
    this.onLost(this.#base, this.#sent - this.#base);
  }
}
