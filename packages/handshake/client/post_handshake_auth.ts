/**
 * A client that is asked who it is after the handshake (RFC 9846 section 4.7.2).
 *
 * @module
 */
import { receiveCustomExtensions } from "../engine/custom_extensions.ts";
import { HandshakeType, TlsError, toHex } from "@sealane/wire";
import { sendFinished } from "../authentication/authentication.ts";
import { checkRequest } from "../authentication/certificate_request.ts";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import { decodeCertificateRequest } from "../messages/certificate_request.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import type { Step } from "../engine/step.ts";
import { sendClientAuthentication, type ServerAuthentication } from "./authenticate.ts";

/** Answers CertificateRequest from now on, where the carrier has that; `authenticated` is told with what. */
export function allowPostHandshakeAuthentication(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedClientConfig,
  server: ServerAuthentication,
  authenticated: (own: ChosenCredential | null) => void,
): void {
  if (!context.carrier.postHandshakeAuthentication) {
    return post.handle(HandshakeType.certificate_request, refuseRequest);
  }
  if (!config.postHandshakeAuthentication) return;
  const seen = new Set<string>();
  post.handle(HandshakeType.certificate_request, function* (message): Step<void> {
    const request = decodeCertificateRequest(message.body);
    checkRequest(request);
    // RFC 9846 §4.4.2: the context is unique, so that an answer cannot be replayed.
    const name = toHex(request.context);
    if (name === "" || seen.has(name)) {
      throw new TlsError(
        "peer/authentication-request",
        "CertificateRequest after the handshake has no certificate_request_context of its own",
      );
    }
    const limit = config.allLimits.authenticationRequests;
    if (seen.size >= limit) {
      throw new TlsError(
        "peer/too-many-authentication-requests",
        `more than ${limit} CertificateRequests came after the handshake`,
      );
    }
    seen.add(name);
    yield* receiveCustomExtensions(context, "CR", request.extensions);
    yield* post.authentication.run(message.bytes, function* () {
      authenticated(yield* sendClientAuthentication(context, config, request, server));
      const { suite, writeSecret } = post.keys;
      sendFinished(context, suite.hash, writeSecret);
    });
  });
}

// deno-lint-ignore require-yield -- the type of what handles messages
function* refuseRequest(): Step<void> {
  throw new TlsError(
    "peer/authentication-request-in-quic",
    "CertificateRequest came after the handshake over QUIC",
  );
}
