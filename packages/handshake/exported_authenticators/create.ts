/**
 * Making authenticators (RFC 9261 sections 5.2 and 6).
 *
 * @module
 */
import { matchesServerName } from "@sealane/pki";
import type { MaybePromise } from "@sealane/providers";
import { CertificateType, concat, type ExtensionType, TlsError } from "@sealane/wire";
import { sendCertificateVerify } from "../authentication/authentication.ts";
import { sendCertificate } from "../authentication/certificate_message.ts";
import { requestDemand, requestedExtras } from "../authentication/certificate_request.ts";
import type { RequestDemand } from "../config/credential_request.ts";
import type { FlowContext } from "../engine/context.ts";
import type { Credential } from "../identity/credential.ts";
import {
  acceptanceOf,
  chooseCredential,
  type ChosenCredential,
} from "../authentication/credential_selection.ts";
import type { CredentialChoice } from "../config/credential_request.ts";
import { drive, type Step } from "../engine/step.ts";
import { type AuthenticatorRequest, freshContext, readRequest } from "./request.ts";
import {
  type AuthenticatorConnection,
  authenticatorSchemes,
  type AuthenticatorState,
  stateOf,
} from "./state.ts";

/** What {@link createAuthenticator} may be told. */
export interface AuthenticatorOptions {
  /**
   * Without a request: certificate_request_context, 0 to 255 bytes, which no other request or authenticator of the connection
   * has, and which the client cannot predict; 32 random bytes unless given.
   */
  readonly context?: Uint8Array;
}

/**
 * Proves an identity (RFC 9261 section 7.3): the bytes of an authenticator, for the application protocol to carry.
 *
 * It answers the peer's `request`, once; a server may also do it unasked, with `null`, as far as the ClientHello of the
 * connection allows. Of a list of `credentials` the first that fits is taken, and where the client asks for a name, the first
 * for that name. If there is none, or with `null`, the answer is an empty authenticator: an authenticated refusal.
 * OCSP responses and timestamps are those of the credential. Raw public keys are not for authenticators.
 *
 * ```ts
 * import { TlsStream } from "@sealane/tls";
 * import {
 *   createAuthenticator,
 *   createAuthenticatorRequest,
 *   createCredential,
 *   validateAuthenticator,
 * } from "@sealane/handshake";
 * import { TrustStore } from "@sealane/pki";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const trust = TrustStore.fromCertificates([authority.certificate]);
 * async function credentialFor(name: string) {
 *   const { chain, signer } = await authority.issue({ names: [name] });
 *   return createCredential({ certificates: chain, signer });
 * }
 * const [first, second] = [await credentialFor("one.example"), await credentialFor("two.example")];
 *
 * const up = new TransformStream<Uint8Array, Uint8Array>();
 * const down = new TransformStream<Uint8Array, Uint8Array>();
 * const client = TlsStream.client(
 *   { readable: down.readable, writable: up.writable },
 *   { provider, trust },
 *   { serverName: "one.example" },
 * );
 * const server = TlsStream.server(
 *   { readable: up.readable, writable: down.writable },
 *   { provider, credentials: [first] },
 * );
 * await Promise.all([client.opened, server.opened]);
 *
 * // The application protocol carries the request to the server, and its answer back.
 * const request = createAuthenticatorRequest(client, { serverName: "two.example" });
 * const answer = await createAuthenticator(server, request, [first, second]);
 * const identity = await validateAuthenticator(client, request, answer);
 * console.assert(identity?.certificates[0].length === second.certificates[0].length);
 * await Promise.all([client.close(), server.close()]);
 * ```
 *
 * @throws {TlsError} `api/state` unless the handshake is complete and the connection open; `api/argument` for a client without
 * a request, or a context that is too long or was used before; `peer/no-common-signature-scheme` if the one credential that
 * was given does not fit, or without a request none; `peer/authentication-request` for a request that was answered before;
 * `peer/too-many-authentication-requests`; other `peer/…` codes for a malformed request. The connection is unharmed: no
 * alert is sent, and what to do is for the application protocol.
 */
