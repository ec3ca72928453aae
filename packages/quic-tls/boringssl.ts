/**
 * The call shape of BoringSSL's QUIC interface (`include/openssl/ssl.h`, "QUIC integration"), for ports of stacks that
 * have their own packet protection and CRYPTO streams and want secrets and handshake bytes, nothing else. New code is
 * better served by `QuicTls`.
 *
 * | C | here |
 * |---|---|
 * | `SSL_QUIC_METHOD` | {@link QuicMethod} |
 * | `SSL_set_quic_method` | {@link QuicSsl.setQuicMethod} |
 * | `SSL_set_quic_transport_params`, `SSL_get_peer_quic_transport_params` | {@link QuicSsl.setQuicTransportParams}, {@link QuicSsl.getPeerQuicTransportParams} |
 * | `SSL_set_quic_early_data_context` | {@link QuicSsl.setQuicEarlyDataContext} |
 * | `SSL_provide_quic_data` | {@link QuicSsl.provideQuicData} |
 * | `SSL_do_handshake`, `SSL_process_quic_post_handshake` | {@link QuicSsl.doHandshake}, {@link QuicSsl.processQuicPostHandshake} |
 * | `SSL_quic_read_level`, `SSL_quic_write_level` | {@link QuicSsl.quicReadLevel}, {@link QuicSsl.quicWriteLevel} |
 * | `SSL_quic_max_handshake_flight_len` | {@link QuicSsl.quicMaxHandshakeFlightLen} |
 * | `SSL_early_data_accepted`, `SSL_in_early_data`, `SSL_reset_early_data_reject` | {@link QuicSsl.earlyDataAccepted}, {@link QuicSsl.inEarlyData}; a declined 0-RTT needs no reset |
 *
 * What `ssl.h` promises of the order of calls holds: the write secret of a level comes before its read secret; a server
 * gets the 1-RTT write secret before the 0-RTT read secret; handshake data of a level comes after its write secret, and a
 * secret takes effect on a message boundary; `flushFlight` comes after the data of a flight; nothing comes after
 * `sendAlert`. What a server sends under the 1-RTT write secret before {@link QuicSsl.complete}, it sends to a client that has
 * not authenticated; `QuicTls` holds it where the client is asked for a certificate.
 *
 * @module
 */
import {
  type ClientConfig,
  type ClientTarget,
  Handshake,
  type HandshakeEvent,
  type Level,
  PACKETS,
  type ServerConfig,
  type Session,
} from "@sealane/handshake";
import { chain, type CipherSuite, isPromise, type MaybePromise } from "@sealane/providers";
import { type AlertDescription, TlsError } from "@sealane/wire";
import { adaptServer, commonParts } from "./start/handshake_config.ts";
import type { Role } from "./packets/role.ts";

/** The callbacks of `SSL_QUIC_METHOD`. To refuse, throw: the handshake ends with internal_error. */
export interface QuicMethod {
  /** `set_read_secret`: what the peer protects at `level`. The view is valid during the call only. */
  setReadSecret(level: Level, suite: CipherSuite, secret: Uint8Array): void;
  /** `set_write_secret`: what we protect at `level`. The view is valid during the call only. */
  setWriteSecret(level: Level, suite: CipherSuite, secret: Uint8Array): void;
  /** `add_handshake_data`: CRYPTO data to send at `level`. */
  addHandshakeData(level: Level, data: Uint8Array): void;
  /** `flush_flight`: send what was added. */
  flushFlight(): void;
  /** `send_alert`: close the connection with 0x0100 plus `alert`. */
  sendAlert(level: Level, alert: AlertDescription): void;
  /** Stands for `SSL_CTX_sess_set_new_cb`: a client got a session to resume. */
  newSession?(session: Session): void;
}

/** `SSL_get_error`'s answers that occur: done, more data needed, or over. */
export type HandshakeResult = "ok" | "want-read" | "error";

const FLIGHT_LIMIT = 16_384;

