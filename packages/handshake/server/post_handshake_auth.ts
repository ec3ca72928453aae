/**
 * A server that asks a client who it is after the handshake (RFC 9846 section 4.7.2).
 *
 * @module
 */
import { type CertificateType, HandshakeType, TlsError } from "@sealane/wire";
import { receiveAuthentication, receiveFinished } from "../authentication.ts";
import type { FlowContext } from "../context.ts";
import { encodeCertificateRequest } from "../messages/certificate_request.ts";
import type { PeerIdentity } from "../peer.ts";
import type { PostHandshake } from "../post_handshake.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import type { Step } from "../step.ts";
import { requestExtensions } from "./authenticate.ts";

/** Bytes of a certificate_request_context: unpredictable, as RFC 9846 section 4.4.2 asks. */
const CONTEXT_LENGTH = 16;

/** Makes requests possible; the client has offered post_handshake_auth. `authenticated` is told who it is. */
export function allowPostHandshakeAuthentication(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedServerConfig,
  certificateType: CertificateType,
  authenticated: (peer: PeerIdentity) => void,
): void {
  let outstanding = false;
  post.setAuthenticationRequester(() => {
    if (outstanding) {
      throw new TlsError("api/state", "the client has not answered the last request");
    }
    const requestContext = config.randomBytes(CONTEXT_LENGTH);
    const extensions = requestExtensions(context, config);
    const request = encodeCertificateRequest({ context: requestContext, extensions });
    outstanding = true;
    const answer = function* (): Step<void> {
      const client = yield* receiveAuthentication(context, {
        context: requestContext,
        offeredExtensions: new Set(extensions.map(({ type }) => type)),
        certificateType,
        serverName: null,
      });
      const { suite, readSecret } = post.keys;
      yield* receiveFinished(context, suite.hash, readSecret);
      outstanding = false;
      for (const type of ANSWERS) post.refuse(type);
      if (client !== null) authenticated(client.identity);
      context.emit({
        type: "clientAuthentication",
        context: requestContext,
        peer: client?.identity ?? null,
      });
    };
    for (const type of ANSWERS) post.handlePeeked(type, () => post.authenticate(request, answer));
    context.sendUnhashed(request);
    return requestContext;
  });
}

/** What an answer may begin with. */
const ANSWERS = [HandshakeType.certificate, HandshakeType.compressed_certificate];
