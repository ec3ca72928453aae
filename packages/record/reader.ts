/**
 * Turns a byte stream into the contents of its records (RFC 9846 sections 5.1, 5.2 and 5.4).
 *
 * @module
 */
import { isPromise, type MaybePromise } from "@sealane/providers";
import { ContentType, contentTypeName, TlsError } from "@sealane/wire";
import { AlertReceiver } from "./alert.ts";
import { type RecordFrame, RecordFramer } from "./framing.ts";
import { HEADER_LENGTH, MAX_INNER_PLAINTEXT, type RecordLimits, recordLimits } from "./limits.ts";
import type { TrafficKey } from "./traffic_key.ts";

/** What a record held. */
export interface RecordContent {
  /** `alert`, `handshake` or `application_data`. */
  readonly type: ContentType;
  /**
   * The content, without type and padding. Of a protected record it is memory of its own; of a plaintext record it may
   * be a view over the chunk that was pushed.
   */
  readonly content: Uint8Array;
}

const PADDING = 0;

/**
 * Takes bytes in any split and gives the contents of records, one at a time, since any of them may change the key.
 *
 * ```ts
 * import { fromHex, TlsError } from "@sealane/wire";
 * import { RecordReader } from "@sealane/record";
 *
 * const reader = new RecordReader();
 * reader.push(fromHex("1603030002010015030300020228"));
 * console.assert((await reader.next())?.content.length === 2);
 * console.assert((await reader.next())?.type === 21);
 * console.assert((await reader.next()) === null);
 * ```
 */
export class RecordReader {
  /** The meaning of the alerts that come out of {@link RecordReader.next}; counts across records. */
  readonly alerts: AlertReceiver;
  readonly #framer = new RecordFramer();
  readonly #limits: RecordLimits;
  #key: TrafficKey | null = null;
  #maxInnerPlaintext = MAX_INNER_PLAINTEXT;
  #changeCipherSpecAllowed = false;
  #changeCipherSpecs = 0;
  #plaintextAlertsAllowed = false;
  #emptyRecords = 0;
  /** How many more bytes of early data may be skipped; `null` when none is expected. */
  #skippable: number | null = null;
  #opening = false;
  #failure: unknown = null;

  /**
   * Limits that are not given are the default ones.
   *
   * @throws {TlsError} `api/config` if a limit is not a whole number.
   */
  constructor(limits: Partial<RecordLimits> = {}) {
    this.#limits = recordLimits(limits);
    this.alerts = new AlertReceiver(this.#limits.warningAlerts);
  }

  /** How many bytes were pushed and have not come out in a record. */
  get buffered(): number {
    return this.#framer.buffered;
  }

  /** Bytes of the buffer that is kept for an incomplete record; 0 between records. */
  get capacity(): number {
    return this.#framer.capacity;
  }

  /** Whether records have to be protected. */
  get protected(): boolean {
    return this.#key !== null;
  }

  /** Takes bytes from the transport, which must not change until {@link RecordReader.next} has answered `null`. */
  push(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  /** From the next record on, only records under `key` are taken. */
  setKey(key: TrafficKey): void {
    this.#key = key;
  }

  /** Holds the peer to the `record_size_limit` that we sent (RFC 8449 section 4): bytes of an inner plaintext. */
  setRecordSizeLimit(limit: number): void {
    this.#maxInnerPlaintext = Math.min(limit, MAX_INNER_PLAINTEXT);
  }

  /**
   * Says whether change_cipher_spec records are dropped (`true`) or refused, as they are at first. They are dropped from
   * the first ClientHello, sent or received, until the peer's Finished (RFC 9846 section 5).
   */
  allowChangeCipherSpec(allowed: boolean): void {
    this.#changeCipherSpecAllowed = allowed;
  }

  /**
   * Takes alerts without protection, too, until a record opens: a client that does not get past the ServerHello has no key
   * for its alert (RFC 9846 section 6.2), and a server would otherwise never learn why.
   */
  allowPlaintextAlerts(): void {
    this.#plaintextAlertsAllowed = true;
  }

  /**
   * Skips early data that a server declined, up to `limit` bytes of records with their headers (RFC 9846 section
   * 4.3.10): without a key, everything that looks like a protected record; with one, what the key does not open. The
   * first other record ends it.
   */
  skipEarlyData(limit: number): void {
    this.#skippable = limit;
  }

  /**
   * The content of the next record, or `null` if more bytes are needed; a promise only if the provider returned one.
   * Records without content come out too, for their type matters. After an error every call throws that error.
   *
   * `out`, with room for a protected fragment (16,640 bytes), takes the plaintext of a protected record; without it
   * the provider makes an array.
   *
   * @throws {TlsError} a `peer/…` code of the section "Records" of the table of codes.
   */
  next(out?: Uint8Array): MaybePromise<RecordContent | null> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#opening) throw new TlsError("local/internal", "a record is still being opened");
    try {
      return this.#next(out);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    this.#failure = error;
    return error;
  }

  #next(out?: Uint8Array): MaybePromise<RecordContent | null> {
    for (;;) {
      const frame = this.#framer.next(this.#key !== null);
      if (frame === null) return null;
      if (frame.type === ContentType.change_cipher_spec) {
        this.#dropChangeCipherSpec(frame.fragment);
        continue;
      }
      if (this.#key === null) {
        if (this.#skippable !== null && frame.type === ContentType.application_data) {
          this.#skip(frame.fragment.length);
          continue;
        }
        return this.#plaintext(frame);
      }
      // The outer type of a protected record is never alert (RFC 9846 §5.2).
      if (this.#plaintextAlertsAllowed && frame.type === ContentType.alert) {
        return this.#plaintext(frame);
      }
      const inner = this.#key.open(frame.header, frame.fragment, out);
      if (isPromise(inner)) return this.#openLater(inner, frame, out);
      const content = this.#protected(frame, inner);
      if (content !== null) return content;
    }
  }

  async #openLater(
    opening: Promise<Uint8Array | null>,
    frame: RecordFrame,
    out?: Uint8Array,
  ): Promise<RecordContent | null> {
    this.#opening = true;
    try {
      const content = this.#protected(frame, await opening);
      return content ?? await this.#next(out);
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#opening = false;
    }
  }

