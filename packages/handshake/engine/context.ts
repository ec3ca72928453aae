/**
 * What the flows of both roles work with: the transcript, the levels, and the way out for messages, secrets and events.
 *
 * @module
 */
import type { CipherSuite, Hash } from "@sealane/providers";
import { type ExtensionType, TlsError, wipe } from "@sealane/wire";
import type { Carrier } from "./carrier.ts";
import type { RequestDemand } from "../config/credential_request.ts";
import type { HandshakeEvent } from "./events.ts";
import type { Level } from "../messages/level.ts";
import { MessageBuffer } from "./message_buffer.ts";
import type { HandshakeMessage } from "../messages/message.ts";
import type { KeyLogLabel, Stage } from "../config/observer.ts";
import type { EarlyDataParameters } from "../config/external_psk.ts";
import type { ResolvedConfig } from "../config/resolve_config.ts";
import type { Session } from "../session/session.ts";
import { message, peek, type Step } from "./step.ts";
import type { SuiteProfile } from "../config/suite_profile.ts";
import { Transcript } from "./transcript.ts";

const NO_RANDOM = new Uint8Array(32);

/** What a ClientHello says about the certificates that a server may show. */
export interface ClientHelloOffer {
  /** The types of its extensions. */
  readonly offered: ReadonlySet<ExtensionType>;
  /** On a server, what a credential has to fit; `null` on a client, and where ClientHello has no signature_algorithms. */
  readonly demand: RequestDemand | null;
}

/** State that both roles share. */
export class FlowContext {
  /** Which side this is. */
  readonly role: "client" | "server";
  /** What both roles have of their configuration; a server's `onClientHello` may replace it. */
  config: ResolvedConfig;
  /** Records or packets. */
  readonly carrier: Carrier;
  /** Aborted when the handshake fails or is aborted. */
  readonly signal: AbortSignal;
  /** What the agreed suite demands of signatures and certificates; `null`: nothing. */
  profile: SuiteProfile | null = null;
  /** On a client that has credentials and showed none of them: why. */
  declined: string | null = null;
  /** What the ClientHello that was answered says about certificates; `null` before ServerHello. */
  clientHello: ClientHelloOffer | null = null;
  /** The context string of CertificateVerify; `null`: that of the handshake for the side that signs. */
  signatureContext: string | null = null;
  /** The transcript hash. */
  transcript: Transcript = new Transcript();
  /** Bytes of messages that are not whole yet. */
  readonly inbox: MessageBuffer = new MessageBuffer();
  /** Events that the carrier has not drained yet. */
  readonly outbox: HandshakeEvent[] = [];
  /** The level at which the next message of the peer has to come. */
  readLevel: Level = "initial";
  /** The level at which our next message goes out. */
  writeLevel: Level = "initial";
  /** ClientHello.random, which names the connection in key logs. */
  clientRandom: Uint8Array = NO_RANDOM;
  /** The exporter of early data, once there is one. */
  earlyExporter: { readonly hash: Hash; readonly secret: Uint8Array } | null = null;
  /** On a server: whether the configuration that counts asks the client to authenticate. */
  asksClient = false;
  /** On a server: most bytes of early data that the configuration that counts takes. */
  largestEarlyData = 0;
  /** Most bytes of early data, as a client may send them or a server takes them. */
  maxEarlyData = 0;
  /** On a client with early data: what it is like. */
  earlyParameters: EarlyDataParameters | null = null;
  /** On a client: the session that early data goes out under. */
  earlySession: Session | null = null;
  /** Messages that wait for the others of their flight, see {@link FlowContext.together}. */
  #flight: Uint8Array[] | null = null;
  readonly #secrets = new Set<Uint8Array>();

  /** Used by `Handshake` only. */
  constructor(
    role: "client" | "server",
    config: ResolvedConfig,
    carrier: Carrier,
    signal: AbortSignal,
  ) {
    this.role = role;
    this.config = config;
    this.carrier = carrier;
    this.signal = signal;
  }

  /** Tells the carrier something. */
  emit(event: HandshakeEvent): void {
    this.outbox.push(event);
  }

  /** Sends a message at the current write level and adds it to the transcript. */
  send(bytes: Uint8Array): void {
    this.transcript.add(bytes);
    if (this.#flight === null) this.sendUnhashed(bytes);
    else this.#flight.push(bytes);
  }

  /**
   * Holds what `exchange` sends until it is done, so that nothing comes in between (RFC 9846 section 4.7.2): not even what
   * the program sends while a signer is at work.
   */
  *together<T>(exchange: () => Step<T>): Step<T> {
    this.#flight = [];
    try {
      const result = yield* exchange();
      const flight = this.#flight;
      this.#flight = null;
      for (const bytes of flight) this.sendUnhashed(bytes);
      return result;
    } finally {
      this.#flight = null;
    }
  }

  /** Sends a message that is not part of the transcript: those after the handshake. */
  sendUnhashed(bytes: Uint8Array): void {
    this.config.observer?.message?.("write", this.writeLevel, bytes);
    this.emit({ type: "message", level: this.writeLevel, data: bytes });
  }

  /** The next message, of one of these types; the caller adds it to the transcript. */
  *receive(...expected: readonly number[]): Step<HandshakeMessage> {
    const received = yield* message(...expected);
    this.config.observer?.message?.("read", this.readLevel, received.bytes);
    return received;
  }

  /** The type of the next message, of one of these types, which {@link FlowContext.receive} gives next. */
  *peek(expected: readonly number[]): Step<{ type: number }> {
    return yield* peek(expected);
  }

  /** A new write secret, in effect for what is sent after it. */
  installWrite(level: Level, suite: CipherSuite, secret: Uint8Array): void {
    this.writeLevel = level;
    this.emit({ type: "secret", direction: "write", level, suite, secret: secret.slice() });
  }

  /**
   * A new read secret.
   *
   * @throws {TlsError} `peer/excess-handshake-data` if bytes of the old level are left: RFC 9846 §5.1, messages do not
   * span key changes.
   */
  installRead(level: Level, suite: CipherSuite, secret: Uint8Array): void {
    if (level !== "early" || this.carrier.endOfEarlyData) {
      this.requireMessageBoundary();
      this.readLevel = level;
    }
    this.emit({ type: "secret", direction: "read", level, suite, secret: secret.slice() });
  }

  /** Refuses bytes that follow the last message before a key change. */
  requireMessageBoundary(): void {
    if (!this.inbox.empty) {
      throw new TlsError(
        "peer/excess-handshake-data",
        `bytes follow the last message at the level ${this.readLevel}`,
      );
    }
  }

  /** Hands a secret to the key log, if there is one. */
  logSecret(label: KeyLogLabel, secret: Uint8Array): void {
    this.config.observer?.secret?.(label, this.clientRandom, secret);
  }

  /** Tells the observer that a stage was reached. */
  stage(stage: Stage): void {
    this.config.observer?.stage?.(stage, this.config.clock());
  }

  /** Remembers a secret, to be wiped when the handshake ends, and returns it. */
  keep(secret: Uint8Array): Uint8Array {
    this.#secrets.add(secret);
    return secret;
  }

  /** Wipes a secret that {@link FlowContext.keep} remembers. */
  forget(secret: Uint8Array | null): void {
    if (secret === null) return;
    wipe(secret);
    this.#secrets.delete(secret);
  }

  /** Wipes every secret that is still there. */
  wipeAll(): void {
    wipe(...this.#secrets);
    this.#secrets.clear();
  }
}