/** One connection's TLS in the shape of BoringSSL's `SSL` for QUIC. */
export class QuicSsl {
  readonly #role: Role;
  readonly #make: () => Handshake;
  readonly #pending: { readonly level: Level; readonly data: Uint8Array }[] = [];
  #pendingBytes = 0;
  #handshake: Handshake | null = null;
  #method: QuicMethod | null = null;
  #parameters: Uint8Array | null = null;
  #peerParameters: Uint8Array | null = null;
  #earlyDataContext: Uint8Array | undefined;
  #earlyData: "none" | "offered" | "accepted" | "declined" = "none";
  #complete = false;
  #error: TlsError | null = null;

  private constructor(role: Role, make: (ssl: QuicSsl) => Handshake) {
    this.#role = role;
    this.#make = () => make(this);
  }

  /** `SSL_new` and `SSL_set_connect_state`. A configuration that QUIC cannot use is found by {@link doHandshake}. */
  static client(config: ClientConfig, target: ClientTarget): QuicSsl {
    return new QuicSsl("client", (ssl) => {
      const tls = { ...config, ...commonParts(config, ssl.#extension(), "CH", "EE") };
      return Handshake.client(tls, target, { carrier: PACKETS });
    });
  }

  /** `SSL_new` and `SSL_set_accept_state`. */
  static server(config: ServerConfig): QuicSsl {
    return new QuicSsl("server", (ssl) => {
      const tls = adaptServer(config, (answer) => ({
        ...commonParts(answer, ssl.#extension(), "EE", "CH"),
        earlyDataContext: ssl.#earlyDataContext ?? answer.earlyDataContext,
      }));
      return Handshake.server(tls, { carrier: PACKETS });
    });
  }

  #extension(): { send(): Uint8Array; receive(data: Uint8Array): void } {
    return {
      send: () => this.#parameters ?? new Uint8Array(0),
      receive: (data) => {
        this.#peerParameters = data.slice();
      },
    };
  }

  /** `SSL_set_quic_method`: before the handshake. */
  setQuicMethod(method: QuicMethod): void {
    this.#method = method;
  }

  /** `SSL_set_quic_transport_params`: the encoded parameters to send, before a server answers the ClientHello. */
  setQuicTransportParams(parameters: Uint8Array): void {
    this.#parameters = parameters.slice();
  }

  /** `SSL_get_peer_quic_transport_params`: what the peer sent, or `null` before it came. */
  getPeerQuicTransportParams(): Uint8Array | null {
    return this.#peerParameters;
  }

  /** `SSL_set_quic_early_data_context`: on a server, what 0-RTT depends on; tickets of another context get none. */
  setQuicEarlyDataContext(context: Uint8Array): void {
    if (this.#handshake !== null) {
      throw new TlsError("api/state", "the early data context is set before the handshake");
    }
    this.#earlyDataContext = context.slice();
  }

  /** `SSL_quic_read_level`: the level at which {@link provideQuicData} takes data. */
  get quicReadLevel(): Level {
    return this.#handshake?.readLevel ?? "initial";
  }

  /** `SSL_quic_write_level`: the level of the next handshake data. */
  get quicWriteLevel(): Level {
    return this.#handshake?.writeLevel ?? "initial";
  }

  /** `SSL_quic_max_handshake_flight_len`: how many bytes to buffer of a level; see `ssl.h` for why 16,384. */
  quicMaxHandshakeFlightLen(level: Level): number {
    // A server has no handshake data at the level of 0-RTT, and its client's certificates at that of the handshake.
    if (level === "early") return 0;
    return level === "handshake" && this.#role === "client" ? 2 * FLIGHT_LIMIT : FLIGHT_LIMIT;
  }

  /** Whether the client's Finished and the server's are through. */
  get complete(): boolean {
    return this.#complete;
  }

  /** `SSL_in_early_data`: 0-RTT is on its way and there is no verdict. */
  get inEarlyData(): boolean {
    return this.#earlyData === "offered";
  }

  /** `SSL_early_data_accepted`. */
  get earlyDataAccepted(): boolean {
    return this.#earlyData === "accepted";
  }

  /** What ended the handshake: BoringSSL's error queue. */
  get error(): TlsError | null {
    return this.#error;
  }

  /**
   * `SSL_provide_quic_data`: the data of CRYPTO frames, in order. It is handled by the next {@link doHandshake} or
   * {@link processQuicPostHandshake}. `false` if `level` is not the read level, or there is too much.
   */
  provideQuicData(level: Level, data: Uint8Array): boolean {
    if (this.#error !== null || level !== this.quicReadLevel) return false;
    if (this.#pendingBytes + data.length > this.quicMaxHandshakeFlightLen(level)) return false;
    this.#pending.push({ level, data: data.slice() });
    this.#pendingBytes += data.length;
    return true;
  }

  /** `SSL_do_handshake`: goes on with what was provided. A client's first call makes the ClientHello. */
  doHandshake(): MaybePromise<HandshakeResult> {
    if (this.#error !== null) return "error";
    try {
      const done = this.#begin();
      const fed = isPromise(done) ? done.then(() => this.#feed()) : this.#feed();
      return isPromise(fed) ? fed.catch((error) => this.#fail(error)) : fed;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** `SSL_process_quic_post_handshake`: handles what was provided after the handshake. */
  processQuicPostHandshake(): MaybePromise<HandshakeResult> {
    if (!this.#complete) throw new TlsError("api/state", "the handshake is not complete");
    return this.doHandshake();
  }

  #begin(): MaybePromise<void> {
    if (this.#handshake !== null) return;
    if (this.#method === null) throw new TlsError("api/config", "there is no QUIC method");
    if (this.#parameters === null) {
      throw new TlsError("api/config", "there are no transport parameters");
    }
    this.#handshake = this.#make();
    return chain(this.#handshake.start(), () => this.#drain());
  }

  #feed(): MaybePromise<HandshakeResult> {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#pendingBytes -= next.data.length;
      const received = this.#handshake?.receive(next.level, next.data);
      if (isPromise(received)) {
        return received.then(() => {
          this.#drain();
          return this.#feed();
        });
      }
      this.#drain();
    }
    return this.#complete ? "ok" : "want-read";
  }

  #fail(error: unknown): HandshakeResult {
    this.#error = TlsError.from(error);
    this.#handshake?.abort(this.#error);
    try {
      this.#drain();
    } catch {
      // A callback refused, and the connection is over: no alert can be sent.
    }
    return "error";
  }

  #drain(): void {
    if (this.#handshake === null || this.#method === null) return;
    let flushOwed = false;
    for (const event of this.#handshake.events()) {
      if (event.type === "message") flushOwed = true;
      // RFC 9001 §4.8: the alert closes the connection; what was added before it still goes out.
      if (event.type === "alert" && flushOwed) this.#method.flushFlight();
      if (event.type === "alert") flushOwed = false;
      this.#take(this.#method, event);
    }
    if (flushOwed) this.#method.flushFlight();
  }

  #take(method: QuicMethod, event: HandshakeEvent): void {
    switch (event.type) {
      case "message":
        return method.addHandshakeData(event.level, event.data);
      case "secret": {
        const { direction, level, suite, secret } = event;
        if (level === "early" && direction === "write") this.#earlyData = "offered";
        if (direction === "read") method.setReadSecret(level, suite, secret);
        else method.setWriteSecret(level, suite, secret);
        secret.fill(0);
        return;
      }
      case "earlyData":
        this.#earlyData = event.accepted ? "accepted" : "declined";
        return;
      case "ticket":
        return method.newSession?.(event.session);
      case "complete":
        this.#complete = true;
        return;
      case "alert":
        return method.sendAlert(this.quicWriteLevel, event.description);
    }
  }
}
