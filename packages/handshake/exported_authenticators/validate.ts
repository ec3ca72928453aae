/**
 * Judging authenticators (RFC 9261 sections 5.2.4, 6 and 7.4).
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import {
  CertificateType,
  ExtensionType,
  HandshakeType,
  type SignatureScheme,
  TlsError,
} from "@sealane/wire";
import { receiveAuthentication } from "../authentication/authentication.ts";
import { openCertificate } from "../authentication/certificate_message.ts";
import { requestDemand } from "../authentication/certificate_request.ts";
import type { FlowContext } from "../engine/context.ts";
import { WHERE_ALLOWED } from "../extensions/mod.ts";
import { messageLimit } from "../config/limits.ts";
import { encodeCertificate } from "../messages/certificate.ts";
import { decodeFinished } from "../messages/finished.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { drive, type NextMessage, type Step } from "../engine/step.ts";
import { type AuthenticatorRequest, readRequest } from "./request.ts";
import {
  type AuthenticatorConnection,
  type AuthenticatorExchange,
  type AuthenticatorState,
  stateOf,
} from "./state.ts";

/** What {@link validateAuthenticator} may be told. */
export interface AuthenticatorValidation {
  /**
   * On a client: the host that the server has to prove to be, a DNS name or an IP address; the server_name of the request
   * unless given. `null`: no name is verified.
   */
  readonly serverName?: string | null;
}

/**
 * Judges an authenticator of the peer (RFC 9261 section 7.4): who it proved to be, or `null` for an empty authenticator, with
 * which the peer refuses. `request` is what {@link createAuthenticatorRequest} gave; with `null` a client judges what the
 * server gave unasked. The identity is verified as that of a peer in the handshake, with the configuration's `trust` or
 * `verifyPeer`. Without a server name in the request or here, *no name is verified*: what the identity is good for is
 * for the program to judge, with `matchesServerName` of `@sealane/pki` for instance.
 *
 * A request is answered once, and the context of a valid authenticator does not come again on this connection; after an
 * error another authenticator with the same context may be judged.
 *
 * @throws {TlsError} `api/state` unless the handshake is complete and the connection open; `api/config` if the configuration
 * does not say how to verify the peer; `api/argument` for a request that was not made here, and on a server without one;
 * `peer/bad-signature`, `peer/bad-finished` above all for an authenticator of another connection;
 * `peer/authentication-request` for a context that was used before; `peer/too-many-authentication-requests`; other
 * `peer/…` codes and `local/certificate-refused` as in the handshake. The connection is unharmed: no alert is sent, and
 * what to do is for the application protocol.
 */
export function validateAuthenticator(
  connection: AuthenticatorConnection,
  request: Uint8Array | null,
  authenticator: Uint8Array,
  options: AuthenticatorValidation = {},
): MaybePromise<PeerIdentity | null> {
  const state = stateOf(connection);
  state.requireConnected();
  state.requireJudge();
  const asked = request === null ? null : ourRequest(state, request);
  // RFC 9261 §5: clients MUST NOT send an authenticator without a preceding request.
  if (asked === null && state.role === "server") {
    throw new TlsError("api/argument", "the authenticator of a client answers a request");
  }
  const exchange = state.begin(state.peerRole, asked?.bytes ?? null, takenSchemes(state, asked));
  const { context } = exchange;
  context.inbox.append(authenticator);
  const serverName = options.serverName === undefined
    ? asked?.serverName ?? null
    : options.serverName;
  return drive(judge(state, exchange, asked, serverName), nextOf(context));
}

/** Our request, which has to be open. */
function ourRequest(state: AuthenticatorState, bytes: Uint8Array): AuthenticatorRequest {
  const request = readRequest(bytes.slice(), state.role, bytes.length);
  // Its context alone does not make it ours: what it asks for decides how the answer is judged.
  if (state.isOpenRequest(request.context, request.bytes)) return request;
  const isAnswered = state.isUsed(request.context) && !state.isOpen(request.context);
  if (isAnswered) throw usedBefore();
  throw new TlsError("api/argument", "the authenticator request was not made on this connection");
}