  #plaintext({ type, fragment }: RecordFrame): RecordContent {
    // RFC 9846 §5.1: application data is always protected
    if (type === ContentType.application_data) {
      const message = `application data of ${fragment.length} bytes came before there was a key`;
      throw new TlsError("peer/unexpected-application-data", message);
    }
    this.#skippable = null;
    return this.#content(type, fragment);
  }

  /** Checks what the key made of a record; `null` if the record is skipped. */
  #protected(frame: RecordFrame, inner: Uint8Array | null): RecordContent | null {
    if (inner === null) {
      if (this.#skippable !== null && frame.type === ContentType.application_data) {
        this.#skip(frame.fragment.length);
        return null;
      }
      const record = `${contentTypeName(frame.type)} record of ${frame.fragment.length} bytes`;
      throw new TlsError("peer/bad-record-mac", `a protected ${record} does not authenticate`);
    }
    this.#skippable = null;
    this.#plaintextAlertsAllowed = false;
    // RFC 9846 §5.4: the limit is on content, type and padding together
    if (inner.length > this.#maxInnerPlaintext) {
      const message =
        `inner plaintext has ${inner.length} bytes, more than ${this.#maxInnerPlaintext}`;
      throw new TlsError("peer/record-overflow", message);
    }
    // RFC 9846 §5.2: the outer type is application_data
    if (frame.type !== ContentType.application_data) {
      const message = `protected record has the outer type ${contentTypeName(frame.type)}`;
      throw new TlsError("peer/record-type", message);
    }
    let end = inner.length - 1;
    while (end >= 0 && inner[end] === PADDING) end--;
    if (end < 0) {
      const message = `inner plaintext of ${inner.length} bytes has no content type`;
      throw new TlsError("peer/bad-inner-plaintext", message);
    }
    return this.#content(inner[end], inner.subarray(0, end));
  }

  #content(type: ContentType, content: Uint8Array): RecordContent {
    if (
      type !== ContentType.alert && type !== ContentType.handshake &&
      type !== ContentType.application_data
    ) {
      // RFC 9846 §5: this goes for change_cipher_spec too
      const message = `protected record holds the type ${contentTypeName(type)}`;
      throw new TlsError("peer/record-type", message);
    }
    if (content.length === 0) this.#countEmpty(type);
    else this.#emptyRecords = 0;
    if (type !== ContentType.alert) this.alerts.reset();
    return { type, content };
  }

  #countEmpty(type: ContentType): void {
    // RFC 9846 §5.1 and §5.4: only application data may be empty
    if (type !== ContentType.application_data) {
      const message = `${contentTypeName(type)} record has no content`;
      throw new TlsError("peer/bad-inner-plaintext", message);
    }
    this.#emptyRecords++;
    if (this.#emptyRecords > this.#limits.emptyRecords) {
      const message = `${this.#emptyRecords} records without content came in a row`;
      throw new TlsError("peer/too-many-empty-records", message);
    }
  }

  #dropChangeCipherSpec(fragment: Uint8Array): void {
    // RFC 9846 §5: the single byte 1, between the first ClientHello and the peer's Finished
    if (!this.#changeCipherSpecAllowed) {
      const message = "change_cipher_spec came outside of the handshake";
      throw new TlsError("peer/bad-change-cipher-spec", message);
    }
    if (fragment.length !== 1 || fragment[0] !== 1) {
      const message = `change_cipher_spec of ${fragment.length} bytes is not the byte 1`;
      throw new TlsError("peer/bad-change-cipher-spec", message);
    }
    this.#changeCipherSpecs++;
    if (this.#changeCipherSpecs > this.#limits.changeCipherSpecs) {
      const message = `${this.#changeCipherSpecs} change_cipher_spec records came in one handshake`;
      throw new TlsError("peer/too-many-change-cipher-specs", message);
    }
  }

  #skip(length: number): void {
    const left = (this.#skippable ?? 0) - HEADER_LENGTH - length;
    if (left < 0) {
      const message = "more early data came than is skipped after it was declined";
      throw new TlsError("peer/too-much-skipped-early-data", message);
    }
    this.#skippable = left;
  }
}
