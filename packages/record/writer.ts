/**
 * Turns messages and data into records (RFC 9846 sections 5.1, 5.2 and 5.4).
 *
 * @module
 */
import { isPromise, type MaybePromise } from "@sealane/providers";
import {
  type AlertDescription,
  concat,
  ContentType,
  contentTypeName,
  ProtocolVersion,
  TlsError,
} from "@sealane/wire";
import { encodeAlert } from "./alert.ts";
import { HEADER_LENGTH, MAX_FRAGMENT, MAX_INNER_PLAINTEXT, MIN_FRAGMENT } from "./limits.ts";
import type { PaddingPolicy } from "./padding.ts";
import type { TrafficKey } from "./traffic_key.ts";

/** Options of a {@link RecordWriter}. */
export interface RecordWriterOptions {
  /** Most bytes of content in a record: 64 to 16,384, which is what it is unless given. */
  readonly maxFragment?: number;
  /** How much to pad protected records; not at all unless given. */
  readonly padding?: PaddingPolicy;
  /**
   * The version in the header of the first handshake messages; 0x0303 unless given. A client gives 0x0301 (RFC 9846
   * section 5.1).
   */
  readonly initialVersion?: ProtocolVersion;
}

const NOTHING = new Uint8Array(0);

/**
 * Makes records. What is given to it comes out of {@link RecordWriter.take} in the same order, whatever the provider
 * does; with a synchronous provider nothing is asynchronous.
 *
 * Handshake messages are held until something else follows them, the key changes or the output is taken, so that the
 * messages of a flight share records and only the last record of a flight is not full.
 *
 * ```ts
 * import { ContentType, toHex } from "@sealane/wire";
 * import { RecordWriter } from "@sealane/record";
 *
 * const writer = new RecordWriter();
 * writer.write(ContentType.handshake, new Uint8Array([1, 0, 0, 0]));
 * writer.write(ContentType.handshake, new Uint8Array([2, 0, 0, 0]));
 * const records = await writer.take();
 * console.assert(toHex(records) === "16030300080100000002000000");
 * ```
 */
export class RecordWriter {
  readonly #padding: PaddingPolicy | undefined;
  #maxFragment = MAX_FRAGMENT;
  #maxInnerPlaintext = MAX_INNER_PLAINTEXT;
  #handshakeVersion: ProtocolVersion;
  #key: TrafficKey | null = null;
  /** Handshake messages that are not in records yet. */
  #messages: Uint8Array[] = [];
  /** Records to be taken, in order. */
  #output: Uint8Array[] = [];
  /** What has to be done before the output may be taken. */
  #unfinished: Promise<unknown>[] = [];
  /** The last asynchronous {@link RecordWriter.take}, while it is not done. */
  #taking: Promise<Uint8Array> | null = null;

  /**
   * A writer without a key.
   *
   * @throws {TlsError} `api/config` if `maxFragment` is out of range.
   */
  constructor(options: RecordWriterOptions = {}) {
    this.setMaxFragment(options.maxFragment ?? MAX_FRAGMENT);
    this.#padding = options.padding;
    this.#handshakeVersion = options.initialVersion ?? ProtocolVersion.tls12;
  }

  /** Whether the key in use should be updated before much more is sent (RFC 9846 section 5.5). */
  get keyUpdateDue(): boolean {
    return this.#key !== null && this.#key.updateDue;
  }

  /** Whether records are protected. */
  get protected(): boolean {
    return this.#key !== null;
  }

