/**
 * The client's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import { requireBytesOrNull } from "@sealane/providers";
import { namedGroupName, TlsError } from "@sealane/wire";
import { receiveFinished, sendFinished } from "../authentication/authentication.ts";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import type { ClientTarget } from "../config/config.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { echRequired, forPublicName } from "../ech/client.ts";
import {
  type ApplicationSecrets,
  deriveApplicationSecrets,
} from "../engine/application_secrets.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  deriveHandshakeKeys,
  forgetHandshakeKeys,
  type HandshakeKeys,
} from "../engine/handshake_keys.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { settle, type Step } from "../engine/step.ts";
import { afterHandshake } from "./after_handshake.ts";
import {
  answerCertificateRequest,
  authenticateServer,
  type ServerAuthentication,
} from "./authenticate.ts";
import { EarlyDataState } from "./early_data_verdict.ts";
import { receiveEncryptedExtensions, type ServerExtensions } from "./encrypted_extensions.ts";
import { type Agreement, exchangeHellos } from "./hello_exchange.ts";

/** A client's whole handshake, and what follows it. */
export function* clientFlow(
  context: FlowContext,
  post: PostHandshake,
  wanted: ResolvedClientConfig,
  wantedTarget: ClientTarget,
): Step<void> {
  const agreement = yield* exchangeHellos(context, wanted, wantedTarget);
  const { offer, choice } = agreement;
  // Where the server did not take the encrypted hello, this connection is one with the public name.
  const { config, target } = offer.rejectedBy === null
    ? { config: wanted, target: wantedTarget }
    : forPublicName(wanted, offer.rejectedBy);
  const keys = yield* agreeOnKeys(context, agreement);
  const early = new EarlyDataState(context, agreement);
  installHandshakeKeys(context, agreement, keys, early);
  const encrypted = yield* receiveEncryptedExtensions(context, config, offer);
  early.judge(choice, encrypted, keys);
  const server = yield* authenticateServer(context, config, offer, choice.psk, target, encrypted);
  const application = yield* receiveServerFinished(context, agreement, keys);
  early.end(choice, keys);
  const own = yield* sendFlight(context, config, agreement, server, keys);
  installApplicationKeys(context, agreement, encrypted, application);
  forgetHandshakeKeys(context, keys);
  const peer = { server, own, encrypted, early };
  yield* afterHandshake(context, post, config, target, agreement, peer, keys.main, application);
}

/** The handshake keys of the PSK, of our key pair and the server's share, or of both. */
function* agreeOnKeys(
  context: FlowContext,
  { offer, choice: { share, suite, psk } }: Agreement,
): Step<HandshakeKeys> {
  let sharedSecret: Uint8Array | null = null;
  if (share !== null) {
    const secret = yield* settle(offer.keyPairs.get(share.group)?.complete(share.share) ?? null);
    const name = namedGroupName(share.group);
    sharedSecret = requireBytesOrNull(secret, `the shared secret of ${name}`);
    if (sharedSecret === null) {
      throw new TlsError("peer/key-share", `ServerHello has a bad key share for ${name}`);
    }
  }
  return deriveHandshakeKeys(context, suite.hash, psk, sharedSecret);
}

/** Installs the handshake keys; while early data is open over records, the write key waits for its end. */
function installHandshakeKeys(
  context: FlowContext,
  { choice: { suite } }: Agreement,
  keys: HandshakeKeys,
  early: EarlyDataState,
): void {
  if (!early.open || !context.carrier.endOfEarlyData) {
    context.installWrite("handshake", suite, keys.clientTraffic);
  }
  context.installRead("handshake", suite, keys.serverTraffic);
}

/** The server's Finished; the application secrets belong to the transcript up to it, and our own flight comes after it. */
function* receiveServerFinished(
  context: FlowContext,
  { choice: { suite } }: Agreement,
  keys: HandshakeKeys,
): Step<ApplicationSecrets> {
  yield* receiveFinished(context, suite.hash, keys.serverTraffic);
  context.requireMessageBoundary();
  context.stage("finished");
  return deriveApplicationSecrets(context, keys.main);
}

/** Certificate and CertificateVerify, if the server asked for them, and Finished. */
function* sendFlight(
  context: FlowContext,
  config: ResolvedClientConfig,
  { choice: { suite } }: Agreement,
  server: ServerAuthentication,
  keys: HandshakeKeys,
): Step<ChosenCredential | null> {
  const own = yield* answerCertificateRequest(context, config, server);
  sendFinished(context, suite.hash, keys.clientTraffic);
  return own;
}

/** Installs the application keys; RFC 9849 §6.1.6: with a server that took the outer hello nothing is read under them. */
function installApplicationKeys(
  context: FlowContext,
  { offer: { rejectedBy }, choice: { suite } }: Agreement,
  { echRetryConfigs }: ServerExtensions,
  application: ApplicationSecrets,
): void {
  context.installWrite("application", suite, application.client);
  if (rejectedBy !== null) throw echRequired(rejectedBy, echRetryConfigs);
  context.installRead("application", suite, application.server);
}
