/**
 * The sending half of a connection: messages, alerts and data on their way into records.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { RecordWriter, type TrafficKey } from "@sealane/record";
import { AlertDescription, ContentType, ProtocolVersion, TlsError } from "@sealane/wire";
import type { ConnectionOptions } from "./connection_options.ts";

const DEFAULT_HELD_BYTES = 2 ** 20;

/** Puts what a connection sends into records, with the order and the change_cipher_spec records of RFC 9846 section 5 and appendix E.4. */
export class Outbound {
  /** The records. */
  readonly writer: RecordWriter;
  readonly #role: "client" | "server";
  readonly #heldLimit: number;
  #level: Level = "initial";
  #helloSent = false;
  #changeCipherSpecSent = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** Used by `Connection` only. */
  constructor(role: "client" | "server", options: ConnectionOptions) {
    this.#role = role;
    this.#heldLimit = options.heldBytes ?? DEFAULT_HELD_BYTES;
    this.writer = new RecordWriter({
      maxFragment: options.maxFragment,
      padding: options.padding,
      // RFC 9846 §5.1: the first ClientHello may go out as 0x0301, for the sake of old middleboxes.
      initialVersion: role === "client" ? ProtocolVersion.tls10 : ProtocolVersion.tls12,
    });
  }

  /** The level of the key in use. */
  get level(): Level {
    return this.#level;
  }

  /** Whether a handshake message has been sent. */
  get helloSent(): boolean {
    return this.#helloSent;
  }

  /** What is written after this is protected with `key`. */
  setKey(level: Level, key: TrafficKey): void {
    this.#level = level;
    this.#changeCipherSpec();
    this.writer.setKey(key);
  }

  /** Back to the clear: a client's early data met a HelloRetryRequest. */
  clearKey(): void {
    this.#level = "initial";
    this.writer.setKey(null);
  }

  /**
   * RFC 9846 appendix E.4: a server sends change_cipher_spec after its first ServerHello or HelloRetryRequest; a client
   * before its second flight, be that the second ClientHello or what is protected first, which is early data if it has
   * any.
   */
  message(message: Uint8Array): void {
    if (this.#role === "client" && this.#helloSent) this.#changeCipherSpec();
    this.writer.write(ContentType.handshake, message);
    if (this.#role === "server") this.#changeCipherSpec();
    this.#helloSent = true;
  }

  #changeCipherSpec(): void {
    if (this.#changeCipherSpecSent) return;
    this.#changeCipherSpecSent = true;
    this.writer.changeCipherSpec();
  }

  /** Sends an alert; `complete` says whether the handshake is done. */
  alert(description: AlertDescription, complete: boolean): void {
    if (description !== AlertDescription.user_canceled) return this.writer.alert(description);
    // RFC 9846 §6.1: user_canceled ends a handshake, and close_notify follows it. A connection in use ends with an error:
    // close_notify would make what was cut short look whole.
    if (complete) return this.writer.alert(AlertDescription.general_error);
    this.writer.alert(description);
    this.writer.alert(AlertDescription.close_notify);
  }

  /**
   * Keeps data until it may be sent.
   *
   * @throws {TlsError} `api/state` beyond the bound.
   */
  hold(data: Uint8Array): void {
    if (this.#heldBytes + data.length > this.#heldLimit) {
      throw new TlsError(
        "api/state",
        `more than ${this.#heldLimit} bytes were written before the handshake was done`,
      );
    }
    this.#held.push(data.slice());
    this.#heldBytes += data.length;
  }

  /** The data that was kept, which is forgotten here. */
  takeHeld(): Uint8Array[] {
    const held = this.#held;
    if (held.length > 0) this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
}
