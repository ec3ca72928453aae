/**
 * Whole handshake messages out of bytes that arrive in any pieces.
 *
 * @module
 */
import {
  ByteQueue,
  type HandshakeType,
  HandshakeType as T,
  handshakeTypeName,
  TlsError,
} from "@sealane/wire";
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from "../messages/message.ts";

/**
 * The bodies of messages that have one length, or are as long as a hash at most: a longer one is a syntax error as soon as its
 * header is there.
 */
const SHORT_BODIES: ReadonlyMap<HandshakeType, number> = new Map([
  [T.end_of_early_data, 0],
  [T.key_update, 1],
  [T.finished, 64],
]);

/** Holds the bytes of messages that are not whole yet, all of one encryption level. */
export class MessageBuffer {
  readonly #bytes = new ByteQueue();

  /** Whether no byte waits: a message boundary. */
  get empty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Appends a copy of `data`. */
  append(data: Uint8Array): void {
    this.#bytes.append(data);
  }

  /**
   * The next message, or `null` while it is not whole. Type and length are judged as soon as the header is there, before
   * the body is waited for. With `peek` the message stays.
   *
   * @throws {TlsError} `peer/unexpected-message`, `peer/message-too-large`, `peer/decode-error`.
   */
  next(
    expected: readonly HandshakeType[],
    limit: (type: HandshakeType) => number,
    peek = false,
  ): HandshakeMessage | null {
    if (this.#bytes.length < HANDSHAKE_HEADER_LENGTH) return null;
    const head = this.#bytes.peek(HANDSHAKE_HEADER_LENGTH);
    const type = head[0];
    if (!expected.includes(type)) {
      const names = expected.map(handshakeTypeName).join(" or ");
      throw new TlsError(
        "peer/unexpected-message",
        `${handshakeTypeName(type)} where ${names || "no handshake message"} was expected`,
      );
    }
    const bodyLength = head[1] << 16 | head[2] << 8 | head[3];
    checkLength(type, bodyLength, limit(type));
    const length = HANDSHAKE_HEADER_LENGTH + bodyLength;
    if (this.#bytes.length < length) return null;
    const bytes = peek ? this.#bytes.peek(length) : this.#bytes.take(length);
    return { type, body: bytes.subarray(HANDSHAKE_HEADER_LENGTH), bytes };
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes.clear();
  }
}

function checkLength(type: HandshakeType, bodyLength: number, limit: number): void {
  const longest = SHORT_BODIES.get(type);
  if (longest !== undefined && bodyLength > longest) {
    throw new TlsError(
      "peer/decode-error",
      `${handshakeTypeName(type)} announces a body of ${bodyLength} bytes, more than ${longest}`,
    );
  }
  const length = HANDSHAKE_HEADER_LENGTH + bodyLength;
  if (length > limit) {
    throw new TlsError(
      "peer/message-too-large",
      `${handshakeTypeName(type)} has ${length} bytes, more than the limit of ${limit}`,
    );
  }
}
