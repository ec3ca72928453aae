/**
 * What follows the handshake on the same connection: key updates, exporters, and the messages of RFC 9846 section 4.7.
 *
 * @module
 */
import type { CipherSuite, MaybePromise } from "@sealane/providers";
import { HandshakeType, type SignatureScheme, TlsError } from "@sealane/wire";
import type { FlowContext } from "./context.ts";
import type { HandshakeInfo } from "./events.ts";
import { exportKeyingMaterial, nextTrafficSecret } from "./key_schedule.ts";
import { decodeKeyUpdate, encodeKeyUpdate } from "../messages/key_update.ts";
import type { HandshakeMessage } from "../messages/message.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { drive, type Step } from "./step.ts";
import type { Transcript } from "./transcript.ts";

/** Handles one kind of message after the handshake; each role brings its own. */
export type PostHandshakeHandler = (message: HandshakeMessage) => Step<void>;

/** What a server wants of a client that it asks for a certificate after the handshake. */
export interface ClientAuthenticationOptions {
  /** Whether a client that declines ends the connection, with certificate_required; false unless given. */
  readonly required?: boolean;
  /** The certificate authorities to name, DER names; those of the configuration unless given. */
  readonly certificateAuthorities?: readonly Uint8Array[];
}

/** The state of a connection after its handshake. */
export class PostHandshake {
  readonly #context: FlowContext;
  readonly #handlers = new Map<HandshakeType, PostHandshakeHandler>();
  /** Their types: a list that the flow waits with, so that it may grow while it waits. */
  readonly #expected: HandshakeType[] = [];
  #transcript: Transcript | null = null;
  #requestAuthentication: ((options: ClientAuthenticationOptions) => Uint8Array) | null = null;
  #authenticating = false;
  #info: HandshakeInfo | null = null;
  #suite: CipherSuite | null = null;
  #exporter: Uint8Array | null = null;
  #read: Uint8Array | null = null;
  #write: Uint8Array | null = null;
  #complete = false;
  #issueTickets: ((count: number) => Step<void>) | null = null;
  #updateOwed = false;
  #updateRequested = false;
  #updatesWithoutData = 0;

