/**
 * Authenticator requests (RFC 9261 section 4): CertificateRequest from a server, ClientCertificateRequest from a client.
 *
 * @module
 */
import { referenceIdentity } from "@sealane/pki";
import {
  ExtensionType,
  extensionTypeName,
  HandshakeType,
  handshakeTypeName,
  type SignatureScheme,
  signatureSchemeName,
  TlsError,
} from "@sealane/wire";
import { checkRequest, requestExtensions } from "../authentication/certificate_request.ts";
import {
  decodeExtension,
  encodeExtension,
  oidFiltersInCertificateRequest,
  type RawExtension,
  serverNameInClientHello,
  WHERE_ALLOWED,
} from "../extensions/mod.ts";
import {
  type CertificateRequestType,
  decodeCertificateRequest,
  encodeCertificateRequest,
} from "../messages/certificate_request.ts";
import { readMessages } from "./read_messages.ts";
import { type AuthenticatorConnection, type AuthenticatorState, stateOf } from "./state.ts";

/** Bytes of a certificate_request_context that we choose: unpredictable, as RFC 9261 section 4 asks. */
export const CONTEXT_LENGTH = 32;

/** What {@link createAuthenticatorRequest} may be told. */
export interface AuthenticatorRequestOptions {
  /**
   * certificate_request_context, 0 to 255 bytes, which no other request or authenticator of the connection has; 32 random
   * bytes unless given. What the peer can predict it can sign before it is asked.
   */
  readonly context?: Uint8Array;
  /** On a client: the DNS name that the server is to prove (server_name). The answer is verified for it. */
  readonly serverName?: string;
  /** The certificate authorities to name, DER names; those of the configuration unless given. */
  readonly certificateAuthorities?: readonly Uint8Array[];
  /** The signature schemes to accept, of those that the configuration accepts; all of them unless given. */
  readonly signatureSchemes?: readonly SignatureScheme[];
}

/** The type of the requests of one side (RFC 9261 section 4). */
function requestType(from: "client" | "server"): CertificateRequestType {
  return from === "client"
    ? HandshakeType.client_certificate_request
    : HandshakeType.certificate_request;
}

/**
 * Asks the peer for proof of a further identity (RFC 9261 section 7.1): the bytes of a request, for the application protocol
 * to carry. The answer is for {@link validateAuthenticator}, with these bytes again. Extensions are those of the
 * configuration, as in a CertificateRequest of the handshake; see {@link createAuthenticator} for an example.
 *
 * @throws {TlsError} `api/state` unless the handshake is complete and the connection open; `api/config` if the configuration
 * does not say how to verify the peer; `api/argument` for a context that is too long or was used before, a server name
 * on a server or that is an IP address, and schemes that the configuration does not accept. The connection is unharmed.
 */
export function createAuthenticatorRequest(
  connection: AuthenticatorConnection,
  options: AuthenticatorRequestOptions = {},
): Uint8Array {
  const state = stateOf(connection);
  state.requireConnected();
  state.requireJudge();
  const context = freshContext(state, options.context);
  const extensions = [...serverName(state, options), ...ourExtensions(state, options)];
  const bytes = encodeCertificateRequest({ context, extensions }, requestType(state.role));
  state.openRequest(context, bytes);
  return bytes;
}

/** The context that the program chose, checked, or a random one. */
export function freshContext(state: AuthenticatorState, chosen?: Uint8Array): Uint8Array {
  if (chosen === undefined) return state.config.randomBytes(CONTEXT_LENGTH);
  if (chosen.length > 255) {
    throw new TlsError(
      "api/argument",
      `a certificate_request_context has at most 255 bytes, not ${chosen.length}`,
    );
  }
  // RFC 9261 §4: it is unique within the connection, in both directions.
  if (state.isUsed(chosen)) {
    throw new TlsError(
      "api/argument",
      "the certificate_request_context was used before on this connection",
    );
  }
  return chosen.slice();
}

function serverName(
  { role }: AuthenticatorState,
  { serverName }: AuthenticatorRequestOptions,
): RawExtension[] {
  if (serverName === undefined) return [];
  // RFC 9261 §8.1: server_name is for ClientCertificateRequest alone.
  if (role === "server") {
    throw new TlsError("api/argument", "a server does not ask for a server name");
  }
  const identity = referenceIdentity(serverName);
  // RFC 6066 §3: literal addresses are not permitted.
  if (identity.type !== "dNSName") {
    throw new TlsError("api/argument", `the server name ${serverName} is an IP address`);
  }
  return [encodeExtension(serverNameInClientHello, identity.value)];
}

function ourExtensions(
  state: AuthenticatorState,
  { signatureSchemes, certificateAuthorities }: AuthenticatorRequestOptions,
): RawExtension[] {
  const context = state.quietContext(signatureSchemes);
  const { config } = context;
  const lacking = signatureSchemes?.find((scheme) => !config.offeredSchemes.includes(scheme));
  if (lacking !== undefined || config.offeredSchemes.length === 0) {
    const name = lacking === undefined ? "the list" : signatureSchemeName(lacking);
    throw new TlsError("api/argument", `${name} cannot be asked for: see signatureSchemes`);
  }
  return requestExtensions(context, certificateAuthorities);
}

/** A request that was decoded. */
export interface AuthenticatorRequest {
  /** The message, which belongs to the transcript of the answer. */
  readonly bytes: Uint8Array;
  /** certificate_request_context. */
  readonly context: Uint8Array;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
  /** server_name; `null` without it. */
  readonly serverName: string | null;
}

/**
 * Decodes a request of `from`.
 *
 * @throws {TlsError} the `peer/…` code of what is wrong with it.
 */
export function readRequest(
  request: Uint8Array,
  from: "client" | "server",
  limit: number,
): AuthenticatorRequest {
  if (request.length > limit) {
    throw new TlsError(
      "peer/message-too-large",
      `the authenticator request has ${request.length} bytes, more than the limit of ${limit}`,
    );
  }
  const messages = readMessages(request, "authenticator request");
  const type = requestType(from);
  if (messages.length !== 1 || messages[0].type !== type) {
    const types = messages.map((message) => handshakeTypeName(message.type)).join(", ");
    throw new TlsError(
      "peer/unexpected-message",
      `the authenticator request of a ${from} is one ${handshakeTypeName(type)}, not ${types}`,
    );
  }
  const [{ body, bytes }] = messages;
  const { context, extensions } = decodeCertificateRequest(body, type);
  checkExtensions(type, extensions);
  checkRequest({ context, extensions });
  decodeExtension(extensions, oidFiltersInCertificateRequest);
  const serverName = decodeExtension(extensions, serverNameInClientHello) ?? null;
  return { bytes, context, extensions, serverName };
}

/** RFC 9261 §4: what the table allows in CertificateRequest, and server_name from a client; §5.2.1: the unknown is ignored. */
function checkExtensions(type: CertificateRequestType, extensions: readonly RawExtension[]): void {
  for (const extension of extensions) {
    const allowed = WHERE_ALLOWED.get(extension.type)?.includes("CR") ?? true;
    const named = type === HandshakeType.client_certificate_request &&
      extension.type === ExtensionType.server_name;
    if (allowed || named) continue;
    const name = extensionTypeName(extension.type);
    throw new TlsError(
      "peer/extension-not-allowed",
      `${handshakeTypeName(type)} may not have the extension ${name}`,
    );
  }
}