export function createAuthenticator(
  connection: AuthenticatorConnection,
  request: Uint8Array | null,
  credentials: CredentialChoice,
  options: AuthenticatorOptions = {},
): MaybePromise<Uint8Array> {
  const state = stateOf(connection);
  state.requireConnected();
  if (request === null) {
    // RFC 9261 §5: clients MUST NOT send an authenticator without a preceding request.
    if (state.role === "client") {
      throw new TlsError("api/argument", "a client gives an authenticator only if it is asked");
    }
    return drive(makeUnasked(state, credentials, freshContext(state, options.context)));
  }
  const limit = state.config.allLimits.handshakeMessage;
  return drive(answer(state, readRequest(request.slice(), state.peerRole, limit), credentials));
}

function* answer(
  state: AuthenticatorState,
  request: AuthenticatorRequest,
  credentials: CredentialChoice,
): Step<Uint8Array> {
  // RFC 9261 §5.2: no second authenticator with the same context; §4: nor one with that of a request of ours.
  if (state.isUsed(request.context)) {
    throw new TlsError(
      "peer/authentication-request",
      "the request has a certificate_request_context that was used before on this connection",
    );
  }
  const demand = requestDemand(state, request.extensions);
  const chosen = choose(state, demand, forName(credentials, request.serverName));
  // A list of which none fits is a refusal; one credential that the program chose by itself is a mistake.
  if (chosen === null && credentials !== null && !isList(credentials)) refuseChoice();
  const offered = new Set(request.extensions.map(({ type }) => type));
  return yield* make(state, request, request.context, chosen, offered);
}

function* makeUnasked(
  state: AuthenticatorState,
  credentials: CredentialChoice,
  requestContext: Uint8Array,
): Step<Uint8Array> {
  const { offered = new Set<ExtensionType>(), demand = null } = state.clientHello ?? {};
  // RFC 9261 §5.2.2: without an available signature algorithm there is no authenticator.
  const chosen = demand === null ? null : choose(state, demand, credentials);
  if (chosen === null) refuseChoice();
  return yield* make(state, null, requestContext, chosen, offered);
}

function isList(choice: Credential | readonly Credential[]): choice is readonly Credential[] {
  return Array.isArray(choice);
}

/** Of a list, the credentials for the name: another identity is no answer to who asks for this one. */
function forName(choice: CredentialChoice, serverName: string | null): CredentialChoice {
  if (choice === null || serverName === null || !isList(choice)) return choice;
  return choice.filter(({ leaf }) => leaf !== null && matchesServerName(leaf, serverName));
}

function choose(
  { config }: AuthenticatorState,
  demand: RequestDemand,
  choice: CredentialChoice,
): ChosenCredential | null {
  // RFC 9261 §5.2.1: only X.509; raw public keys have not been analyzed here.
  const acceptance = acceptanceOf({ ...demand, certificateType: CertificateType.X509 });
  const schemes = authenticatorSchemes(demand.signatureSchemes);
  return chooseCredential(choice, { ...acceptance, schemes }, config.clock());
}

function refuseChoice(): never {
  throw new TlsError(
    "peer/no-common-signature-scheme",
    "the peer takes none of the credentials that were given for an authenticator",
  );
}

/** The messages; with `null` an empty authenticator. The context counts as used unless this fails. */
function* make(
  state: AuthenticatorState,
  request: AuthenticatorRequest | null,
  requestContext: Uint8Array,
  chosen: ChosenCredential | null,
  offered: ReadonlySet<ExtensionType>,
): Step<Uint8Array> {
  state.use(requestContext);
  const exchange = state.begin(state.role, request?.bytes ?? null);
  try {
    const { context } = exchange;
    const extras = requestedExtras(offered, chosen?.credential ?? null);
    yield* sendCertificate(context, chosen, requestContext, extras);
    // RFC 9261 §6: the empty Certificate of a refusal is hashed, and not sent.
    if (chosen === null) return exchange.finished();
    yield* sendCertificateVerify(context, chosen);
    return concat([...sentMessages(context), exchange.finished()]);
  } catch (error) {
    state.release(requestContext);
    throw error;
  } finally {
    exchange.end();
  }
}

function sentMessages({ outbox }: FlowContext): Uint8Array[] {
  return outbox.flatMap((event) => event.type === "message" ? [event.data] : []);
}
