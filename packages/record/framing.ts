/**
 * Cuts a byte stream into records (RFC 9846 section 5.1). Only headers are looked at here.
 *
 * @module
 */
import { ContentType, contentTypeName, TlsError } from "@sealane/wire";
import { HEADER_LENGTH, MAX_FRAGMENT, MAX_PROTECTED_FRAGMENT } from "./limits.ts";

/** A whole record as it came: views over the chunk that held it, or over a buffer made for it alone. */
export interface RecordFrame {
  /** The outer content type: one of the four registered for TLS 1.3. */
  readonly type: ContentType;
  /** The header, 5 bytes: the additional data of a protected record. */
  readonly header: Uint8Array;
  /** What follows the header. */
  readonly fragment: Uint8Array;
}

/** The least buffer that is made for a record that comes in pieces. */
const FIRST_BUFFER = 512;

/** What a plaintext HTTP client sends first, as far as five bytes go. */
const HTTP_REQUEST = /^(GET |POST|HEAD|PUT |CONNE|DELET|OPTIO|PATCH|PRI )/;

/** How servers of other protocols begin, and what a user who meets one needs to know. */
const GREETINGS: readonly (readonly [start: string, meaning: string])[] = [
  ["HTTP/", "answers in HTTP without TLS: it may have TLS on another port"],
  ["SSH-", "speaks SSH"],
  [
    "220",
    "speaks SMTP or FTP without TLS: it may want STARTTLS first, or have TLS on another port",
  ],
  ["* OK", "speaks IMAP without TLS: it may want STARTTLS first, or have TLS on another port"],
  ["+OK", "speaks POP3 without TLS: it may want STLS first, or have TLS on another port"],
  ["<", "answers in HTML or XML without TLS"],
];

const NOTHING = new Uint8Array(0);

/**
 * Takes bytes in any split and gives whole records.
 *
 * A chunk that was pushed must not change until {@link RecordFramer.next} has answered `null`. From then on the framer
 * keeps nothing of it but a copy of the record that is not complete yet. That copy grows with what arrives, not with
 * what the header announces, and is never larger than a record.
 *
 * ```ts
 * import { fromHex } from "@sealane/wire";
 * import { RecordFramer } from "@sealane/record";
 *
 * const framer = new RecordFramer();
 * framer.push(fromHex("16030300"));
 * console.assert(framer.next(false) === null);
 * framer.push(fromHex("0201ff"));
 * console.assert(framer.next(false)?.fragment.length === 2);
 * ```
 */
export class RecordFramer {
  #chunk: Uint8Array = NOTHING;
  #offset = 0;
  /** Chunks that were pushed while one was still being read. */
  readonly #queue: Uint8Array[] = [];
  /** The record that did not come in one piece; its first `#held` bytes are there. */
  #partial: Uint8Array = NOTHING;
  #held = 0;
  #first = true;

  /** How many bytes were pushed and have not come out in a record. */
  get buffered(): number {
    let total = this.#held + this.#chunk.length - this.#offset;
    for (const chunk of this.#queue) total += chunk.length;
    return total;
  }

  /** Bytes of the buffer that is kept for an incomplete record; 0 between records. */
  get capacity(): number {
    return this.#partial.length;
  }

  /** Takes bytes from the transport. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#offset < this.#chunk.length) {
      this.#queue.push(chunk);
    } else {
      this.#chunk = chunk;
      this.#offset = 0;
    }
  }

  /**
   * The next record, or `null` if more bytes are needed. `protection` says whether a read key is in use, which decides
   * how long a record may be and which version it has.
   *
   * @throws {TlsError} `peer/not-tls`, `peer/record-version`, `peer/record-type` or `peer/record-overflow`.
   */
  next(protection: boolean): RecordFrame | null {
    const chunk = this.#chunk;
    const start = this.#offset;
    if (this.#held > 0 || chunk.length - start < HEADER_LENGTH) return this.#gather(protection);
    const end = start + HEADER_LENGTH + this.#fragmentLength(chunk, start, protection);
    if (chunk.length < end) return this.#gather(protection);
    this.#offset = end;
    if (end === chunk.length) this.#nextChunk();
    return this.#frame(chunk, start, end);
  }

  #frame(bytes: Uint8Array, start: number, end: number): RecordFrame {
    this.#first = false;
    return {
      type: bytes[start],
      header: bytes.subarray(start, start + HEADER_LENGTH),
      fragment: bytes.subarray(start + HEADER_LENGTH, end),
    };
  }

  #nextChunk(): void {
    this.#chunk = this.#queue.shift() ?? NOTHING;
    this.#offset = 0;
  }

