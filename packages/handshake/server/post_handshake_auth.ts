/**
 * A server that asks a client who it is after the handshake (RFC 9846 section 4.7.2).
 *
 * @module
 */
import {
  CertificateType,
  certificateTypeName,
  type ExtensionType,
  HandshakeType,
  TlsError,
  toHex,
} from "@sealane/wire";
import {
  type AuthenticatedPeer,
  receiveAuthentication,
  receiveFinished,
} from "../authentication/authentication.ts";
import { openCertificate } from "../authentication/certificate_message.ts";
import { requestExtensions } from "../authentication/certificate_request.ts";
import type { FlowContext } from "../engine/context.ts";
import { encodeCertificateRequest } from "../messages/certificate_request.ts";
import type { HandshakeMessage } from "../messages/message.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import type { ClientAuthenticationOptions } from "../engine/authentication_after.ts";
import { judgesPeers, type ResolvedServerConfig } from "../config/resolve_config.ts";
import type { Step } from "../engine/step.ts";

/** Bytes of a certificate_request_context: unpredictable, as RFC 9846 section 4.4.2 asks. */
const CONTEXT_LENGTH = 16;

/** What an answer may begin with. */
const ANSWERS = [HandshakeType.certificate, HandshakeType.compressed_certificate];

/** A request that the client has not answered. */
interface OutstandingRequest {
  /** certificate_request_context. */
  readonly context: Uint8Array;
  /** The message, which belongs to the transcript of the answer. */
  readonly bytes: Uint8Array;
  /** The extensions that a certificate entry may have. */
  readonly offeredExtensions: ReadonlySet<ExtensionType>;
  /** Whether the client may not decline. */
  readonly required: boolean;
}

/**
 * Makes requests possible; the client has offered post_handshake_auth. `agreedType` is the type of certificate that the
 * handshake agreed on, `null` if it did not speak of it; `authenticated` is told who the client is.
 */
export function allowPostHandshakeAuthentication(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedServerConfig,
  agreedType: CertificateType | null,
  authenticated: (client: AuthenticatedPeer) => void,
): void {
  // RFC 7250 §4.2: without an answer to client_certificate_type the default is meant.
  const certificateType = agreedType ?? CertificateType.X509;
  const outstanding = new Map<string, OutstandingRequest>();

  function ask(
    { required = false, certificateAuthorities }: ClientAuthenticationOptions,
  ): Uint8Array {
    if (!judgesPeers(config)) {
      throw new TlsError(
        "api/config",
        "client authentication needs trust (or verifyPeer) to verify clients with",
      );
    }
    if (!config.peerTypes.includes(certificateType)) {
      const name = certificateTypeName(certificateType);
      throw new TlsError("api/state", `the client can only have a certificate of the type ${name}`);
    }
    const requestContext = config.randomBytes(CONTEXT_LENGTH);
    const extensions = requestExtensions(context, certificateAuthorities);
    const bytes = encodeCertificateRequest({ context: requestContext, extensions });
    if (outstanding.size === 0) { for (const type of ANSWERS) post.handle(type, receiveAnswer); }
    outstanding.set(toHex(requestContext), {
      context: requestContext,
      bytes,
      offeredExtensions: new Set(extensions.map(({ type }) => type)),
      required,
    });
    context.sendUnhashed(bytes);
    return requestContext;
  }

  function* receiveAnswer(message: HandshakeMessage): Step<void> {
    const received = yield* openCertificate(context, message);
    const name = toHex(received.certificate.context);
    const request = outstanding.get(name);
    // RFC 9846 §4.7.2: answers come in any order, and the context says to which request each belongs.
    if (request === undefined) {
      throw new TlsError(
        "peer/authentication-request",
        "Certificate after the handshake has the certificate_request_context of no open request",
      );
    }
    outstanding.delete(name);
    const client = yield* post.authentication.run(request.bytes, function* () {
      const client = yield* receiveAuthentication(context, {
        context: request.context,
        offeredExtensions: request.offeredExtensions,
        certificateType,
        serverName: null,
      }, received);
      const { suite, readSecret } = post.keys;
      yield* receiveFinished(context, suite.hash, readSecret);
      return client;
    });
    if (outstanding.size === 0) { for (const type of ANSWERS) post.refuse(type); }
    judgeAnswer(request, client);
  }

  function judgeAnswer(request: OutstandingRequest, client: AuthenticatedPeer | null): void {
    if (client === null && request.required) {
      throw new TlsError(
        "peer/certificate-required",
        "the client sent no certificate, and one is required",
      );
    }
    if (client !== null) {
      post.setPeer(client.identity, client.scheme);
      authenticated(client);
    }
    context.emit({
      type: "clientAuthentication",
      context: request.context,
      peer: client?.identity ?? null,
    });
  }

  post.authentication.requester = ask;
}
