/**
 * Whole handshake messages out of bytes that arrive in any pieces.
 *
 * @module
 */
import { concat, type HandshakeType, handshakeTypeName, TlsError } from "@sealane/wire";
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from "../messages/message.ts";

/** Holds the bytes of messages that are not whole yet, all of one encryption level. */
export class MessageBuffer {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** Whether no byte waits: a message boundary. */
  get empty(): boolean {
    return this.#length === 0;
  }

  /** Appends a copy of `data`. */
  append(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#chunks.push(data.slice());
    this.#length += data.length;
  }

  /**
   * The next message, or `null` while it is not whole. Type and length are judged as soon as the header is there, before
   * the body is waited for. With `peek` the message stays.
   *
   * @throws {TlsError} `peer/unexpected-message`, `peer/message-too-large`.
   */
  next(
    expected: readonly HandshakeType[],
    limit: (type: HandshakeType) => number,
    peek = false,
  ): HandshakeMessage | null {
    if (this.#length < HANDSHAKE_HEADER_LENGTH) return null;
    if (this.#chunks[0].length < HANDSHAKE_HEADER_LENGTH) this.#join();
    const head = this.#chunks[0];
    const type = head[0];
    if (!expected.includes(type)) {
      const names = expected.map(handshakeTypeName).join(" or ");
      throw new TlsError(
        "peer/unexpected-message",
        `${handshakeTypeName(type)} where ${names || "no handshake message"} was expected`,
      );
    }
    const length = HANDSHAKE_HEADER_LENGTH + (head[1] << 16 | head[2] << 8 | head[3]);
    if (length > limit(type)) {
      throw new TlsError(
        "peer/message-too-large",
        `${handshakeTypeName(type)} has ${length} bytes, more than the limit of ${limit(type)}`,
      );
    }
    if (this.#length < length) return null;
    if (this.#chunks[0].length < length) this.#join();
    const [first] = this.#chunks;
    const bytes = first.length === length ? first : first.subarray(0, length);
    const message = { type, body: bytes.subarray(HANDSHAKE_HEADER_LENGTH), bytes };
    if (peek) return message;
    if (first.length === length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
    this.#length -= length;
    return message;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }

  #join(): void {
    this.#chunks = [concat(this.#chunks)];
  }
}