  /** Collects a record that lies in several chunks. */
  #gather(protection: boolean): RecordFrame | null {
    let length = this.#held < HEADER_LENGTH
      ? HEADER_LENGTH
      : HEADER_LENGTH + this.#fragmentLength(this.#partial, 0, protection);
    for (;;) {
      this.#fill(length);
      if (this.#held < length) return null;
      if (length === HEADER_LENGTH) {
        length += this.#fragmentLength(this.#partial, 0, protection);
        if (length > HEADER_LENGTH) continue;
      }
      const record = this.#partial;
      this.#partial = NOTHING;
      this.#held = 0;
      return this.#frame(record, 0, length);
    }
  }

  /** Moves bytes into the partial record until it has `length` of them or the input is used up. */
  #fill(length: number): void {
    while (this.#held < length && this.#offset < this.#chunk.length) {
      const end = Math.min(this.#offset + length - this.#held, this.#chunk.length);
      const bytes = this.#chunk.subarray(this.#offset, end);
      this.#reserve(this.#held + bytes.length, length);
      this.#partial.set(bytes, this.#held);
      this.#held += bytes.length;
      this.#offset = end;
      if (end === this.#chunk.length) this.#nextChunk();
    }
  }

  /** Makes room for `needed` bytes of a record of `length`. */
  #reserve(needed: number, length: number): void {
    if (needed <= this.#partial.length) return;
    const larger = new Uint8Array(Math.min(length, Math.max(2 * needed, FIRST_BUFFER)));
    larger.set(this.#partial.subarray(0, this.#held));
    this.#partial = larger;
  }

  /** Checks the header at `at` and returns the length that it states. */
  #fragmentLength(bytes: Uint8Array, at: number, protection: boolean): number {
    const type = bytes[at];
    if (
      bytes[at + 1] !== 3 || type < ContentType.change_cipher_spec ||
      type > ContentType.application_data
    ) {
      this.#refuse(bytes.subarray(at, at + HEADER_LENGTH));
    }
    // RFC 9846 §5.2: a protected record says application_data and 0x0303. In others appendix E has the version ignored, as
    // far as it says TLS at all: also in a change_cipher_spec between protected records.
    if (protection && type === ContentType.application_data && bytes[at + 2] !== 3) {
      const version = bytes[at + 2].toString(16).padStart(2, "0");
      throw new TlsError("peer/record-version", `protected record has version 0x03${version}`);
    }
    const length = bytes[at + 3] << 8 | bytes[at + 4];
    // RFC 9846 §5.1 and §5.2. Application data is protected, be it early data that is skipped without a key.
    const sealed = protection || type === ContentType.application_data;
    const limit = sealed ? MAX_PROTECTED_FRAGMENT : MAX_FRAGMENT;
    if (length > limit) {
      throw new TlsError("peer/record-overflow", `record has ${length} bytes, more than ${limit}`);
    }
    return length;
  }

  #refuse(header: Uint8Array): never {
    const type = header[0];
    const version = `0x${(header[1] << 8 | header[2]).toString(16).padStart(4, "0")}`;
    const known = type >= ContentType.change_cipher_spec && type <= ContentType.heartbeat;
    if (this.#first && !known && header[1] !== 3) {
      const text = String.fromCharCode(...header);
      if (HTTP_REQUEST.test(text)) {
        throw new TlsError("peer/not-tls", `the peer sent an HTTP request: ${text.trim()}`);
      }
      const greeting = GREETINGS.find(([start]) => text.startsWith(start));
      if (greeting !== undefined) {
        throw new TlsError("peer/not-tls", `the peer ${greeting[1]}: ${JSON.stringify(text)}`);
      }
      // RFC 6101 appendix E: a two-byte length with the high bit set, then the message type client-hello
      if (type >= 0x80 && header[2] === 1) {
        throw new TlsError("peer/not-tls", "the peer sent an SSL 2.0 ClientHello");
      }
      const start = `type 0x${type.toString(16).padStart(2, "0")}, version ${version}`;
      throw new TlsError("peer/not-tls", `the peer's first bytes are no TLS record: ${start}`);
    }
    if (header[1] !== 3) {
      throw new TlsError("peer/record-version", `record has version ${version}`);
    }
    throw new TlsError("peer/record-type", `record has the unknown type ${contentTypeName(type)}`);
  }
}