  /** Most bytes of content that the next record can take. */
  get capacity(): number {
    if (this.#key === null) return this.#maxFragment;
    return Math.min(this.#maxFragment, this.#maxInnerPlaintext - 1);
  }

  /** Whether there is something to take. */
  get pending(): boolean {
    return this.#output.length > 0 || this.#messages.length > 0;
  }

  /** How many bytes there are to take, but for the overhead of records that are not made yet. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const message of this.#messages) bytes += message.length;
    for (const record of this.#output) bytes += record.length;
    return bytes;
  }

  /**
   * Protects everything that is written from now on with `key`; with `null` nothing, as a client does whose early data met
   * a HelloRetryRequest. What was written before is not affected.
   */
  setKey(key: TrafficKey | null): void {
    this.#flush();
    this.#key = key;
  }

  /**
   * Heeds the peer's `record_size_limit`: most bytes of an inner plaintext, with its type and padding. Unprotected
   * records are not subject to it (RFC 8449 section 4).
   */
  setRecordSizeLimit(limit: number): void {
    this.#flush();
    this.#maxInnerPlaintext = Math.min(limit, MAX_INNER_PLAINTEXT);
  }

  /**
   * Most bytes of content in the records to come.
   *
   * @throws {TlsError} `api/config` if it is out of range.
   */
  setMaxFragment(bytes: number): void {
    if (!Number.isInteger(bytes) || bytes < MIN_FRAGMENT || bytes > MAX_FRAGMENT) {
      const message = `maxFragment is ${bytes}, not ${MIN_FRAGMENT} to ${MAX_FRAGMENT}`;
      throw new TlsError("api/config", message);
    }
    this.#flush();
    this.#maxFragment = bytes;
  }

  /**
   * Writes content in as many records as it takes. Empty application data makes one record without content; an empty
   * handshake message makes none (RFC 9846 section 5.1). Handshake messages are kept by reference until they are in
   * records; other content is copied at once.
   *
   * All records of a call are under one key: between calls of at most 64 records, look at
   * {@link RecordWriter.keyUpdateDue}.
   *
   * @throws {TlsError} `local/internal` for application data without a key, `local/aead-limit` or
   * `local/sequence-number` if the key may not be used any more.
   */
  write(type: ContentType, content: Uint8Array): void {
    if (type === ContentType.handshake) {
      if (content.length > 0) this.#messages.push(content);
      return;
    }
    if (this.#messages.length > 0) this.#flush();
    // RFC 9846 §5.1: application data is always protected
    if (type === ContentType.application_data && this.#key === null) {
      throw new TlsError("local/internal", "application data was written before there was a key");
    }
    this.#records(type, content, ProtocolVersion.tls12);
  }

  /** Writes one alert in one record. */
  alert(description: AlertDescription): void {
    this.write(ContentType.alert, encodeAlert(description));
  }

  /** Writes the change_cipher_spec of middlebox compatibility mode, which is never protected (appendix E.4). */
  changeCipherSpec(): void {
    this.#flush();
    this.#output.push(new Uint8Array([ContentType.change_cipher_spec, 3, 3, 0, 1, 1]));
  }

  /**
   * All records that are ready to be sent, in one array that is the caller's; empty if there are none. If it is a
   * promise, later ones settle after it.
   */
  take(): MaybePromise<Uint8Array> {
    if (this.#messages.length > 0) this.#flush();
    if (this.#unfinished.length === 0 && this.#taking === null) return joined(this.#grab());
    const taking = this.#takeLater(this.#grab(), this.#unfinished, this.#taking);
    this.#unfinished = [];
    this.#taking = taking;
    taking.then(() => {
      if (this.#taking === taking) this.#taking = null;
    }, () => {}); // a failure stays, so that nothing is taken after it
    return taking;
  }

  #grab(): Uint8Array[] {
    const output = this.#output;
    if (output.length > 0) this.#output = [];
    return output;
  }

  async #takeLater(
    output: Uint8Array[],
    unfinished: Promise<unknown>[],
    before: Promise<Uint8Array> | null,
  ): Promise<Uint8Array> {
    // Records that an earlier call failed to give are missing: nothing may follow them.
    if (before !== null) await before;
    await Promise.all(unfinished);
    return joined(output);
  }

  /** Puts the handshake messages that are held into records. */
  #flush(): void {
    if (this.#messages.length === 0) return;
    const messages = joined(this.#messages);
    const version = this.#handshakeVersion;
    this.#messages = [];
    this.#handshakeVersion = ProtocolVersion.tls12;
    this.#records(ContentType.handshake, messages, version);
  }

  #records(type: ContentType, content: Uint8Array, version: ProtocolVersion): void {
    if (this.#key !== null && this.#padding !== undefined) return this.#padded(type, content);
    const size = this.capacity;
    const overhead = HEADER_LENGTH + (this.#key === null ? 0 : 1 + this.#key.tagLength);
    const count = Math.max(1, Math.ceil(content.length / size));
    const output = new Uint8Array(content.length + count * overhead);
    if (count === 1) {
      this.#record(output, type, content, version);
    } else {
      let at = 0;
      for (let start = 0; start < content.length; start += size) {
        const part = content.subarray(start, start + size);
        const record = output.subarray(at, at + part.length + overhead);
        this.#record(record, type, part, version);
        at += record.length;
      }
    }
    this.#output.push(output);
  }

  /** The same with padding, where the length of a record is not known beforehand. */
  #padded(type: ContentType, content: Uint8Array): void {
    const size = this.capacity;
    const overhead = HEADER_LENGTH + 1 + (this.#key?.tagLength ?? 0);
    let start = 0;
    do {
      const part = content.subarray(start, start + size);
      const padding = this.#paddingOf(type, part.length);
      const record = new Uint8Array(part.length + padding + overhead);
      this.#record(record, type, part, ProtocolVersion.tls12);
      this.#output.push(record);
      start += size;
    } while (start < content.length);
  }

  /** Fills `record`, which has the length of the record and is zero. */
  #record(
    record: Uint8Array,
    type: ContentType,
    content: Uint8Array,
    version: ProtocolVersion,
  ): void {
    const key = this.#key;
    if (key === null) {
      writeHeader(record, type, version);
      record.set(content, HEADER_LENGTH);
      return;
    }
    writeHeader(record, ContentType.application_data, ProtocolVersion.tls12);
    // RFC 9846 §5.2: content, type, zeros; sealed where they stand
    record.set(content, HEADER_LENGTH);
    record[HEADER_LENGTH + content.length] = type;
    const sealed = key.seal(
      record.subarray(0, HEADER_LENGTH),
      record.subarray(HEADER_LENGTH, record.length - key.tagLength),
      record.subarray(HEADER_LENGTH),
    );
    if (isPromise(sealed)) {
      sealed.catch(() => {}); // reported by take
      this.#unfinished.push(sealed);
    }
  }

  #paddingOf(type: ContentType, length: number): number {
    // RFC 9846 §5.4: the limit is on content, type and padding together
    const room = this.#maxInnerPlaintext - 1 - length;
    const padding = this.#padding?.(type, length, room) ?? 0;
    if (!Number.isInteger(padding) || padding < 0) {
      const record = `${contentTypeName(type)} record of ${length} bytes`;
      throw new TlsError("local/callback", `the padding of a ${record} is ${padding}`);
    }
    return Math.min(padding, room);
  }
}

function writeHeader(record: Uint8Array, type: ContentType, version: ProtocolVersion): void {
  const length = record.length - HEADER_LENGTH;
  record[0] = type;
  record[1] = version >> 8;
  record[2] = version;
  record[3] = length >> 8;
  record[4] = length;
}

/** The parts in one array, without a copy if there is but one. */
function joined(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  return parts.length === 0 ? NOTHING : concat(parts);
}
