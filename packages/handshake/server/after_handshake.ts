/**
 * Hands a server's connection over to what follows the handshake: tickets, and requests for a certificate of the client (RFC
 * 9846 section 4.7).
 *
 * @module
 */
import { ExtensionType, type SignatureScheme, TlsError } from "@sealane/wire";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import type { FlowContext } from "../engine/context.ts";
import type { HandshakeKeys } from "../engine/handshake_keys.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import type { Step } from "../engine/step.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import {
  dependsOnExternalPsk,
  inheritedPolicy,
  unaskedPolicy,
  verificationPolicy,
} from "../session/binding.ts";
import { rememberPeer } from "../session/session_peer.ts";
import type { Agreement } from "./agreement.ts";
import { allowPostHandshakeAuthentication } from "./post_handshake_auth.ts";
import { acceptsTickets } from "./psk.ts";
import { TicketIssuer } from "./tickets.ts";
import type { Answer } from "./answer.ts";

/** Who the client is. */
export interface Client {
  /** With a resumption that of the session; `null` if it has not authenticated. */
  readonly peer: PeerIdentity | null;
  /** The scheme of its CertificateVerify; `null` without one. */
  readonly scheme: SignatureScheme | null;
}

/** Both Finished messages are through: sends tickets, and handles messages until the connection ends. */
export function* afterHandshake(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedServerConfig,
  agreement: Agreement,
  answer: Answer,
  client: Client,
  { main }: HandshakeKeys,
): Step<void> {
  const { hello, suite, selected } = agreement;
  const policy = verificationPolicy(config, context.carrier);
  const issuer = new TicketIssuer(context, config, {
    suite,
    resumptionSecret: main.resumption(context.transcript.digest()),
    alpn: answer.alpn,
    serverName: hello.info.serverName,
    // What others have judged is not shown here, and kept for them.
    peer: selected === null ? rememberPeer(client.peer) : selected.psk.session?.peer ?? null,
    authenticatedAt: selected?.psk.session?.authenticatedAt ?? config.clock(),
    verification: inheritedPolicy(
      selected?.psk ?? null,
      context.asksClient ? policy : unaskedPolicy(context.carrier),
      context.carrier,
    ),
  });
  main.end();
  if (mayAuthenticateLater(context, agreement)) {
    allowPostHandshakeAuthentication(context, post, config, answer.clientType, ({ identity }) => {
      const remembered = rememberPeer(identity);
      if (remembered === null) return;
      issuer.authenticated(remembered, policy, config.clock());
    });
  }
  const takesTickets = acceptsTickets(config, hello);
  post.setTicketIssuer(function* (count): Step<void> {
    if (takesTickets) yield* issuer.send(count);
  });
  if (post.info === null) throw new TlsError("local/internal", "nothing was agreed");
  yield* post.run(
    { ...post.info, peer: client.peer, peerSignatureScheme: client.scheme },
    takesTickets ? issuer.send(answer.ticketCount ?? undefined) : undefined,
  );
}

/** RFC 9846 §4.4.2: not with an external PSK, nor with what came of one. RFC 9001 §4.4: not over QUIC. */
function mayAuthenticateLater(
  { carrier }: FlowContext,
  { hello, selected }: Agreement,
): boolean {
  return (selected === null || !dependsOnExternalPsk(selected.psk)) &&
    carrier.postHandshakeAuthentication &&
    hello.offered.has(ExtensionType.post_handshake_auth);
}
