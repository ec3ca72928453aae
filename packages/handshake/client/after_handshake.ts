/**
 * Hands a client's connection over to what follows the handshake: tickets, and requests for a certificate of ours (RFC 9846
 * section 4.7).
 *
 * @module
 */
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import type { ClientTarget } from "../config/config.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import type { ApplicationSecrets } from "../engine/application_secrets.ts";
import type { FlowContext } from "../engine/context.ts";
import type { HandshakeInfo } from "../engine/events.ts";
import { handshakeInfo } from "../engine/info.ts";
import type { MainSecret } from "../engine/key_schedule.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { settle, type Step } from "../engine/step.ts";
import {
  credentialDigest,
  dependsOnExternalPsk,
  inheritedPolicy,
  verificationPolicy,
} from "../session/binding.ts";
import { rememberPeer } from "../session/session_peer.ts";
import type { ServerAuthentication } from "./authenticate.ts";
import type { EarlyDataState } from "./early_data_verdict.ts";
import type { ServerExtensions } from "./encrypted_extensions.ts";
import type { Agreement } from "./hello_exchange.ts";
import { allowPostHandshakeAuthentication } from "./post_handshake_auth.ts";
import { sessionKey } from "./psk.ts";
import { receiveTickets, type SessionFacts } from "./tickets.ts";

/** What the flights after the hellos showed. */
export interface Authenticated {
  /** The server. */
  readonly server: ServerAuthentication;
  /** What we authenticated with; `null` if we did not. */
  readonly own: ChosenCredential | null;
  /** What EncryptedExtensions says. */
  readonly encrypted: ServerExtensions;
  /** What became of early data. */
  readonly early: EarlyDataState;
}

/** Both Finished messages are through: handles messages until the connection ends. */
export function* afterHandshake(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedClientConfig,
  target: ClientTarget,
  agreement: Agreement,
  authenticated: Authenticated,
  main: MainSecret,
  { client: writeSecret, server: readSecret, exporter }: ApplicationSecrets,
): Step<void> {
  const { suite, psk } = agreement.choice;
  const { server, own, encrypted } = authenticated;
  const info = clientInfo(target, agreement, authenticated);
  post.begin({ info, exporter, readSecret, writeSecret });
  const identify = (by: ChosenCredential | null) =>
    by === null ? null : credentialDigest(suite.hash, by.credential);
  const facts: SessionFacts = {
    suite,
    resumptionSecret: main.resumption(context.transcript.digest()),
    alpn: encrypted.alpn,
    peer: rememberPeer(server.peer),
    authenticatedAt: psk?.session?.authenticatedAt ?? config.clock(),
    remembered: encrypted.remembered,
    verification: inheritedPolicy(
      psk,
      verificationPolicy(config, context.carrier),
      context.carrier,
    ),
    localIdentity: psk?.session?.localIdentity ?? identify(own),
  };
  receiveTickets(context, post, config, target, facts);
  main.end();
  // RFC 9846 appendix F.1: a client that shares its PSK with two servers would prove itself to both.
  const external = psk !== null && dependsOnExternalPsk(psk);
  if (!external || !context.carrier.postHandshakeAuthentication) {
    allowPostHandshakeAuthentication(context, post, config, server, (by) => {
      facts.localIdentity = identify(by) ?? facts.localIdentity;
    });
  }
  yield* rememberGroup(config, target, agreement);
  yield* post.run(info);
}

/** A server that asked for a share of another group has it in the next first flight. It has proved by now who it is. */
function* rememberGroup(
  { sessionCache, keyShares }: ResolvedClientConfig,
  target: ClientTarget,
  { retried, choice: { share } }: Agreement,
): Step<void> {
  const key = sessionKey(target);
  if (!retried || share === null || key === null || keyShares !== undefined) return;
  yield* settle(sessionCache?.rememberGroup?.(key, share.group));
}

function clientInfo(
  target: ClientTarget,
  { offer, choice, retried }: Agreement,
  { server, own, encrypted, early }: Authenticated,
): HandshakeInfo {
  return handshakeInfo({
    suite: choice.suite,
    group: choice.share?.group ?? null,
    psk: choice.psk,
    ageSkew: null,
    alpn: encrypted.alpn,
    serverName: target.serverName ?? null,
    retried,
    echAccepted: offer.ech !== null,
    earlyDataReason: early.reason,
    peer: server.peer,
    peerSignatureScheme: server.scheme,
    signatureScheme: own?.scheme ?? null,
  });
}
