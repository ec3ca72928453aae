/**
 * What a connection remembers of its exported authenticators, and what it lends to them: its exporter, its hash, and its
 * configuration with provider and trust. Nothing here touches the connection itself.
 *
 * @module
 */
import { type CipherSuite, hmacOf, isClientOnlyScheme } from "@sealane/providers";
import { equalBytes, type SignatureScheme, TlsError, toHex } from "@sealane/wire";
import { type ClientHelloOffer, FlowContext } from "../engine/context.ts";
import { encodeFinished } from "../messages/finished.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { judgesPeers, type ResolvedConfig } from "../config/resolve_config.ts";
import type { SuiteProfile } from "../config/suite_profile.ts";
import { type AuthenticatorKeys, authenticatorKeys } from "./keys.ts";

/** What a connection has for exported authenticators; of use only to the functions that take a connection. */
export interface ExportedAuthenticators {
  /** Which end of the connection this is. */
  readonly role: "client" | "server";
}

/** A connection that proofs of further identities can be asked for and given on: `Handshake` and what is built on it. */
export interface AuthenticatorConnection {
  /** What it has for them. */
  readonly exportedAuthenticators: ExportedAuthenticators;
}

/** RFC 9261 §5.2.2: the context string of the signature. */
const SIGNATURE_CONTEXT = "Exported Authenticator";

/** The schemes of a list that sign authenticators: RFC 9261 §5.2.2 excludes all RSASSA-PKCS1-v1_5 algorithms. */
export function authenticatorSchemes(schemes: readonly SignatureScheme[]): SignatureScheme[] {
  return schemes.filter((scheme) => !isClientOnlyScheme(scheme));
}

/** The exported authenticators of one connection. */
export class AuthenticatorState implements ExportedAuthenticators {
  readonly #context: FlowContext;
  readonly #post: PostHandshake;
  /** Our requests that are not answered, by their contexts. */
  readonly #open = new Map<string, Uint8Array>();
  /** The contexts of authenticators that were made here or found valid. */
  readonly #used = new Set<string>();

  /** Used by `Handshake` only. */
  constructor(context: FlowContext, post: PostHandshake) {
    this.#context = context;
    this.#post = post;
  }

  /** Which end of the connection this is. */
  get role(): "client" | "server" {
    return this.#context.role;
  }

  /** The other end. */
  get peerRole(): "client" | "server" {
    return this.role === "client" ? "server" : "client";
  }

  /** The configuration of the connection. */
  get config(): ResolvedConfig {
    return this.#context.config;
  }

  /** What the cipher suite demands of signatures and certificates. */
  get profile(): SuiteProfile | null {
    return this.#context.profile;
  }

  /** What the ClientHello says about certificates. */
  get clientHello(): ClientHelloOffer | null {
    return this.#context.clientHello;
  }

  /**
   * The suite of the connection, which has to be up.
   *
   * @throws {TlsError} `api/state`.
   */
  requireConnected(): CipherSuite {
    const { complete, info } = this.#post;
    // RFC 9261 §9: a server has to have verified the client's Finished.
    if (!complete || info === null || this.#context.signal.aborted) {
      throw new TlsError(
        "api/state",
        "exported authenticators are for between the handshake and the end of the connection",
      );
    }
    return info.suite;
  }

  /**
   * The configuration has to say how to verify the peer.
   *
   * @throws {TlsError} `api/config`.
   */
  requireJudge(): void {
    if (judgesPeers(this.config)) return;
    throw new TlsError(
      "api/config",
      "exported authenticators need trust (or verifyPeer) to verify the peer with",
    );
  }

  /** Whether a certificate_request_context was used here, by a request or by an authenticator. */
  isUsed(context: Uint8Array): boolean {
    const name = toHex(context);
    return this.#used.has(name) || this.#open.has(name);
  }

  /** Whether it is that of a request of ours that is not answered. */
  isOpen(context: Uint8Array): boolean {
    return this.#open.has(toHex(context));
  }

  /** Whether `request` is, to the byte, the request of ours with this context that is not answered. */
  isOpenRequest(context: Uint8Array, request: Uint8Array): boolean {
    const made = this.#open.get(toHex(context));
    return made !== undefined && equalBytes(made, request);
  }

