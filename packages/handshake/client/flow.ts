/**
 * The client's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { HandshakeType, type NamedGroup, namedGroupName, TlsError, wipe } from "@sealane/wire";
import { receiveFinished, sendFinished } from "../authentication.ts";
import { deriveApplicationSecrets } from "../application_secrets.ts";
import type { ClientTarget } from "../config.ts";
import type { FlowContext } from "../context.ts";
import { EarlySecret, type MainSecret } from "../key_schedule.ts";
import {
  decodeServerHello,
  isHelloRetryRequest,
  type ServerHello,
} from "../messages/server_hello.ts";
import type { PostHandshake } from "../post_handshake.ts";
import type { ResolvedClientConfig } from "../resolve_config.ts";
import { settle, type Step } from "../step.ts";
import { answerCertificateRequest, authenticateServer } from "./authenticate.ts";
import { receiveEncryptedExtensions } from "./encrypted_extensions.ts";
import { type ClientOffer, makeOffer, makeRetryOffer, sendOffer } from "./hello.ts";
import {
  readHelloRetryRequest,
  readServerHello,
  type RetryState,
  type ServerChoice,
} from "./server_hello.ts";
import { receiveTickets } from "./tickets.ts";

/** A client's whole handshake, and what follows it. */
export function* clientFlow(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<void> {
  const { offer, choice, retried } = yield* negotiate(context, config, target);
  const { hash } = choice.suite;
  const { secret, group } = yield* agree(choice, offer);
  const keys = installHandshakeKeys(context, choice.suite, secret);
  const encrypted = yield* receiveEncryptedExtensions(context, config, offer);
  const server = yield* authenticateServer(context, config, offer, target);
  yield* receiveFinished(context, hash, keys.serverTraffic);
  context.requireMessageBoundary();
  context.stage("finished");

  // The application keys belong to the transcript up to the server's Finished; our own flight comes after it.
  const application = deriveApplicationSecrets(context, keys.main);
  const scheme = yield* answerCertificateRequest(context, config, server);
  sendFinished(context, hash, keys.clientTraffic);
  context.installWrite("application", choice.suite, application.client);
  context.installRead("application", choice.suite, application.server);
  context.forget(keys.clientTraffic);
  context.forget(keys.serverTraffic);

  const info = {
    suite: choice.suite,
    group,
    alpn: encrypted.alpn,
    serverName: target.serverName ?? null,
    resumed: false,
    externalPsk: false,
    helloRetryRequest: retried,
    earlyDataAccepted: false,
    peer: server.authenticated?.identity ?? null,
    peerSignatureScheme: server.authenticated?.scheme ?? null,
    signatureScheme: scheme,
  };
  post.setInfo(info, application.exporter);
  post.setTrafficSecret("write", application.client);
  post.setTrafficSecret("read", application.server);
  receiveTickets(context, post, keys.main);
  yield* post.run(info);
}

interface Negotiated {
  readonly offer: ClientOffer;
  readonly choice: ServerChoice;
  readonly retried: boolean;
}

/** ClientHello to ServerHello, with a HelloRetryRequest in between if the server wants one. */
function* negotiate(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<Negotiated> {
  let offer = yield* makeOffer(context, config, target);
  sendOffer(context, offer);
  let { hello, bytes } = yield* receiveServerHello(context);
  let retry: RetryState | null = null;
  if (isHelloRetryRequest(hello)) {
    const { state, request } = readHelloRetryRequest(config, offer, hello);
    context.requireMessageBoundary();
    context.stage("helloRetry");
    retry = state;
    context.transcript.start(state.suite.hash);
    context.transcript.replaceByMessageHash();
    context.transcript.add(bytes);
    offer = yield* makeRetryOffer(config, offer, request);
    sendOffer(context, offer);
    ({ hello, bytes } = yield* receiveServerHello(context));
    if (isHelloRetryRequest(hello)) {
      throw new TlsError("peer/second-hello-retry-request", "a second HelloRetryRequest arrived");
    }
  }
  const choice = readServerHello(config, offer, hello, retry);
  context.requireMessageBoundary();
  context.transcript.start(choice.suite.hash);
  context.transcript.add(bytes);
  context.stage("helloDone");
  return { offer, choice, retried: retry !== null };
}

function* receiveServerHello(
  context: FlowContext,
): Step<{ hello: ServerHello; bytes: Uint8Array }> {
  const { body, bytes } = yield* context.receive(HandshakeType.server_hello);
  return { hello: decodeServerHello(body), bytes };
}

/** The shared secret of our key pair and the server's share. */
function* agree(
  choice: ServerChoice,
  offer: ClientOffer,
): Step<{ secret: Uint8Array; group: NamedGroup }> {
  // RFC 9846 §9.2: without a PSK there is a key_share, and psk_ke is never offered.
  if (choice.share === null) {
    throw new TlsError("peer/missing-extension", "ServerHello has no key_share");
  }
  const { group, share } = choice.share;
  const secret = yield* settle(offer.keyPairs.get(group)?.complete(share) ?? null);
  if (secret === null) {
    throw new TlsError(
      "peer/key-share",
      `ServerHello has a bad key share for ${namedGroupName(group)}`,
    );
  }
  return { secret, group };
}

interface HandshakeKeys {
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly main: MainSecret;
}

function installHandshakeKeys(
  context: FlowContext,
  suite: CipherSuite,
  sharedSecret: Uint8Array,
): HandshakeKeys {
  const handshake = new EarlySecret(suite.hash, null).handshakeSecret(sharedSecret);
  wipe(sharedSecret);
  const transcriptHash = context.transcript.digest();
  const clientTraffic = context.keep(handshake.clientTraffic(transcriptHash));
  const serverTraffic = context.keep(handshake.serverTraffic(transcriptHash));
  context.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientTraffic);
  context.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", serverTraffic);
  context.installWrite("handshake", suite, clientTraffic);
  context.installRead("handshake", suite, serverTraffic);
  return { clientTraffic, serverTraffic, main: handshake.mainSecret() };
}
