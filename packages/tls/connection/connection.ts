/**
 * A TLS connection over any byte stream, without I/O: bytes from the network go in, bytes for the network come out.
 *
 * @module
 */
import { Handshake } from "@sealane/handshake";
import type { ClientAuthenticationOptions, ExportedAuthenticators } from "@sealane/handshake";
import type { ClientConfig, ClientTarget, ServerConfig } from "@sealane/handshake";
import type { HandshakeEvent, HandshakeInfo } from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { TrafficKey } from "@sealane/record";
import { AlertDescription, ByteQueue, ContentType } from "@sealane/wire";
import { requireByteArgument, requireCount, TlsError } from "@sealane/wire";
import type { ConnectionEvent, ConnectionOptions } from "./connection_options.ts";
import { checkConnectionOptions, DEFAULT_PENDING_BYTES, skipLimit } from "./connection_options.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { type TrafficSecrets, trafficState } from "./traffic_secrets.ts";

const WRITE_CHUNK = 64 * 16_384; // between two looks at the key: 64 records

/**
 * One end of a TLS connection.
 *
 * After {@link Connection.start} and after every {@link Connection.receive}, {@link Connection.write} and
 * {@link Connection.close}, send what {@link Connection.take} gives and look at {@link Connection.events}. Calls return a
 * promise only if the provider or a callback does. After an error every call throws that error again, and what
 * {@link Connection.take} still gives (the alert) is to be sent.
 */
export class Connection {
  readonly #handshake: Handshake;
  readonly #role: "client" | "server";
  readonly #options: ConnectionOptions;
  readonly #in: Inbound;
  readonly #out: Outbound;
  readonly #events: ConnectionEvent[] = [];
  #complete = false;
  #earlyBytes = 0;
  #writeClosed = false;
  #error: TlsError | null = null;
  #running: Promise<void> | null = null;
  #writeKey: TrafficKey | null = null;
  /** What came while something was under way. */
  readonly #pending = new ByteQueue();
  #pendingReceived: Promise<void> | null = null;