  /** A request of ours with this context goes out. */
  openRequest(context: Uint8Array, request: Uint8Array): void {
    this.#open.set(toHex(context), request.slice());
  }

  /**
   * An authenticator has this context: no other one may.
   *
   * @throws {TlsError} `peer/too-many-authentication-requests`.
   */
  use(context: Uint8Array): void {
    const limit = this.config.allLimits.authenticationRequests;
    if (this.#used.size >= limit) {
      throw new TlsError(
        "peer/too-many-authentication-requests",
        `the connection has had ${limit} exported authenticators`,
      );
    }
    const name = toHex(context);
    this.#open.delete(name);
    this.#used.add(name);
  }

  /** No authenticator came of it after all. */
  release(context: Uint8Array): void {
    this.#used.delete(toHex(context));
  }

  /**
   * Begins an authenticator of `sender`: its transcript has what goes before Certificate. `taken` are the schemes to take of
   * the peer, those that the handshake offered unless given.
   */
  begin(
    sender: "client" | "server",
    request: Uint8Array | null,
    taken?: readonly SignatureScheme[],
  ): AuthenticatorExchange {
    const { hash } = this.requireConnected();
    const keys = authenticatorKeys(this.#post, sender, hash.outputLength);
    const context = this.quietContext(taken);
    context.transcript.start(hash);
    context.transcript.add(keys.handshakeContext);
    if (request !== null) context.transcript.add(request);
    return new AuthenticatorExchange(context, keys, (data) => hmacOf(hash, keys.finishedKey, data));
  }

  /** A context of its own for messages that the connection does not see, with the connection's configuration but for that. */
  quietContext(taken?: readonly SignatureScheme[]): FlowContext {
    const { role, carrier, signal, profile } = this.#context;
    const context = new FlowContext(role, quiet(this.config, taken), carrier, signal);
    context.profile = profile;
    context.signatureContext = SIGNATURE_CONTEXT;
    return context;
  }
}

/**
 * The configuration without what belongs to the handshake itself: observer, the program's extensions, and compression, since
 * RFC 9261 section 5.2 has Certificate only.
 */
function quiet(
  config: ResolvedConfig,
  taken?: readonly SignatureScheme[],
): ResolvedConfig {
  const { verifiers, offeredSchemes } = config;
  const schemes = authenticatorSchemes(taken ?? offeredSchemes);
  return {
    ...config,
    observer: undefined,
    customExtensions: undefined,
    certificateCompression: undefined,
    offeredSchemes: offeredSchemes.filter((scheme) => schemes.includes(scheme)),
    verifiers: new Map([...verifiers].filter(([scheme]) => schemes.includes(scheme))),
  };
}

/** One authenticator that is being made or judged. */
export class AuthenticatorExchange {
  /** Has the transcript, and the messages. */
  readonly context: FlowContext;
  readonly #keys: AuthenticatorKeys;
  readonly #mac: (data: Uint8Array) => Uint8Array;

  /** Used by `AuthenticatorState` only. */
  constructor(
    context: FlowContext,
    keys: AuthenticatorKeys,
    mac: (data: Uint8Array) => Uint8Array,
  ) {
    this.context = context;
    this.#keys = keys;
    this.#mac = mac;
  }

  /** RFC 9261 §5.2.3: Finished is an HMAC with the key as it is. */
  finished(): Uint8Array {
    return encodeFinished({ verifyData: this.#mac(this.context.transcript.digest()) });
  }

  /** Bytes of verify_data: as many as the finished key has (RFC 9261 section 5.1). */
  get hashLength(): number {
    return this.#keys.finishedKey.length;
  }

  /** Whether this is the Finished, in constant time. */
  checkFinished(verifyData: Uint8Array): boolean {
    return equalBytes(this.#mac(this.context.transcript.digest()), verifyData);
  }

  /** Wipes the keys. */
  end(): void {
    this.#keys.finishedKey.fill(0);
    this.#keys.handshakeContext.fill(0);
  }
}

/**
 * The state behind a connection.
 *
 * @throws {TlsError} `api/argument`.
 */
export function stateOf({ exportedAuthenticators }: AuthenticatorConnection): AuthenticatorState {
  if (exportedAuthenticators instanceof AuthenticatorState) return exportedAuthenticators;
  throw new TlsError("api/argument", "the connection is none of Sealane");
}
