/**
 * The server's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import { ExtensionType, HandshakeType, ProtocolVersion, TlsError, wipe } from "@sealane/wire";
import { deriveApplicationSecrets } from "../engine/application_secrets.ts";
import { receiveFinished, sendFinished } from "../authentication/authentication.ts";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import { confirmServerHello } from "../ech/confirmation.ts";
import { EchServer } from "../ech/server.ts";
import {
  encodeExtension,
  keyShareInServerHello,
  preSharedKeyInServerHello,
  type RawExtension,
  supportedVersionsInServerHello,
} from "../extensions/mod.ts";
import { EarlySecret, type MainSecret } from "../engine/key_schedule.ts";
import { decodeEndOfEarlyData } from "../messages/end_of_early_data.ts";
import { encodeServerHello } from "../messages/server_hello.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { dependsOnExternalPsk, inheritedPolicy, verificationPolicy } from "../session/binding.ts";
import { recallPeer, rememberPeer } from "../session/session_peer.ts";
import { type ResolvedServerConfig, resolveServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { profileOf } from "../config/suite_profile.ts";
import { verifyAgain } from "../authentication/verify_identity.ts";
import { authenticateClient, requestCertificate, sendAuthentication } from "./authenticate.ts";
import { receiveClientHello, type ReceivedHello } from "./client_hello.ts";
import { earlyTrafficSecret, judgeEarlyData, largestEarlyData } from "./early_data.ts";
import { sendEncryptedExtensions } from "./encrypted_extensions.ts";
import { type Agreement, agreeOnGroup } from "./hello_retry.ts";
import {
  certificateDemand,
  certificateTypeWithoutCertificate,
  chooseAlpn,
  chooseClientCertificateType,
  chooseServerCredential,
  respond,
  shareFor,
} from "./negotiate.ts";
import { allowPostHandshakeAuthentication } from "./post_handshake_auth.ts";
import { acceptsTickets, type SelectedPsk } from "./psk.ts";
import { requestedTickets, TicketIssuer } from "./tickets.ts";

/** A server's whole handshake, and what follows it. */
export function* serverFlow(
  context: FlowContext,
  post: PostHandshake,
  initial: ResolvedServerConfig,
): Step<void> {
  const ech = new EchServer(context, initial);
  const first = yield* receiveClientHello(context, ech, true);
  context.clientRandom = first.hello.random;
  const config = yield* consultApplication(context, initial, first);
  context.largestEarlyData = largestEarlyData(config);
  context.asksClient = (config.clientAuthentication ?? "none") !== "none";
  const agreement = yield* agreeOnGroup(context, config, first, ech);
  const { hello, suite, group, selected } = agreement;
  context.profile = profileOf(suite);
  context.clientHello = { offered: hello.offered, demand: certificateDemand(context, hello) };
  yield* context.receiveCustomExtensions("CH", hello.hello.extensions);
  const chosen = yield* chooseAuthentication(context, config, hello, selected);
  const alpn = yield* chooseAlpn(context, config, hello);
  const earlyReason = yield* judgeEarlyData(context, config, agreement, alpn);
  const earlyData = earlyReason === "accepted";
  const asks = chosen !== null && (config.clientAuthentication ?? "none") !== "none";
  const clientType = asks ? chooseClientCertificateType(config, hello) : null;
  const keys = yield* sendServerHello(context, config, agreement);

  const ticketCount = requestedTickets(config, hello, selected !== null);
  sendEncryptedExtensions(context, config, hello, {
    alpn,
    serverCertificateType: chosen?.credential.type ??
      certificateTypeWithoutCertificate(config, hello),
    clientCertificateType: clientType,
    earlyData,
    ticketCount,
    resumed: selected !== null,
    echRetryConfigs: ech.retryConfigs,
  });
  const request = chosen === null ? null : requestCertificate(context, config);
  if (chosen !== null) yield* sendAuthentication(context, config, hello, chosen);
  sendFinished(context, suite.hash, keys.serverTraffic);
  const application = deriveApplicationSecrets(context, keys.main);
  // The write key of application data first: a server may speak before the client has finished.
  context.installWrite("application", suite, application.server);
  const resumedPeer = recallPeer(selected?.psk.session?.peer ?? null);
  const info = {
    suite,
    group: group?.id ?? null,
    alpn: alpn === null ? null : new TextDecoder().decode(alpn),
    serverName: hello.info.serverName,
    resumed: selected?.psk.session != null,
    externalPsk: selected !== null && selected.psk.session === null,
    pskIdentity: selected?.psk.session === null ? selected.psk.identity : null,
    helloRetryRequest: agreement.retried,
    echAccepted: ech.accepted,
    earlyDataAccepted: earlyData,
    earlyDataReason: earlyReason,
    ticketAgeSkew: selected?.psk.session != null ? selected.ageSkew : null,
    peer: resumedPeer,
    peerSignatureScheme: null,
    signatureScheme: chosen?.scheme ?? null,
  };
  post.setInfo(info, application.exporter);
  post.setTrafficSecret("write", application.server);
  post.setTrafficSecret("read", application.client);

  if (earlyData && selected !== null) yield* receiveEarlyData(context, agreement, selected);
  // The PSK of a ticket is ours alone, and has done its work.
  if (selected !== null && selected.psk.session !== null) wipe(selected.psk.key);
  context.installRead("handshake", suite, keys.clientTraffic);
  if (resumedPeer !== null && config.verifyOnResumption) {
    yield* verifyAgain(context, resumedPeer, null);
  }
  const client = yield* authenticateClient(context, config, request, clientType);
  yield* receiveFinished(context, suite.hash, keys.clientTraffic);
  context.stage("finished");
  context.installRead("application", suite, application.client);
  context.forget(keys.clientTraffic);
  context.forget(keys.serverTraffic);
  const peer = client?.identity ?? resumedPeer;
  const issuer = new TicketIssuer(context, config, {
    suite,
    resumptionSecret: keys.main.resumption(context.transcript.digest()),
    alpn,
    serverName: hello.info.serverName,
    peer: rememberPeer(peer),
    authenticatedAt: selected?.psk.session?.authenticatedAt ?? config.clock(),
    verification: inheritedPolicy(selected?.psk ?? null, config),
  });
  keys.main.end();
  // RFC 9846 §4.4.2: not with an external PSK, nor with what came of one. RFC 9001 §4.4: not over QUIC.
  const mayAsk = selected === null || !dependsOnExternalPsk(selected.psk);
  if (
    mayAsk && context.carrier.postHandshakeAuthentication &&
    hello.offered.has(ExtensionType.post_handshake_auth)
  ) {
    allowPostHandshakeAuthentication(context, post, config, clientType, ({ identity }) => {
      const remembered = rememberPeer(identity);
      if (remembered === null) return;
      issuer.authenticated(remembered, verificationPolicy(config), config.clock());
    });
  }
  const takesTickets = acceptsTickets(config, hello);
  post.setTicketIssuer(function* (count): Step<void> {
    if (takesTickets) yield* issuer.send(count);
  });
  yield* post.run(
    { ...info, peer, peerSignatureScheme: client?.scheme ?? null },
    takesTickets ? issuer.send(ticketCount ?? undefined) : undefined,
  );
}

