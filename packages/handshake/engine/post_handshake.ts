/**
 * What follows the handshake on the same connection: exporters, tickets, key updates, requests for authentication; and the
 * messages of RFC 9846 section 4.7, each of which has its handler.
 *
 * @module
 */
import type { Hash, MaybePromise } from "@sealane/providers";
import { HandshakeType, type SignatureScheme, TlsError } from "@sealane/wire";
import { AuthenticationAfter, type ClientAuthenticationOptions } from "./authentication_after.ts";
import type { FlowContext } from "./context.ts";
import type { HandshakeInfo } from "./events.ts";
import { exportKeyingMaterial } from "./key_schedule.ts";
import { type ApplicationKeys, KeyUpdates } from "./key_updates.ts";
import type { HandshakeMessage } from "../messages/message.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { drive, type Step } from "./step.ts";

/** Handles one kind of message after the handshake; each role brings its own. */
export type PostHandshakeHandler = (message: HandshakeMessage) => Step<void>;

/** What a flow hands over when it knows what was agreed. */
export interface ConnectionStart {
  /** What was agreed; on a server without what the client still has to prove. */
  readonly info: HandshakeInfo;
  /** exporter_secret. */
  readonly exporter: Uint8Array;
  /** The peer's application traffic secret. */
  readonly readSecret: Uint8Array;
  /** Ours. */
  readonly writeSecret: Uint8Array;
}

/** The state of a connection after its handshake. */
export class PostHandshake {
  readonly #context: FlowContext;
  readonly #updates: KeyUpdates;
  /** For the flows: authentication after the handshake. */
  readonly authentication: AuthenticationAfter;
  readonly #handlers = new Map<HandshakeType, PostHandshakeHandler>();
  /** Their types: a list that the flow waits with, so that it may grow while it waits. */
  readonly #expected: HandshakeType[] = [];
  #info: HandshakeInfo | null = null;
  #exporter: { readonly hash: Hash; readonly secret: Uint8Array } | null = null;
  #issueTickets: ((count: number) => Step<void>) | null = null;
  #complete = false;

  /** Used by `Handshake` only. */
  constructor(context: FlowContext) {
    this.#context = context;
    this.#updates = new KeyUpdates(context);
    this.authentication = new AuthenticationAfter(context);
    if (context.carrier.keyUpdateMessages) {
      this.handle(HandshakeType.key_update, (message) => this.#updates.receive(message));
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

  // For the flows

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

  /** What was agreed is known, and so are the secrets: the exporter works from now on. */
  begin({ info, exporter, readSecret, writeSecret }: ConnectionStart): void {
    this.#info = info;
    this.#exporter = { hash: info.suite.hash, secret: exporter };
    this.#updates.start({ suite: info.suite, readSecret, writeSecret });
  }

  /** The peer has authenticated after the handshake. */
  setPeer(peer: PeerIdentity, peerSignatureScheme: SignatureScheme): void {
    if (this.#info !== null) this.#info = { ...this.#info, peer, peerSignatureScheme };
  }

  /** A server's way to make tickets. */
  setTicketIssuer(issue: (count: number) => Step<void>): void {
    this.#issueTickets = issue;
  }

  /** The suite and the current application traffic secrets. */
  get keys(): ApplicationKeys {
    return this.#updates.keys;
  }

  /** Both Finished messages are through: says so, runs `first`, and then handles messages until the connection ends. */
  *run(info: HandshakeInfo, first?: Step<void>): Step<void> {
    this.#info = info;
    this.#complete = true;
    this.authentication.begin();
    this.#context.stage("complete");
    this.#context.emit({ type: "complete", info });
    if (first !== undefined) yield* first;
    for (;;) {
      const { type } = yield* this.#context.peek(this.#expected);
      const handler = this.#handlers.get(type);
      if (handler !== undefined) yield* handler(yield* this.#context.receive(type));
    }
  }

  /** Wipes all secrets. */
  wipe(): void {
    this.#exporter?.secret.fill(0);
    this.#exporter = null;
    this.#updates.wipe();
  }

  // For the carrier and the program

  /** On a server: whether the client has offered to be asked for a certificate, and the handshake is done. */
  get canRequestClientAuthentication(): boolean {
    return this.#complete && this.authentication.requester !== null;
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
    return this.authentication.request(options);
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

  /**
   * Keying material of an exporter (RFC 9846 section 7.5).
   *
   * @throws {TlsError} `api/state` before the keys are there, `api/argument` for a wrong length or label.
   */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    if (this.#exporter === null) {
      throw new TlsError(
        "api/state",
        "the exporter is available from the end of the handshake to that of the connection",
      );
    }
    return exportKeyingMaterial(this.#exporter.hash, this.#exporter.secret, label, context, length);
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
    this.#updates.update(requestUpdate);
  }

  /** Whether the peer asked for a key update that has not gone out: see {@link PostHandshake.beforeApplicationData}. */
  get keyUpdateOwed(): boolean {
    return this.#updates.owed;
  }

  /**
   * The carrier is about to send application data: if the peer asked for a key update, ours goes out first, one for all
   * requests since the last data.
   */
  beforeApplicationData(): void {
    this.#updates.beforeApplicationData();
  }

  /**
   * The carrier received application data.
   *
   * @throws {TlsError} `peer/interleaved-record` in the middle of an answer to a request for authentication.
   */
  applicationDataReceived(): void {
    this.authentication.applicationDataReceived();
    this.#updates.applicationDataReceived();
  }
}