function usedBefore(): TlsError {
  return new TlsError(
    "peer/authentication-request",
    "the authenticator has a certificate_request_context that was used before on this connection",
  );
}

/** RFC 9261 §5.2.2: the schemes of the request, or else those of the ClientHello. */
function takenSchemes(
  state: AuthenticatorState,
  request: AuthenticatorRequest | null,
): readonly SignatureScheme[] {
  if (request !== null) return requestDemand(state, request.extensions).signatureSchemes;
  // A ClientHello for PSKs alone speaks of no signatures, and any other one of all that the configuration has.
  const speaks = state.clientHello?.offered.has(ExtensionType.signature_algorithms);
  return speaks ? state.config.offeredSchemes : [];
}

/** The messages of the authenticator, all of which are there. */
function nextOf({ inbox, config }: FlowContext): NextMessage {
  const limit = (type: HandshakeType) => messageLimit(config.allLimits, type);
  return (expected, peek) => {
    const message = inbox.next(expected, limit, peek);
    if (message !== null) return message;
    throw new TlsError("peer/decode-error", "the authenticator ends before its last message does");
  };
}

function* judge(
  state: AuthenticatorState,
  exchange: AuthenticatorExchange,
  request: AuthenticatorRequest | null,
  serverName: string | null,
): Step<PeerIdentity | null> {
  try {
    const { context } = exchange;
    if (request !== null && (yield* refuses(context))) {
      // RFC 9261 §6: a Certificate without entries is hashed, though it is not sent.
      context.transcript.add(encodeCertificate({ context: request.context, entries: [] }));
      yield* receiveFinished(exchange);
      accept(state, request, request.context);
      return null;
    }
    const message = yield* context.receive(HandshakeType.certificate);
    const received = yield* openCertificate(context, message);
    const requestContext = request?.context ?? received.certificate.context;
    if (request === null && state.isUsed(requestContext)) throw usedBefore();
    const peer = yield* receiveAuthentication(context, {
      context: requestContext,
      offeredExtensions: allowedInCertificate(state, request),
      certificateType: CertificateType.X509,
      serverName,
    }, received);
    // RFC 9261 §6: a refusal has no Certificate.
    if (peer === null) {
      throw new TlsError("peer/decode-error", "the Certificate of an authenticator is empty");
    }
    yield* receiveFinished(exchange);
    accept(state, request, requestContext);
    return peer.identity;
  } finally {
    exchange.end();
  }
}

/** Whether it is an empty authenticator. */
function* refuses(context: FlowContext): Step<boolean> {
  const { type } = yield* context.peek([HandshakeType.certificate, HandshakeType.finished]);
  return type === HandshakeType.finished;
}

/** RFC 9261 §5.2.1: only extensions of the request or else of the ClientHello, and of these what a Certificate may have. */
function allowedInCertificate(
  state: AuthenticatorState,
  request: AuthenticatorRequest | null,
): ReadonlySet<ExtensionType> {
  const offered = request === null
    ? [...state.clientHello?.offered ?? []]
    : request.extensions.map(({ type }) => type);
  return new Set(offered.filter((type) => WHERE_ALLOWED.get(type)?.includes("CT")));
}

function* receiveFinished(exchange: AuthenticatorExchange): Step<void> {
  const { context } = exchange;
  const { body } = yield* context.receive(HandshakeType.finished);
  if (!exchange.checkFinished(decodeFinished(body, exchange.hashLength).verifyData)) {
    throw new TlsError("peer/bad-finished", "the verify_data of the authenticator is wrong");
  }
  if (!context.inbox.empty) {
    throw new TlsError("peer/excess-handshake-data", "bytes follow the end of the authenticator");
  }
}

/** From now on its context is used. Another one with the same may have been judged while this one was. */
function accept(
  state: AuthenticatorState,
  request: AuthenticatorRequest | null,
  context: Uint8Array,
): void {
  const free = request === null ? !state.isUsed(context) : state.isOpen(context);
  if (!free) throw usedBefore();
  state.use(context);
}
