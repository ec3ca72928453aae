/**
 * The handshake, without I/O: bytes of messages in, events out. A carrier (`@sealane/tls` for records,
 * `@sealane/quic-tls` for packets) drives it.
 *
 * @module
 */
import { isPromise, type MaybePromise } from "@sealane/providers";
import { ByteQueue, TlsError, type TlsErrorCode } from "@sealane/wire";
import { type Carrier, RECORDS } from "./engine/carrier.ts";
import { clientFlow } from "./client/flow.ts";
import { canonicalTarget } from "./config/client_target.ts";
import type { ClientConfig, ClientTarget, CommonConfig, ServerConfig } from "./config/config.ts";
import { FlowContext } from "./engine/context.ts";
import type { HandshakeEvent, HandshakeInfo } from "./engine/events.ts";
import type { Level } from "./messages/level.ts";
import {
  AuthenticatorState,
  type ExportedAuthenticators,
} from "./exported_authenticators/state.ts";
import { messageLimit } from "./config/limits.ts";
import { PostHandshake } from "./engine/post_handshake.ts";
import type { EarlyDataParameters } from "./config/external_psk.ts";
import { resolveClientConfig, resolveServerConfig } from "./config/resolve_config.ts";
import { serverFlow } from "./server/flow.ts";
import type { Session } from "./session/session.ts";
import type { Need, Step } from "./engine/step.ts";

/** Options of a handshake besides its configuration. */
export interface HandshakeOptions {
  /** What carries the messages: `RECORDS` unless given. */
  readonly carrier?: Carrier;
}

const LEVELS: readonly Level[] = ["initial", "early", "handshake", "application"];

/** What waits while an earlier `receive` is pending. */
interface Waiting {
  readonly level: Level;
  readonly bytes: ByteQueue;
}

/**
 * One handshake, and what follows it on the same connection.
 *
 * Call {@link Handshake.start}, then {@link Handshake.receive} with what the peer sends, and after each of them drain
 * {@link Handshake.events}. Both return a promise only if something in the configuration does; with a synchronous
 * provider and synchronous callbacks the events are ready when they return.
 */
export class Handshake {
  readonly #context: FlowContext;
  readonly #post: PostHandshake;
  readonly #abort = new AbortController();
  readonly #makeFlow: () => Step<void>;
  #authenticators: AuthenticatorState | null = null;
  #flow: Step<void> | null = null;
  #need: Need | null = null;
  #running: Promise<void> | null = null;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #error: TlsError | null = null;
  #executing = false;

  private constructor(
    context: (signal: AbortSignal) => FlowContext,
    flow: (context: FlowContext, post: PostHandshake) => Step<void>,
  ) {
    this.#context = context(this.#abort.signal);
    this.#post = new PostHandshake(this.#context);
    this.#makeFlow = () => flow(this.#context, this.#post);
  }

  /**
   * A client's handshake with a target.
   *
   * @throws {TlsError} `api/config`; `api/argument` if the target's name is neither a DNS name nor an IP address.
   */
  static client(
    config: ClientConfig,
    wanted: ClientTarget,
    { carrier = RECORDS }: HandshakeOptions = {},
  ): Handshake {
    requireFitting(config, carrier);
    if (config.postHandshakeAuthentication && !carrier.postHandshakeAuthentication) {
      throw new TlsError("api/config", "packets have no post-handshake client authentication");
    }
    const resolved = resolveClientConfig(config);
    const target = canonicalTarget(config, wanted);
    return new Handshake(
      (signal) => new FlowContext("client", resolved, carrier, signal),
      (context, post) => clientFlow(context, post, resolved, target),
    );
  }

  /**
   * A server's handshake.
   *
   * @throws {TlsError} `api/config`.
   */
  static server(config: ServerConfig, { carrier = RECORDS }: HandshakeOptions = {}): Handshake {
    requireFitting(config, carrier);
    const resolved = resolveServerConfig(config);
    return new Handshake(
      (signal) => new FlowContext("server", resolved, carrier, signal),
      (context, post) => serverFlow(context, post, resolved),
    );
  }

