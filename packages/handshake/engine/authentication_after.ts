/**
 * Post-handshake authentication as both roles need it (RFC 9846 section 4.7.2): the transcript that it is over, and that its
 * messages stay together.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { FlowContext } from "./context.ts";
import type { Step } from "./step.ts";
import type { Transcript } from "./transcript.ts";

/** What a server wants of a client that it asks for a certificate after the handshake. */
export interface ClientAuthenticationOptions {
  /** Whether a client that declines ends the connection, with certificate_required; false unless given. */
  readonly required?: boolean;
  /** The certificate authorities to name, DER names; those of the configuration unless given. */
  readonly certificateAuthorities?: readonly Uint8Array[];
}

/** Sends a request and gives its certificate_request_context. */
export type AuthenticationRequester = (options: ClientAuthenticationOptions) => Uint8Array;

/** The authentications that follow the handshake of one connection. */
export class AuthenticationAfter {
  readonly #context: FlowContext;
  #transcript: Transcript | null = null;
  #inProgress = false;
  /** A server's way to ask; `null` where the client has not offered it. */
  requester: AuthenticationRequester | null = null;

  /** The handshake is not over. */
  constructor(context: FlowContext) {
    this.#context = context;
  }

  /** The handshake is over: nothing is added to its transcript from now on. */
  begin(): void {
    this.#transcript = this.#context.transcript;
  }

  /**
   * On a server: asks the client.
   *
   * @throws {TlsError} `api/state`; what the requester throws.
   */
  request(options: ClientAuthenticationOptions): Uint8Array {
    if (this.#transcript === null) {
      throw new TlsError("api/state", "a client is asked for a certificate after the handshake");
    }
    if (this.requester === null) {
      throw new TlsError("api/state", "the client does not offer post-handshake authentication");
    }
    return this.requester(options);
  }

  /** Runs one: its transcript is that of the handshake and `request`, and its messages go out together. */
  *run<T>(request: Uint8Array, exchange: () => Step<T>): Step<T> {
    const context = this.#context;
    const transcript = this.#transcript?.clone();
    if (transcript === undefined) throw new TlsError("local/internal", "there is no transcript");
    transcript.add(request);
    const before = context.transcript;
    context.transcript = transcript;
    this.#inProgress = true;
    try {
      return yield* context.together(exchange);
    } finally {
      context.transcript = before;
      this.#inProgress = false;
    }
  }

  /**
   * Application data has come.
   *
   * @throws {TlsError} `peer/interleaved-record`.
   */
  applicationDataReceived(): void {
    // RFC 9846 §4.7.2: all messages of an answer appear consecutively.
    if (this.#inProgress) {
      throw new TlsError(
        "peer/interleaved-record",
        "application data came between the messages of a post-handshake authentication",
      );
    }
  }
}