  /** Used by `Handshake` only. */
  constructor(context: FlowContext) {
    this.#context = context;
    if (context.carrier.keyUpdateMessages) {
      this.handle(HandshakeType.key_update, (message) => this.#receiveKeyUpdate(message));
    }
  }

  /** What was agreed, as soon as it is. */
  get info(): HandshakeInfo | null {
    return this.#info;
  }

  /** Whether both Finished messages are through. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Adds or replaces the handler of a message type. */
  handle(type: HandshakeType, handler: PostHandshakeHandler): void {
    this.#handlers.set(type, handler);
    if (!this.#expected.includes(type)) this.#expected.push(type);
  }

  /** From now on a message type is refused again. */
  refuse(type: HandshakeType): void {
    this.#handlers.delete(type);
    this.#expected.splice(0, Infinity, ...this.#handlers.keys());
  }

  /** A server's way to ask for a client certificate. */
  setAuthenticationRequester(
    request: (options: ClientAuthenticationOptions) => Uint8Array,
  ): void {
    this.#requestAuthentication = request;
  }

  /** On a server: whether the client has offered to be asked for a certificate, and the handshake is done. */
  get canRequestClientAuthentication(): boolean {
    return this.#complete && this.#requestAuthentication !== null;
  }

  /**
   * On a server: asks the client for a certificate now (RFC 9846 section 4.7.2). The answer is a `clientAuthentication`
   * event with the context that this gives; other messages and requests may come in between. An answer that is wrong ends
   * the connection.
   *
   * @throws {TlsError} `api/state` before the handshake is complete, and if the client has not offered it, authenticated
   * with an external PSK or cannot have a certificate of a type that the configuration takes; `api/config` if that does not
   * say how to verify clients.
   */
  requestClientAuthentication(options: ClientAuthenticationOptions = {}): Uint8Array {
    if (!this.#complete) {
      throw new TlsError("api/state", "a client is asked for a certificate after the handshake");
    }
    if (this.#requestAuthentication === null) {
      throw new TlsError("api/state", "the client does not offer post-handshake authentication");
    }
    return this.#requestAuthentication(options);
  }

  /** The peer has authenticated after the handshake. */
  setPeer(peer: PeerIdentity, peerSignatureScheme: SignatureScheme): void {
    if (this.#info !== null) this.#info = { ...this.#info, peer, peerSignatureScheme };
  }

  /**
   * Runs a post-handshake authentication: its transcript is that of the handshake and `request`, and its messages go out
   * together.
   */
  *authenticate<T>(request: Uint8Array, exchange: () => Step<T>): Step<T> {
    const context = this.#context;
    const transcript = this.#transcript?.clone();
    if (transcript === undefined) throw new TlsError("local/internal", "there is no transcript");
    transcript.add(request);
    const before = context.transcript;
    context.transcript = transcript;
    this.#authenticating = true;
    try {
      return yield* context.together(exchange);
    } finally {
      context.transcript = before;
      this.#authenticating = false;
    }
  }

  /** The suite and the current application traffic secrets. */
  get keys(): { suite: CipherSuite; readSecret: Uint8Array; writeSecret: Uint8Array } {
    const [suite, readSecret, writeSecret] = [this.#suite, this.#read, this.#write];
    if (suite === null || readSecret === null || writeSecret === null) {
      throw new TlsError("local/internal", "there are no application keys");
    }
    return { suite, readSecret, writeSecret };
  }

  /** A server's way to make tickets. */
  setTicketIssuer(issue: (count: number) => Step<void>): void {
    this.#issueTickets = issue;
  }

  /**
   * Sends more tickets: on a server, after the handshake. A client that takes none (psk_key_exchange_modes) gets none.
   *
   * @throws {TlsError} `api/state` on a client, or before the handshake is complete.
   */
  sendTickets(count = 1): MaybePromise<void> {
    if (this.#issueTickets === null || !this.#complete) {
      throw new TlsError("api/state", "tickets are sent by a server, after the handshake");
    }
    return drive(this.#issueTickets(count));
  }

  /** What was agreed is known, and so is the exporter secret. */
  setInfo(info: HandshakeInfo, exporterSecret: Uint8Array): void {
    this.#info = info;
    this.#suite = info.suite;
    this.#exporter = exporterSecret;
  }

  /** The first application traffic secret of a direction; kept for key updates over records. */
  setTrafficSecret(direction: "read" | "write", secret: Uint8Array): void {
    if (direction === "read") this.#read = secret;
    else this.#write = secret;
  }

  /** Both Finished messages are through: says so, runs `first`, and then handles messages until the connection ends. */
  *run(info: HandshakeInfo, first?: Step<void>): Step<void> {
    this.#info = info;
    this.#complete = true;
    this.#transcript = this.#context.transcript; // nothing is added to it from now on
    this.#context.stage("complete");
    this.#context.emit({ type: "complete", info });
    if (first !== undefined) yield* first;
    for (;;) {
      const { type } = yield* this.#context.peek(this.#expected);
      const handler = this.#handlers.get(type);
      if (handler !== undefined) yield* handler(yield* this.#context.receive(type));
    }
  }

  /**
   * Keying material of an exporter (RFC 9846 section 7.5).
   *
   * @throws {TlsError} `api/state` before the keys are there, `api/argument` for a wrong length or label.
   */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    if (this.#exporter === null || this.#suite === null) {
      throw new TlsError(
        "api/state",
        "the exporter is available from the end of the handshake to that of the connection",
      );
    }
    return exportKeyingMaterial(this.#suite.hash, this.#exporter, label, context, length);
  }

  /**
   * Keying material of the early exporter (RFC 9846 section 7.5), from the ClientHello with early data on; `length` is in
   * bytes.
   *
   * @throws {TlsError} `api/state` without early data, `api/argument` for a wrong length or label.
   */
  exportEarlyKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    const { earlyExporter } = this.#context;
    if (earlyExporter === null) {
      throw new TlsError("api/state", "there is no early exporter without early data");
    }
    return exportKeyingMaterial(earlyExporter.hash, earlyExporter.secret, label, context, length);
  }

  /**
   * Updates our write key with a KeyUpdate message (RFC 9846 section 4.7.3); with `requestUpdate` the peer is asked to
   * do the same. While an earlier request is not answered, another one is sent as a plain update.
   *
   * @throws {TlsError} `api/state` before the handshake is complete, or where the carrier has no such message.
   */
  updateKeys(requestUpdate: boolean): void {
    if (!this.#context.carrier.keyUpdateMessages) {
      throw new TlsError("api/state", "packets have no KeyUpdate message: use the key phase");
    }
    if (!this.#complete) throw new TlsError("api/state", "keys are updated after the handshake");
    // RFC 9846 §4.7.3: no further update_requested until the peer has answered the last one.
    this.#sendKeyUpdate(requestUpdate && !this.#updateRequested);
    this.#updateRequested ||= requestUpdate;
    this.#updateOwed = false;
  }

  /** Whether the peer asked for a key update that has not gone out: see {@link PostHandshake.beforeApplicationData}. */
  get keyUpdateOwed(): boolean {
    return this.#updateOwed;
  }

  /**
   * The carrier is about to send application data: if the peer asked for a key update, ours goes out first, one for all
   * requests since the last data.
   */
  beforeApplicationData(): void {
    if (!this.#updateOwed) return;
    this.#updateOwed = false;
    this.#sendKeyUpdate(false);
  }

  /**
   * The carrier received application data.
   *
   * @throws {TlsError} `peer/interleaved-record` in the middle of an answer to a request for authentication.
   */
  applicationDataReceived(): void {
    // RFC 9846 §4.7.2: all messages of an answer appear consecutively.
    if (this.#authenticating) {
      throw new TlsError(
        "peer/interleaved-record",
        "application data came between the messages of a post-handshake authentication",
      );
    }
    this.#updatesWithoutData = 0;
  }

  /** Wipes all secrets. */
  wipe(): void {
    for (const secret of [this.#exporter, this.#read, this.#write]) secret?.fill(0);
    this.#exporter = this.#read = this.#write = null;
  }

  #sendKeyUpdate(requestUpdate: boolean): void {
    const context = this.#context;
    if (this.#suite === null || this.#write === null) {
      throw new TlsError("api/state", "there is no key to update");
    }
    context.sendUnhashed(encodeKeyUpdate({ requestUpdate }));
    const next = nextTrafficSecret(this.#suite.hash, this.#write);
    this.#write.fill(0);
    this.#write = next;
    context.installWrite("application", this.#suite, next);
  }

  // deno-lint-ignore require-yield -- a handler is a Step, though this one waits for nothing
  *#receiveKeyUpdate(message: HandshakeMessage): Step<void> {
    const { requestUpdate } = decodeKeyUpdate(message.body);
    const { allLimits } = this.#context.config;
    if (++this.#updatesWithoutData > allLimits.keyUpdatesWithoutData) {
      throw new TlsError(
        "peer/too-many-key-updates",
        `more than ${allLimits.keyUpdatesWithoutData} KeyUpdates without application data`,
      );
    }
    if (this.#suite === null || this.#read === null) {
      throw new TlsError("local/internal", "there is no key to update");
    }
    const next = nextTrafficSecret(this.#suite.hash, this.#read);
    this.#read.fill(0);
    this.#read = next;
    this.#context.installRead("application", this.#suite, next);
    this.#updateRequested = false;
    if (requestUpdate) this.#updateOwed = true;
  }
}