  /**
   * Begins: a client's ClientHello is among the events, a server has none yet. Call it once, first.
   *
   * @throws {TlsError} what ended the handshake.
   */
  start(): MaybePromise<void> {
    if (this.#flow !== null) throw new TlsError("api/state", "start was called twice");
    this.#flow = this.#makeFlow();
    this.#context.stage("start");
    return this.#run(undefined);
  }

  /**
   * Handshake bytes of the peer, in any pieces, with the level at which they arrived. While an earlier call is pending
   * they wait for it. The data is not kept by reference.
   *
   * @throws {TlsError} what ended the handshake; the alert for the peer is among the events. Later calls throw it again.
   */
  receive(level: Level, data: Uint8Array): MaybePromise<void> {
    if (this.#error !== null) throw this.#error;
    if (this.#flow === null) throw new TlsError("api/state", "receive was called before start");
    if (this.#running !== null) {
      this.#wait(level, data);
      return this.#running;
    }
    try {
      this.#take(level, data);
    } catch (error) {
      throw this.#fail(error);
    }
    return this.#pump();
  }

  /** The events since the last call, in order; each comes once. */
  *events(): Generator<HandshakeEvent, void, undefined> {
    const { outbox } = this.#context;
    for (let event = outbox.shift(); event !== undefined; event = outbox.shift()) yield event;
  }

  /** What was agreed; `null` before it is known. A server knows it when its Finished is sent, a client at the end. */
  get info(): HandshakeInfo | null {
    return this.#post.info;
  }

  /** What ended the handshake, or `null`. */
  get error(): TlsError | null {
    return this.#error;
  }

  /** Most bytes of early data: what a client may send with its session, what a server takes. 0 without early data. */
  get maxEarlyData(): number {
    return this.#context.maxEarlyData;
  }

  /**
   * On a server: whether the client is asked who it is, by the configuration that counts (that of `onClientHello`, if it gave
   * one), and its Finished has not come. What a server sends until then, it sends to anybody.
   */
  get awaitsClientAuthentication(): boolean {
    return this.#context.asksClient && !this.#post.complete;
  }

  /** On a server: most bytes of early data that the configuration that counts takes, be it with a ticket or an external PSK. */
  get largestEarlyData(): number {
    return this.#context.largestEarlyData;
  }

  /**
   * On a client with early data: what the session or the external PSK says of it, the application protocol above all that it has
   * to be made for.
   */
  get earlyDataParameters(): EarlyDataParameters | null {
    return this.#context.earlyParameters;
  }

  /** On a client with early data: the session that it goes out under; `null` under an external PSK. */
  get earlySession(): Session | null {
    return this.#context.earlySession;
  }

  /** On a client that has credentials and showed none of them: why; `null` otherwise. For the message of an alert. */
  get declined(): string | null {
    return this.#context.declined;
  }

  /** The level at which handshake bytes of the peer have to arrive now. */
  get readLevel(): Level {
    return this.#context.readLevel;
  }

  /** Whether no handshake message has arrived in part: other records may come only then (RFC 9846 section 5.1). */
  get atMessageBoundary(): boolean {
    return this.#context.inbox.empty;
  }

  /** The level at which our next message or alert goes out. */
  get writeLevel(): Level {
    return this.#context.writeLevel;
  }

  /** What happens after the handshake: key updates, exporters, tickets. */
  get post(): PostHandshake {
    return this.#post;
  }

  /**
   * Keying material of an exporter (RFC 9846 section 7.5). `length` is in bytes.
   *
   * @throws {TlsError} `api/state` before the keys are there, `api/argument` for a wrong length or label.
   */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#post.exportKeyingMaterial(label, context, length);
  }

  /** For `createAuthenticator` and the like: proofs of further identities on this connection (RFC 9261). */
  get exportedAuthenticators(): ExportedAuthenticators {
    return this.#authenticators ??= new AuthenticatorState(this.#context, this.#post);
  }

  /**
   * Ends the handshake from our side. Pending callbacks get their `AbortSignal`, secrets are wiped, and the alert of
   * `reason` is among the events. Does nothing after the end.
   */
  abort(reason: TlsError = new TlsError("local/aborted", "the handshake was aborted")): void {
    if (this.#error === null) this.#fail(reason);
  }

  /**
   * The connection is over in good order: wipes the secrets, and nothing more comes out. Does nothing after the end.
   */
  end(): void {
    if (this.#error !== null) return;
    this.#stop(new TlsError("local/aborted", "the connection is closed"));
  }

  #wait(level: Level, data: Uint8Array): void {
    const limit = this.#context.config.allLimits.pendingBytes;
    if (this.#waitingBytes + data.length > limit) {
      throw this.#fail(
        new TlsError("peer/message-too-large", `more than ${limit} bytes wait for a callback`),
      );
    }
    if (data.length === 0) return;
    this.#waitingAt(level).append(data);
    this.#waitingBytes += data.length;
  }

  /** What waits at a level; levels follow each other, so there are few. */
  #waitingAt(level: Level): ByteQueue {
    const last = this.#waiting.at(-1);
    if (last?.level === level) return last.bytes;
    if (last !== undefined && LEVELS.indexOf(level) < LEVELS.indexOf(last.level)) {
      const message = `handshake data at the level ${level} after some of ${last.level}`;
      throw this.#fail(new TlsError("peer/wrong-level", message));
    }
    const bytes = new ByteQueue();
    this.#waiting.push({ level, bytes });
    return bytes;
  }

  #take(level: Level, data: Uint8Array): void {
    const { readLevel } = this.#context;
    if (level !== readLevel) {
      throw new TlsError(
        "peer/wrong-level",
        `handshake data at the level ${level} where ${readLevel} was expected`,
      );
    }
    this.#context.inbox.append(data);
  }