  private constructor(
    role: "client" | "server",
    handshake: Handshake,
    options: ConnectionOptions,
  ) {
    checkConnectionOptions(options);
    this.#role = role;
    this.#handshake = handshake;
    this.#options = options;
    this.#in = new Inbound(role, handshake, options, {
      drain: () => this.#drain(),
      emit: (event) => this.#emit(event),
    });
    this.#out = new Outbound(role, options);
  }

  /**
   * A client's connection to `target`.
   *
   * @throws {TlsError} `api/config`.
   */
  static client(
    config: ClientConfig,
    target: ClientTarget = {},
    options: ConnectionOptions = {},
  ): Connection {
    return new Connection("client", Handshake.client(config, target), options);
  }

  /**
   * A server's connection.
   *
   * @throws {TlsError} `api/config`.
   */
  static server(config: ServerConfig, options: ConnectionOptions = {}): Connection {
    const connection = new Connection("server", Handshake.server(config), options);
    // RFC 9846 §4.3.2: before the second ClientHello, which another server may have asked for, comes change_cipher_spec.
    if (config.cookieKey !== undefined) connection.#in.reader.allowChangeCipherSpec(true);
    return connection;
  }

  /** What was agreed; `null` before it is known. */
  get info(): HandshakeInfo | null {
    return this.#handshake.info;
  }

  /** Whether the handshake is done. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What ended the connection, or `null`. */
  get error(): TlsError | null {
    return this.#error;
  }

  /** Whether the peer has closed its side: no more data comes. */
  get readClosed(): boolean {
    return this.#in.closed;
  }

  /** Whether our side is closed: no more data can be written. */
  get writeClosed(): boolean {
    return this.#writeClosed;
  }

  /** The handshake below, for what is not repeated here. */
  get handshake(): Handshake {
    return this.#handshake;
  }

  /** Begins. Call it once, first. */
  start(): MaybePromise<void> {
    return this.#guard(() => {
      const starting = this.#handshake.start();
      return isPromise(starting)
        ? this.#track(starting.finally(() => this.#drain()))
        : this.#drain();
    });
  }

  /**
   * Bytes from the network. They are not kept after the call, or after its promise; while an earlier call is pending a copy
   * waits for it, up to `pendingBytes` of the options.
   *
   * @throws {TlsError} what ended the connection; `peer/message-too-large` beyond that bound, which ends it.
   */
  receive(bytes: Uint8Array): MaybePromise<void> {
    requireByteArgument(bytes, "receive");
    if (this.#error !== null) throw this.#error;
    if (this.#running !== null) return this.#receiveLater(bytes, this.#running);
    const received = this.#receive(bytes);
    return isPromise(received) ? this.#track(received) : received;
  }

  /**
   * The network has no more bytes. Without a close_notify before it that is an error, since anybody in the path can cut
   * a stream (RFC 9846 section 6.1), unless the options allow it.
   *
   * @throws {TlsError} `peer/truncated`.
   */
  receiveEnd(): MaybePromise<void> {
    if (this.#error !== null || this.#in.closed) return;
    if (this.#running !== null) return this.#running.then(() => this.receiveEnd());
    const whole = this.#complete && this.#in.reader.buffered === 0;
    if (!whole || !this.#options.allowTruncation) {
      throw this.#fail(new TlsError("peer/truncated", this.#in.howItEnded()));
    }
    this.#in.close();
  }

  /**
   * Application data to send. Before the handshake is done it is held, within a bound. A server that does not ask its client
   * to authenticate, be it by the configuration that `onClientHello` gave, sends as soon as its own Finished is out.
   *
   * @throws {TlsError} `api/state` after {@link Connection.close} or beyond the bound; what ended the connection.
   */
  write(data: Uint8Array): void {
    requireByteArgument(data, "write");
    this.#requireOpen("write");
    if (this.#canWrite()) this.#guard(() => this.#send(data));
    else this.#out.hold(data);
  }

  /**
   * On a client: sends early data (RFC 9846 section 2.3), which anybody can replay. Takes as much of `data` as the session
   * allows and gives the number of bytes taken: 0 where there is no early data, or it is over. If the `earlyData` event
   * says that it was declined, the server has seen none of it: {@link Connection.write} it, if it still makes sense.
   */
  writeEarlyData(data: Uint8Array): number {
    if (this.#error !== null) throw this.#error;
    if (this.#writeClosed || this.#role !== "client" || this.#out.level !== "early") return 0;
    const room = this.#handshake.maxEarlyData - this.#earlyBytes;
    const taken = data.subarray(0, Math.max(room, 0));
    if (taken.length === 0) return 0;
    this.#earlyBytes += taken.length;
    this.#guard(() => this.#out.writer.write(ContentType.application_data, taken));
    return taken.length;
  }

  /** Most bytes of content in a record that is sent from now on: see {@link ConnectionOptions.maxFragment}. */
  setMaxFragment(bytes: number): void {
    this.#out.writer.setMaxFragment(bytes);
  }

  /** Whether data that is written now goes out now. */
  get writable(): boolean {
    return this.#error === null && !this.#writeClosed && this.#canWrite();
  }

  /** Closes our side with close_notify; the peer may go on. Does nothing after an error or a second time. */
  close(): void {
    if (this.#error !== null || this.#writeClosed) return;
    this.#writeClosed = true;
    this.#out.takeHeld();
    this.#out.writer.alert(AlertDescription.close_notify);
    this.#endIfClosed();
  }

  /** Ends the connection with a fatal alert of the program's choice. */
  closeWithAlert(description: AlertDescription): void {
    if (this.#error !== null) return;
    this.#error = new TlsError("local/aborted", "the program ended the connection with an alert");
    this.#out.writer.alert(description);
    this.#handshake.abort(this.#error);
  }

  /** Ends the connection at once: pending callbacks get their `AbortSignal`. */
  abort(reason?: TlsError): void {
    if (this.#error !== null) return;
    this.#fail(reason ?? new TlsError("local/aborted", "the connection was aborted"));
  }

  /**
   * Updates our key, and with `requestUpdate` asks the peer to update its own (RFC 9846 section 4.7.3).
   *
   * @throws {TlsError} `api/state` before the handshake is done.
   */
  updateKeys(requestUpdate = false): void {
    if (this.#error !== null) throw this.#error;
    this.#guard(() => {
      this.#handshake.post.updateKeys(requestUpdate);
      return this.#drain();
    });
  }

  /**
   * Sends the key update that the peer has asked for, if it has. It goes out before our next data by itself (RFC 9846 section
   * 4.7.3); this is for carriers that may have none for long. One answers all requests so far.
   */
  answerKeyUpdate(): void {
    if (!this.#handshake.post.keyUpdateOwed) return;
    if (this.#error !== null || !this.#complete || this.#writeClosed) return;
    this.#guard(() => {
      this.#handshake.post.beforeApplicationData();
      return this.#drain();
    });
  }

  /**
   * On a server: asks the client for a certificate (RFC 9846 section 4.7.2), which it has to have offered
   * (`postHandshakeAuthentication`). The answer is the event `clientAuthentication` with the context that this gives; until
   * then the connection is used as before, and may ask again. {@link Connection.info} names the client from then on, and a
   * wrong answer ends the connection.
   *
   * @throws {TlsError} `api/state`, `api/config` if there is nobody to ask or nothing to judge the answer by: see
   * `PostHandshake.requestClientAuthentication`. What ended the connection.
   */
  requestClientAuthentication(options: ClientAuthenticationOptions = {}): Uint8Array {
    this.#requireOpen("requestClientAuthentication");
    const context = this.#handshake.post.requestClientAuthentication(options);
    this.#guard(() => this.#drain());
    return context;
  }

  /**
   * On a server: sends more tickets; after the client has authenticated they say so.
   *
   * @throws {TlsError} `api/state` on a client, and before the handshake is done. What ended the connection.
   */
  sendTickets(count = 1): MaybePromise<void> {
    requireCount("count", count);
    this.#requireOpen("sendTickets");
    const sending = this.#handshake.post.sendTickets(count);
    if (!isPromise(sending)) return this.#guard(() => this.#drain());
    return this.#guard(() =>
      sending.then(() => {
        if (this.#error === null && !this.#writeClosed) this.#drain();
      })
    );
  }

  /** Bytes for the network: all that is ready, empty if nothing is. */
  take(): MaybePromise<Uint8Array> {
    // Tickets and requests that the program made through `handshake.post` are events that nothing has drained yet.
    if (this.#complete && this.#error === null) this.#guard(() => this.#drain());
    return this.#out.writer.take();
  }

  /** How many bytes {@link Connection.take} would give now, but for the overhead of records that are not made yet. */
  get pendingOutput(): number {
    return this.#out.writer.pendingBytes;
  }

  /** The events since the last call, in order; each comes once. */
  *events(): Generator<ConnectionEvent, void, undefined> {
    const events = this.#events;
    for (let event = events.shift(); event !== undefined; event = events.shift()) yield event;
  }

  /** Keying material of an exporter (RFC 9846 section 7.5); see `Handshake.exportKeyingMaterial`. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#handshake.exportKeyingMaterial(label, context, length);
  }

  /** For `createAuthenticator` and the like of `@sealane/handshake` (RFC 9261). */
  get exportedAuthenticators(): ExportedAuthenticators {
    return this.#handshake.exportedAuthenticators;
  }

  /**
   * The channel binding `tls-exporter` (RFC 9266): 32 bytes that both ends of this connection have and nobody else, for
   * SCRAM and the like. Throws as {@link Connection.exportKeyingMaterial}.
   */
  channelBinding(): Uint8Array {
    return this.exportKeyingMaterial("EXPORTER-Channel-Binding", new Uint8Array(), 32);
  }

  /**
   * Hands the keys over, to the kernel for instance: every later call throws. Send what {@link Connection.take} gave first.
   *
   * @throws {TlsError} `api/state` before the handshake is done, after a close, or while bytes are under way in here.
   */
  extractTrafficSecrets(): TrafficSecrets {
    if (this.#error !== null) throw this.#error;
    const [read, write] = [this.#in.key, this.#writeKey];
    const open = this.#complete && !this.#in.closed && !this.#writeClosed;
    const idle = this.#running === null && !this.#out.writer.pending &&
      this.#in.atRest;
    if (!open || !idle || read === null || write === null) {
      throw new TlsError("api/state", "the connection is not done, or not at rest");
    }
    const { suite, readSecret, writeSecret } = this.#handshake.post.keys;
    const secrets = {
      suite,
      read: trafficState(suite, readSecret, read.sequenceNumber),
      write: trafficState(suite, writeSecret, write.sequenceNumber),
    };
    this.#error = new TlsError("api/state", "the keys of the connection were handed over");
    this.#handshake.end();
    return secrets;
  }

  /** Keeps bytes until what is under way is done. */
  #receiveLater(bytes: Uint8Array, running: Promise<void>): Promise<void> {
    const limit = this.#options.pendingBytes ?? DEFAULT_PENDING_BYTES;
    if (this.#pending.length + bytes.length > limit) {
      const message = `more than ${limit} bytes were received while a callback was pending`;
      throw this.#fail(new TlsError("peer/message-too-large", message));
    }
    this.#pending.append(bytes);
    return this.#pendingReceived ??= this.#track(running.then(() => {
      this.#pendingReceived = null;
      return this.#receive(this.#pending.take());
    }));
  }

  #requireOpen(call: string): void {
    if (this.#error !== null) throw this.#error;
    if (this.#writeClosed) throw new TlsError("api/state", `${call} was called after close`);
  }

  #track(running: Promise<void>): Promise<void> {
    const tracked = running.finally(() => {
      if (this.#running === tracked) this.#running = null;
      this.#endIfClosed();
    });
    this.#running = tracked;
    tracked.catch(() => {}); // whoever called gets it; this copy is for those that wait
    return tracked;
  }

  #receive(bytes: Uint8Array): MaybePromise<void> {
    if (this.#error !== null) throw this.#error;
    // After close_notify of the peer nothing counts (RFC 9846 section 6.1).
    if (this.#in.closed) return;
    return this.#guard(() => this.#in.receive(bytes));
  }

  /** The verdict on early data: a server skips what it declined, a client stops sending it. */
  #judgeEarlyData(event: Extract<HandshakeEvent, { type: "earlyData" }>): void {
    this.#events.push(event);
    if (event.accepted) return;
    if (this.#role === "server") {
      const { largestEarlyData } = this.#handshake;
      this.#in.reader.skipEarlyData(this.#options.skippedEarlyData ?? skipLimit(largestEarlyData));
    } else if (event.afterHelloRetryRequest) {
      // The second ClientHello goes out in the clear.
      this.#out.clearKey();
    }
  }

  #emit(event: ConnectionEvent): void {
    this.#events.push(event);
    if (event.type === "close") this.#endIfClosed();
  }

  /** Both sides are closed: no secret is needed any more. */
  #endIfClosed(): void {
    if (this.#in.closed && this.#writeClosed && this.#running === null) this.#handshake.end();
  }

  /** Hands what the handshake says to the record layer and to the program. */
  #drain(): void {
    for (const event of this.#handshake.events()) {
      switch (event.type) {
        case "message":
          this.#out.message(event.data);
          // From the first ClientHello on, those change_cipher_spec of the peer are dropped.
          if (this.#role === "client" && !this.#complete) {
            this.#in.reader.allowChangeCipherSpec(true);
          }
          break;
        case "secret":
          this.#installSecret(event);
          break;
        case "alert":
          this.#out.alert(event.description, this.#complete);
          break;
        case "recordSizeLimit":
          this.#in.reader.setRecordSizeLimit(event.receive);
          this.#out.writer.setRecordSizeLimit(event.send);
          break;
        case "earlyData":
          this.#judgeEarlyData(event);
          break;
        case "complete":
          this.#complete = true;
          this.#in.reader.allowChangeCipherSpec(false);
          this.#events.push(event);
          break;
        default:
          this.#events.push(event);
      }
    }
    if (this.#canWrite()) { for (const data of this.#out.takeHeld()) this.#send(data); }
  }

  #installSecret(event: Extract<HandshakeEvent, { type: "secret" }>): void {
    const key = new TrafficKey(event.suite, event.secret);
    event.secret.fill(0);
    if (event.direction === "read") {
      this.#in.setKey(event.level, key);
    } else {
      this.#writeKey = key;
      this.#out.setKey(event.level, key);
    }
  }

  #canWrite(): boolean {
    if (this.#out.level !== "application") return false;
    // What is said before the client has authenticated is said to anybody.
    return this.#complete || !this.#handshake.awaitsClientAuthentication;
  }

  #send(data: Uint8Array): void {
    let start = 0;
    do {
      this.#handshake.post.beforeApplicationData();
      // RFC 9846 §5.5: the key is updated before its limit, never after.
      if (this.#out.writer.keyUpdateDue && this.#complete) this.#handshake.post.updateKeys(false);
      this.#drain();
      this.#out.writer.write(
        ContentType.application_data,
        data.subarray(start, start + WRITE_CHUNK),
      );
      start += WRITE_CHUNK;
    } while (start < data.length);
  }

  /** Runs `step`; whatever it throws, now or later, ends the connection. */
  #guard(step: () => MaybePromise<void>): MaybePromise<void> {
    try {
      const result = step();
      if (!isPromise(result)) return;
      return result.catch((error) => {
        throw this.#fail(error);
      });
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(reason: unknown): TlsError {
    if (this.#error !== null) return this.#error;
    const error = TlsError.from(reason);
    this.#error = error;
    this.#out.takeHeld();
    this.#pending.clear();
    // If the handshake did not find it, it has to be told; its alert event is the one that goes out.
    this.#handshake.abort(error);
    for (const event of this.#handshake.events()) {
      if (event.type === "alert") this.#out.alert(event.description, this.#complete);
      else if (event.type === "message") this.#out.message(event.data);
      else if (event.type === "secret") this.#installSecret(event);
    }
    return error;
  }
}
