/**
 * A handshake over CRYPTO streams: bytes of frames in, bytes for frames out, and its events handed on in order.
 *
 * @module
 */
import type { Handshake, HandshakeEvent, Level } from "@sealane/handshake";
import { chain, isPromise, type MaybePromise } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { CryptoReceiver, CryptoSender } from "./crypto_stream.ts";
import { QuicError, TransportErrorCode } from "../errors.ts";

/** The levels that have CRYPTO frames: 0-RTT packets have none. */
export type CryptoLevel = Exclude<Level, "early">;

type SecretEvent = Extract<HandshakeEvent, { type: "secret" }>;

/** Who takes what a handshake says, one event after the other. */
export interface HandshakeSink {
  /** Takes an event; the next one waits for the promise. Messages do not come here. */
  take(event: HandshakeEvent): MaybePromise<void>;
  /** The connection has to end. */
  fail(error: TlsError | QuicError): void;
}

/** In how many pieces the Initial level is held: clients that cut a ClientHello up to confuse middleboxes make about 20. */
const MAX_INITIAL_GAPS = 256;

/** Options of a {@link HandshakeDriver}. */
export interface DriverOptions {
  /** How many bytes each level may hold out of order. */
  readonly buffer?: number;
  /** The same for the Initial level, where the peer has shown nothing yet; `buffer` unless given. */
  readonly initialBuffer?: number;
  /**
   * Whether a server may send 1-RTT packets before a client that it asks for a certificate has shown one; false unless given.
   * Else the sink gets the 1-RTT write secret when the client's Finished has come.
   */
  readonly sendBeforeClientAuthentication?: boolean;
}

/** Drives one handshake. */
export class HandshakeDriver {
  /** The handshake. */
  readonly handshake: Handshake;
  /** What is to send, by level. */
  readonly senders: Readonly<Record<CryptoLevel, CryptoSender>>;
  readonly #receivers: Readonly<Record<CryptoLevel, CryptoReceiver>>;
  readonly #sink: HandshakeSink;
  readonly #speaksEarly: boolean;
  /** A server's 1-RTT write secret while nobody knows who the client is. */
  #withheld: SecretEvent | null = null;
  #draining: Promise<void> | null = null;

  /** Drives `handshake`. */
  constructor(handshake: Handshake, options: DriverOptions, sink: HandshakeSink) {
    this.handshake = handshake;
    this.#speaksEarly = options.sendBeforeClientAuthentication ?? false;
    this.#sink = sink;
    const receiver = () => new CryptoReceiver(options.buffer);
    const { initialBuffer = options.buffer } = options;
    const initial = new CryptoReceiver(initialBuffer, MAX_INITIAL_GAPS);
    this.#receivers = { initial, handshake: receiver(), application: receiver() };
    const sender = () => new CryptoSender();
    this.senders = { initial: sender(), handshake: sender(), application: sender() };
  }

  /** The level of our next handshake bytes, or of a close. */
  get writeLevel(): Level {
    return this.#withheld === null ? this.handshake.writeLevel : "handshake";
  }

  /** Begins the handshake. */
  start(): MaybePromise<void> {
    return this.#guard(() => chain(this.handshake.start(), () => this.#drain()));
  }

  /** Takes the data of a CRYPTO frame. */
  receive(level: Level, offset: number, data: Uint8Array): MaybePromise<void> {
    return this.#guard(() => {
      // RFC 9001 §8.3 and RFC 9000 §12.5: 0-RTT packets have no CRYPTO frames, so no EndOfEarlyData either.
      if (level === "early") {
        const reason = "a 0-RTT packet has a CRYPTO frame";
        throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
      }
      const ready = this.#receivers[level].receive(offset, data);
      if (ready.length === 0) return;
      return chain(this.handshake.receive(level, ready), () => this.#drain());
    });
  }

  /** Runs what may meet a mistake of the peer. */
  #guard(action: () => MaybePromise<void>): MaybePromise<void> {
    try {
      const running = action();
      return isPromise(running) ? running.catch((error) => this.#onError(error)) : running;
    } catch (error) {
      return this.#onError(error);
    }
  }

  /** What the handshake said before the error still counts: the close may need its keys. */
  #onError(error: unknown): MaybePromise<void> {
    const fail = (): void => this.#sink.fail(causeOf(error));
    try {
      // A close goes out at the last level there is; data does not go out any more.
      const drained = chain(this.#drain(), () => this.#release());
      return isPromise(drained) ? drained.then(fail, fail) : fail();
    } catch {
      fail();
    }
  }

  /** Hands on what the handshake has to say. */
  #drain(): MaybePromise<void> {
    if (this.#draining !== null) return this.#draining;
    for (const event of this.handshake.events()) {
      const pending = this.#take(event);
      if (!isPromise(pending)) continue;
      const finished = (): void => {
        this.#draining = null;
      };
      this.#draining = pending.finally(finished).then(() => this.#drain());
      return this.#draining;
    }
  }

  #take(event: HandshakeEvent): MaybePromise<void> {
    if (event.type === "message") {
      if (event.level !== "early") this.senders[event.level].write(event.data);
      return;
    }
    if (event.type !== "secret") return this.#sink.take(event);
    if (event.direction === "read") this.#requireConsumed(event.level);
    if (event.level !== "application") return this.#sink.take(event);
    // RFC 9001 §5.7: before the client's Finished the client is not authenticated.
    if (event.direction === "write" && this.#mustWait()) {
      this.#withheld = event;
      return;
    }
    return chain(this.#release(), () => this.#sink.take(event));
  }

  #release(): MaybePromise<void> {
    const withheld = this.#withheld;
    this.#withheld = null;
    if (withheld !== null) return this.#sink.take(withheld);
  }

  #mustWait(): boolean {
    return !this.#speaksEarly && this.handshake.awaitsClientAuthentication;
  }

  /** Refuses bytes of the level before `level` that are not consumed. */
  #requireConsumed(level: Level): void {
    if (level === "initial" || level === "early") return;
    const before = level === "handshake" ? "initial" : "handshake";
    // RFC 9001 §4.1.3: data of an earlier level that TLS has not consumed is a PROTOCOL_VIOLATION.
    if (this.#receivers[before].hasGap) {
      const reason = `CRYPTO data of the level ${before} is left when ${level} begins`;
      throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
    }
  }
}

/** The handshake wraps what the transport parameters extension throws: here is the error itself. */
function causeOf(error: unknown): TlsError | QuicError {
  if (error instanceof QuicError) return error;
  if (error instanceof TlsError && error.cause instanceof QuicError) return error.cause;
  return TlsError.from(error);
}
