/**
 * The server's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import { wipe } from "@sealane/wire";
import { receiveFinished, sendFinished } from "../authentication/authentication.ts";
import { type ResolvedServerConfig, resolveServerConfig } from "../config/resolve_config.ts";
import { EchServer } from "../ech/server.ts";
import {
  type ApplicationSecrets,
  deriveApplicationSecrets,
} from "../engine/application_secrets.ts";
import type { FlowContext } from "../engine/context.ts";
import { forgetHandshakeKeys, type HandshakeKeys } from "../engine/handshake_keys.ts";
import { handshakeInfo } from "../engine/info.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { settle, type Step } from "../engine/step.ts";
import type { CertificateRequest } from "../messages/certificate_request.ts";
import { afterHandshake, type Client } from "./after_handshake.ts";
import { agree, type Agreement } from "./agreement.ts";
import { type Answer, prepareAnswer } from "./answer.ts";
import { authenticateClient, requestCertificate, sendAuthentication } from "./authenticate.ts";
import { receiveClientHello, type ReceivedHello } from "./client_hello.ts";
import { largestEarlyData, receiveEarlyData } from "./early_data.ts";
import { sendEncryptedExtensions } from "./encrypted_extensions.ts";
import { certificateTypeWithoutCertificate } from "./negotiate.ts";
import { sendServerHello } from "./server_hello.ts";

/** A server's whole handshake, and what follows it. */
export function* serverFlow(
  context: FlowContext,
  post: PostHandshake,
  initial: ResolvedServerConfig,
): Step<void> {
  const ech = new EchServer(context, initial);
  const first = yield* receiveClientHello(context, ech, true);
  const config = yield* consultApplication(context, initial, first);
  const agreement = yield* agree(context, config, first, ech);
  const answer = yield* prepareAnswer(context, config, agreement);
  const keys = yield* sendServerHello(context, config, agreement);
  const request = yield* sendFlight(context, config, agreement, answer, keys, ech);
  const application = startSending(context, agreement, keys);
  announce(post, ech, agreement, answer, application);
  yield* receiveEarlyData(context, agreement, answer.earlyDataReason);
  const client = yield* receiveClientFlight(context, config, agreement, answer, request, keys);
  context.installRead("application", agreement.suite, application.client);
  forgetHandshakeKeys(context, keys);
  yield* afterHandshake(context, post, config, agreement, answer, client, keys);
}

/** Shows the ClientHello to the application, which may choose another configuration for it. */
function* consultApplication(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, info }: ReceivedHello,
): Step<ResolvedServerConfig> {
  context.clientRandom = hello.random;
  const answer = yield* settle(config.onClientHello?.(info));
  const resolved = answer === undefined ? config : resolveServerConfig(answer);
  context.config = resolved;
  context.largestEarlyData = largestEarlyData(resolved);
  context.asksClient = (resolved.clientAuthentication ?? "none") !== "none";
  return resolved;
}

/** EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify and Finished; gives the request. */
function* sendFlight(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, suite, selected }: Agreement,
  { chosen, alpn, earlyDataReason, clientType, ticketCount }: Answer,
  keys: HandshakeKeys,
  ech: EchServer,
): Step<CertificateRequest | null> {
  sendEncryptedExtensions(context, config, hello, {
    alpn,
    serverCertificateType: chosen?.credential.type ??
      certificateTypeWithoutCertificate(config, hello),
    clientCertificateType: clientType,
    earlyData: earlyDataReason === "accepted",
    ticketCount,
    resumed: selected !== null,
    echRetryConfigs: ech.retryConfigs,
  });
  const request = chosen === null ? null : requestCertificate(context, config);
  if (chosen !== null) yield* sendAuthentication(context, config, hello, chosen);
  sendFinished(context, suite.hash, keys.serverTraffic);
  return request;
}

/** The write key of application data comes first: a server may speak before the client has finished. */
function startSending(
  context: FlowContext,
  { suite }: Agreement,
  { main }: HandshakeKeys,
): ApplicationSecrets {
  const application = deriveApplicationSecrets(context, main);
  context.installWrite("application", suite, application.server);
  return application;
}

/** What was agreed is known now, but for the client that may still authenticate. */
function announce(
  post: PostHandshake,
  ech: EchServer,
  { hello, suite, group, selected, retried }: Agreement,
  { chosen, alpn, earlyDataReason, resumedPeer }: Answer,
  { client: readSecret, server: writeSecret, exporter }: ApplicationSecrets,
): void {
  const info = handshakeInfo({
    suite,
    group: group?.id ?? null,
    psk: selected?.psk ?? null,
    ageSkew: selected?.ageSkew ?? null,
    alpn,
    serverName: hello.info.serverName,
    retried,
    echAccepted: ech.accepted,
    earlyDataReason,
    peer: resumedPeer,
    peerSignatureScheme: null,
    signatureScheme: chosen?.scheme ?? null,
  });
  post.begin({ info, exporter, readSecret, writeSecret });
}

/** The client's Certificate and CertificateVerify, if they were asked for, and its Finished. */
function* receiveClientFlight(
  context: FlowContext,
  config: ResolvedServerConfig,
  { suite, selected }: Agreement,
  { clientType, resumedPeer }: Answer,
  request: CertificateRequest | null,
  keys: HandshakeKeys,
): Step<Client> {
  // The PSK of a ticket is ours alone, and has done its work.
  if (selected !== null && selected.psk.session !== null) wipe(selected.psk.key);
  context.installRead("handshake", suite, keys.clientTraffic);
  const client = yield* authenticateClient(context, config, request, clientType);
  yield* receiveFinished(context, suite.hash, keys.clientTraffic);
  context.stage("finished");
  return { peer: client?.identity ?? resumedPeer, scheme: client?.scheme ?? null };
}