  /** Feeds the flow as long as it gets what it needs. */
  #pump(): MaybePromise<void> {
    for (;;) {
      if (this.#error !== null) throw this.#error;
      if (this.#need === null || !("message" in this.#need)) return;
      let next;
      try {
        next = this.#context.inbox.next(this.#need.message, this.#limitOf, this.#need.peek);
      } catch (error) {
        throw this.#fail(error);
      }
      if (next === null) {
        const chunk = this.#waiting.shift();
        if (chunk === undefined) return;
        this.#waitingBytes -= chunk.bytes.length;
        try {
          this.#take(chunk.level, chunk.bytes.take());
        } catch (error) {
          throw this.#fail(error);
        }
        continue;
      }
      const running = this.#run(next);
      if (isPromise(running)) return running;
    }
  }

  readonly #limitOf = (type: number): number => messageLimit(this.#context.config.allLimits, type);

  /** Resumes the flow with `value` until it needs a message; a promise if it meets one. */
  #run(value: unknown): MaybePromise<void> {
    try {
      return this.#advance(this.#resume((flow) => flow.next(value)));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Runs the flow to its next `yield`; the flag is for an `abort` from inside a callback. */
  #resume(
    step: (flow: Step<void>) => IteratorResult<Need, void>,
  ): IteratorResult<Need, void> | undefined {
    if (this.#flow === null) return undefined;
    this.#executing = true;
    try {
      const result = step(this.#flow);
      if (this.#error !== null) {
        this.#flow.return();
        throw this.#error;
      }
      return result;
    } finally {
      this.#executing = false;
    }
  }

  #advance(result: IteratorResult<Need, void> | undefined): MaybePromise<void> {
    if (result === undefined || result.done) {
      this.#need = null;
      return;
    }
    this.#need = result.value;
    if (!("promise" in result.value)) return;
    this.#running = this.#settle(result.value.promise);
    return this.#running;
  }

  /** Waits for promises, one after the other, until the flow needs a message; then goes on with what has come. */
  async #settle(promise: Promise<unknown>): Promise<void> {
    const aborted = whenAborted(this.#abort.signal);
    let next: Promise<unknown> = promise;
    for (;;) {
      let result: IteratorResult<Need, void> | undefined;
      try {
        const value = await Promise.race([next, aborted]);
        result = this.#resume((flow) => flow.next(value));
      } catch (error) {
        if (this.#error !== null) throw this.#error;
        result = this.#throwInto(error);
      }
      if (result === undefined || result.done) {
        this.#need = null;
        break;
      }
      this.#need = result.value;
      if (!("promise" in result.value)) break;
      next = result.value.promise;
    }
    this.#running = null;
    await this.#pump();
  }

  /** A promise of the flow was rejected: the flow may catch it; if not, the handshake ends. */
  #throwInto(error: unknown): IteratorResult<Need, void> | undefined {
    try {
      return this.#resume((flow) => flow.throw(error));
    } catch (uncaught) {
      this.#running = null;
      throw this.#fail(uncaught);
    }
  }

  #fail(reason: unknown, code: TlsErrorCode = "local/internal"): TlsError {
    if (this.#error !== null) return this.#error;
    const error = TlsError.from(reason, code);
    this.#stop(error);
    this.#context.stage("failed");
    if (error.alert !== null) this.#context.emit({ type: "alert", description: error.alert });
    return error;
  }

  /** Stands still, and wipes what is secret. */
  #stop(error: TlsError): void {
    this.#error = error;
    this.#abort.abort(error);
    // A suspended generator runs its `finally` blocks; one that threw is done already, and one that is executing (abort
    // was called by a callback) is ended when it comes back.
    if (!this.#executing) this.#flow?.return();
    this.#need = null;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#context.inbox.clear();
    this.#context.wipeAll();
    this.#post.wipe();
  }
}

/** Rejects when the signal is aborted, so that a callback that never ends does not hold the handshake. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Refuses custom extensions that this carrier does not have, like QUIC transport parameters over records. */
function requireFitting({ customExtensions = [] }: CommonConfig, carrier: Carrier): void {
  const wrong = customExtensions.find(({ type }) => carrier.refusedExtensions.includes(type));
  if (wrong === undefined) return;
  throw new TlsError("api/config", `the extension ${wrong.type} is of another carrier`);
}