/** Shows the ClientHello to the application, which may choose another configuration for it. */
function* consultApplication(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<ResolvedServerConfig> {
  const answer = yield* settle(config.onClientHello?.(hello.info));
  if (answer === undefined) return config;
  const resolved = resolveServerConfig(answer);
  context.config = resolved;
  return resolved;
}

/** What the server authenticates with: a credential, or `null` with a PSK. */
function* chooseAuthentication(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  selected: SelectedPsk | null,
): Step<ChosenCredential | null> {
  if (selected !== null) return null;
  if (config.credentials === undefined) {
    throw new TlsError(
      "peer/unknown-psk-identity",
      "ClientHello has no PSK of ours, and there is no certificate",
    );
  }
  return yield* chooseServerCredential(context, config, hello);
}

interface HandshakeKeys {
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly main: MainSecret;
}

/** Sends ServerHello and installs the handshake write key; the read key waits for our flight. */
function* sendServerHello(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, suite, group, selected }: Agreement,
): Step<HandshakeKeys> {
  // In the order of the traces of RFC 8448, since any order will do.
  const extensions: RawExtension[] = [];
  if (selected !== null) {
    extensions.push(encodeExtension(preSharedKeyInServerHello, selected.index));
  }
  let sharedSecret: Uint8Array | null = null;
  const offered = group === null ? null : shareFor(hello, group);
  if (group !== null && offered !== null) {
    const { share, secret } = yield* respond(group, offered);
    sharedSecret = secret;
    extensions.push(encodeExtension(keyShareInServerHello, { group: group.id, share }));
  }
  extensions.push(encodeExtension(supportedVersionsInServerHello, ProtocolVersion.tls13));
  context.transcript.start(suite.hash);
  context.transcript.add(hello.bytes);
  const message = encodeServerHello({
    legacyVersion: ProtocolVersion.tls12,
    random: config.randomBytes(32),
    legacySessionId: hello.hello.legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions,
  });
  if (hello.echInner) {
    confirmServerHello(context.transcript, suite.hash, hello.hello.random, message);
  }
  context.send(message);
  const handshake = new EarlySecret(suite.hash, selected?.psk.key ?? null)
    .handshakeSecret(sharedSecret);
  wipe(sharedSecret);
  const transcriptHash = context.transcript.digest();
  const clientTraffic = context.keep(handshake.clientTraffic(transcriptHash));
  const serverTraffic = context.keep(handshake.serverTraffic(transcriptHash));
  context.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientTraffic);
  context.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", serverTraffic);
  context.installWrite("handshake", suite, serverTraffic);
  context.stage("helloDone");
  return { clientTraffic, serverTraffic, main: handshake.mainSecret() };
}

/** Opens early data, and over records waits for its end. */
function* receiveEarlyData(
  context: FlowContext,
  { hello, suite }: Agreement,
  { psk }: SelectedPsk,
): Step<void> {
  const secret = earlyTrafficSecret(context, suite, psk.key, hello.bytes);
  context.installRead("early", suite, secret);
  context.forget(secret);
  if (!context.carrier.endOfEarlyData) return;
  const message = yield* context.receive(HandshakeType.end_of_early_data);
  decodeEndOfEarlyData(message.body);
  context.transcript.add(message.bytes);
}
