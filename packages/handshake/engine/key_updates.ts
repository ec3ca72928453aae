/**
 * The application traffic secrets of a connection and their updates with KeyUpdate messages (RFC 9846 section 4.7.3). Over
 * packets there are no such messages: there the secrets stay what they are.
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { decodeKeyUpdate, encodeKeyUpdate } from "../messages/key_update.ts";
import type { HandshakeMessage } from "../messages/message.ts";
import type { FlowContext } from "./context.ts";
import { nextTrafficSecret } from "./key_schedule.ts";
import type { Step } from "./step.ts";

/** The suite and the current application traffic secrets. */
export interface ApplicationKeys {
  /** The suite. */
  readonly suite: CipherSuite;
  /** The peer's secret. */
  readonly readSecret: Uint8Array;
  /** Our secret. */
  readonly writeSecret: Uint8Array;
}

/** The application keys of one connection. */
export class KeyUpdates {
  readonly #context: FlowContext;
  #keys: ApplicationKeys | null = null;
  /** Whether the peer has asked for an update of ours that has not gone out. */
  #owed = false;
  /** Whether we have asked for one that has not come. */
  #requested = false;
  #withoutData = 0;
  /** When the last one was forgiven: milliseconds since 1970. */
  #forgivenAt = -Infinity;

  /** There are no keys yet. */
  constructor(context: FlowContext) {
    this.#context = context;
  }

  /** The keys of the moment. */
  get keys(): ApplicationKeys {
    if (this.#keys === null) {
      throw new TlsError("local/internal", "there are no application keys");
    }
    return this.#keys;
  }

  /** The first application traffic secrets, which are wiped when they have done their work. */
  start(keys: ApplicationKeys): void {
    this.#keys = keys;
  }

  /** Whether an update of ours is owed: see {@link KeyUpdates.beforeApplicationData}. */
  get owed(): boolean {
    return this.#owed;
  }

  /** Updates our key; with `requestUpdate` the peer is asked to do the same, unless it was and has not answered. */
  update(requestUpdate: boolean): void {
    // RFC 9846 §4.7.3: no further update_requested until the peer has answered the last one.
    this.#send(requestUpdate && !this.#requested);
    this.#requested ||= requestUpdate;
    this.#owed = false;
  }

  /** Application data is about to be sent: an update that is owed goes out first, one for all requests since the last data. */
  beforeApplicationData(): void {
    this.#withoutData = 0;
    if (!this.#owed) return;
    this.#owed = false;
    this.#send(false);
  }

  /** Application data has come. */
  applicationDataReceived(): void {
    this.#withoutData = 0;
  }

  /** A KeyUpdate of the peer. */
  // deno-lint-ignore require-yield -- the handler of a message is a Step, though this one waits for nothing
  *receive({ body }: HandshakeMessage): Step<void> {
    const { requestUpdate } = decodeKeyUpdate(body);
    const limit = this.#context.config.allLimits.keyUpdatesWithoutData;
    this.#forgive();
    if (++this.#withoutData > limit) {
      throw new TlsError(
        "peer/too-many-key-updates",
        `more than ${limit} KeyUpdates without application data`,
      );
    }
    const { suite, readSecret } = this.keys;
    const next = nextTrafficSecret(suite.hash, readSecret);
    readSecret.fill(0);
    this.#keys = { ...this.keys, readSecret: next };
    this.#context.installRead("application", suite, next);
    this.#requested = false;
    if (requestUpdate) this.#owed = true;
  }

  /** It is the rate that counts: one for each second that has passed is forgotten. */
  #forgive(): void {
    const now = this.#context.config.clock();
    const seconds = Math.floor((now - this.#forgivenAt) / 1_000);
    if (this.#withoutData > 0 && seconds === 0) return;
    this.#withoutData = seconds < 0 ? this.#withoutData : Math.max(0, this.#withoutData - seconds);
    this.#forgivenAt = now;
  }

  /** Wipes the secrets. */
  wipe(): void {
    this.#keys?.readSecret.fill(0);
    this.#keys?.writeSecret.fill(0);
    this.#keys = null;
  }

  #send(requestUpdate: boolean): void {
    if (this.#keys === null) throw new TlsError("api/state", "there is no key to update");
    const { suite, writeSecret } = this.#keys;
    this.#context.sendUnhashed(encodeKeyUpdate({ requestUpdate }));
    const next = nextTrafficSecret(suite.hash, writeSecret);
    writeSecret.fill(0);
    this.#keys = { ...this.#keys, writeSecret: next };
    this.#context.installWrite("application", suite, next);
  }
}
