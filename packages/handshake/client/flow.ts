/**
 * The client's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import { requireBytesOrNull } from "@sealane/providers";
import { HandshakeType, type NamedGroup, namedGroupName, TlsError, wipe } from "@sealane/wire";
import { deriveApplicationSecrets } from "../engine/application_secrets.ts";
import { receiveFinished, sendFinished } from "../authentication/authentication.ts";
import type { ClientTarget } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import { echRequired, forPublicName } from "../ech/client.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import { EarlySecret, type MainSecret } from "../engine/key_schedule.ts";
import { encodeEndOfEarlyData } from "../messages/end_of_early_data.ts";
import {
  decodeServerHello,
  isHelloRetryRequest,
  type ServerHello,
} from "../messages/server_hello.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import { credentialDigest, dependsOnExternalPsk, inheritedPolicy } from "../session/binding.ts";
import { rememberPeer } from "../session/session_peer.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { profileOf } from "../config/suite_profile.ts";
import { answerCertificateRequest, authenticateServer } from "./authenticate.ts";
import { checkAcceptedEarlyData, rejectEarlyData } from "./early_data.ts";
import { receiveEncryptedExtensions, type ServerExtensions } from "./encrypted_extensions.ts";
import { type ClientOffer, makeOffer, makeRetryOffer, offerAfterEch, sendOffer } from "./hello.ts";
import {
  readHelloRetryRequest,
  readServerHello,
  type RetryState,
  type ServerChoice,
} from "./server_hello.ts";
import { allowPostHandshakeAuthentication } from "./post_handshake_auth.ts";
import { receiveTickets, type SessionFacts } from "./tickets.ts";

/** A client's whole handshake, and what follows it. */
export function* clientFlow(
  context: FlowContext,
  post: PostHandshake,
  wanted: ResolvedClientConfig,
  wantedTarget: ClientTarget,
): Step<void> {
  const negotiated = yield* negotiate(context, wanted, wantedTarget);
  const { offer, choice } = negotiated;
  const { rejectedBy } = offer;
  // Where the server did not take the encrypted hello, this connection is one with the public name.
  const { config, target } = rejectedBy === null
    ? { config: wanted, target: wantedTarget }
    : forPublicName(wanted, rejectedBy);
  const { suite } = choice;
  context.clientHello = { offered: offer.offered, demand: null };
  const keys = yield* agreeOnKeys(context, offer, choice);
  const early = new EarlyDataState(context, negotiated);
  installHandshakeKeys(context, choice, keys, early);
  const encrypted = yield* receiveEncryptedExtensions(context, config, offer);
  early.judge(choice, encrypted, keys);
  const server = yield* authenticateServer(context, config, offer, choice.psk, target, encrypted);
  yield* receiveFinished(context, suite.hash, keys.serverTraffic);
  context.requireMessageBoundary();
  context.stage("finished");

  // The application keys belong to the transcript up to the server's Finished; our own flight comes after it.
  const application = deriveApplicationSecrets(context, keys.main);
  early.end(choice, keys);
  const own = yield* answerCertificateRequest(context, config, server);
  sendFinished(context, suite.hash, keys.clientTraffic);
  context.installWrite("application", suite, application.client);
  if (rejectedBy !== null) throw echRequired(rejectedBy, encrypted.echRetryConfigs);
  context.installRead("application", suite, application.server);
  context.forget(keys.clientTraffic);
  context.forget(keys.serverTraffic);

  const info = {
    suite,
    group: keys.group,
    alpn: encrypted.alpn === null ? null : new TextDecoder().decode(encrypted.alpn),
    serverName: target.serverName ?? null,
    resumed: choice.psk?.session != null,
    externalPsk: choice.psk !== null && choice.psk.session === null,
    pskIdentity: choice.psk?.session === null ? choice.psk.identity : null,
    helloRetryRequest: negotiated.retried,
    echAccepted: offer.ech !== null,
    earlyDataAccepted: early.accepted,
    earlyDataReason: early.reason,
    ticketAgeSkew: null,
    peer: server.peer,
    peerSignatureScheme: server.scheme,
    signatureScheme: own?.scheme ?? null,
  };
  post.setInfo(info, application.exporter);
  post.setTrafficSecret("write", application.client);
  post.setTrafficSecret("read", application.server);
  const identify = (by: ChosenCredential | null) =>
    by === null ? null : credentialDigest(suite.hash, by.credential);
  const facts: SessionFacts = {
    suite,
    resumptionSecret: keys.main.resumption(context.transcript.digest()),
    alpn: encrypted.alpn,
    peer: rememberPeer(server.peer),
    authenticatedAt: choice.psk?.session?.authenticatedAt ?? config.clock(),
    remembered: encrypted.remembered,
    verification: inheritedPolicy(choice.psk, config),
    localIdentity: choice.psk?.session?.localIdentity ?? identify(own),
  };
  receiveTickets(context, post, config, target, facts);
  keys.main.end();
  // RFC 9846 appendix F.1: a client that shares its PSK with two servers would prove itself to both.
  const outside = choice.psk !== null && dependsOnExternalPsk(choice.psk);
  if (!outside || !context.carrier.postHandshakeAuthentication) {
    allowPostHandshakeAuthentication(context, post, config, server, (by) => {
      facts.localIdentity = identify(by) ?? facts.localIdentity;
    });
  }
  yield* post.run(info);
}

interface Negotiated {
  /** The ClientHello that was answered. */
  readonly offer: ClientOffer;
  /** The answer. */
  readonly choice: ServerChoice;
  /** Whether a HelloRetryRequest came in between. */
  readonly retried: boolean;
  /** Why the first ClientHello had no early data; `null` if it had. */
  readonly noEarlyData: EarlyDataReason | null;
}

/** ClientHello to ServerHello, with a HelloRetryRequest in between if the server wants one. */
function* negotiate(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<Negotiated> {
  let offer = yield* makeOffer(context, config, target);
  const { noEarlyData } = offer;
  yield* sendOffer(context, config, offer, false);
  let { hello, bytes } = yield* receiveServerHello(context);
  offer = judgeEch(context, config, offer, hello, bytes);
  let retry: RetryState | null = null;
  if (isHelloRetryRequest(hello)) {
    const { state, request } = readHelloRetryRequest(config, offer, hello);
    context.requireMessageBoundary();
    context.stage("helloRetry");
    retry = state;
    if (noEarlyData === null) {
      rejectEarlyData(context, "hello-retry-request");
      context.writeLevel = "initial";
    }
    context.transcript.start(state.suite.hash);
    context.transcript.replaceByMessageHash();
    context.transcript.add(bytes);
    offer = yield* makeRetryOffer(config, offer, state.suite, request);
    yield* sendOffer(context, config, offer, true);
    ({ hello, bytes } = yield* receiveServerHello(context));
    if (isHelloRetryRequest(hello)) {
      throw new TlsError("peer/second-hello-retry-request", "a second HelloRetryRequest arrived");
    }
    offer = judgeEch(context, config, offer, hello, bytes);
  }
  const choice = readServerHello(config, offer, hello, retry);
  context.requireMessageBoundary();
  context.profile = profileOf(choice.suite);
  context.transcript.start(choice.suite.hash);
  context.transcript.add(bytes);
  context.stage("helloDone");
  return { offer, choice, retried: retry !== null, noEarlyData };
}

/** The offer to go on with: without ECH as it is. */
function judgeEch(
  context: FlowContext,
  { suites }: ResolvedClientConfig,
  offer: ClientOffer,
  hello: ServerHello,
  bytes: Uint8Array,
): ClientOffer {
  const verdict = offer.ech?.judge(context, suites, offer.hello.random, hello, bytes);
  return verdict === undefined ? offer : offerAfterEch(offer, verdict);
}

function* receiveServerHello(
  context: FlowContext,
): Step<{ hello: ServerHello; bytes: Uint8Array }> {
  const { body, bytes } = yield* context.receive(HandshakeType.server_hello);
  return { hello: decodeServerHello(body), bytes };
}

interface HandshakeKeys {
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly main: MainSecret;
  readonly group: NamedGroup | null;
}

/** The handshake keys of the PSK, of our key pair and the server's share, or of both. */
function* agreeOnKeys(
  context: FlowContext,
  offer: ClientOffer,
  choice: ServerChoice,
): Step<HandshakeKeys> {
  let sharedSecret: Uint8Array | null = null;
  if (choice.share !== null) {
    const { group, share } = choice.share;
    const secret = yield* settle(offer.keyPairs.get(group)?.complete(share) ?? null);
    sharedSecret = requireBytesOrNull(secret, `the shared secret of ${namedGroupName(group)}`);
    if (sharedSecret === null) {
      throw new TlsError(
        "peer/key-share",
        `ServerHello has a bad key share for ${namedGroupName(group)}`,
      );
    }
  }
  const early = new EarlySecret(choice.suite.hash, choice.psk?.key ?? null);
  const handshake = early.handshakeSecret(sharedSecret);
  wipe(sharedSecret);
  const transcriptHash = context.transcript.digest();
  const clientTraffic = context.keep(handshake.clientTraffic(transcriptHash));
  const serverTraffic = context.keep(handshake.serverTraffic(transcriptHash));
  context.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientTraffic);
  context.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", serverTraffic);
  const main = handshake.mainSecret();
  return { clientTraffic, serverTraffic, main, group: choice.share?.group ?? null };
}

/** Installs the handshake keys; while early data is open over records, the write key waits for its end. */
function installHandshakeKeys(
  context: FlowContext,
  { suite }: ServerChoice,
  keys: HandshakeKeys,
  early: EarlyDataState,
): void {
  if (!early.open || !context.carrier.endOfEarlyData) {
    context.installWrite("handshake", suite, keys.clientTraffic);
  }
  context.installRead("handshake", suite, keys.serverTraffic);
}

/** What becomes of early data between ServerHello and the client's Finished. */
class EarlyDataState {
  readonly #context: FlowContext;
  /** Whether the verdict is still open, or was good. */
  open: boolean;
  /** Whether it was accepted. */
  accepted = false;
  /** Why it was not, or why there was none. */
  reason: EarlyDataReason | null;

  constructor(context: FlowContext, { choice, retried, noEarlyData, offer }: Negotiated) {
    const earlyData = noEarlyData === null;
    this.#context = context;
    this.open = earlyData && !retried && choice.psk !== null && choice.psk === offer.psks[0];
    this.reason = retried && earlyData ? "hello-retry-request" : noEarlyData;
    // Without its PSK early data is lost already, and nothing more is sent under its key.
    if (earlyData && !retried && !this.open) this.#reject("session-not-resumed");
  }

  #reject(reason: EarlyDataReason): void {
    this.open = false;
    this.reason = reason;
    rejectEarlyData(this.#context, reason);
  }

  /** EncryptedExtensions has come: the server's verdict. */
  judge(choice: ServerChoice, encrypted: ServerExtensions, keys: HandshakeKeys): void {
    if (encrypted.earlyData) {
      if (choice.psk === null) {
        throw new TlsError(
          "peer/unsolicited-extension",
          "the server took early data without its PSK",
        );
      }
      // RFC 9846 §4.3.11: early data goes with the first PSK, or it is illegal_parameter.
      if (!this.open) {
        throw new TlsError("peer/early-data", "the server took early data with another PSK");
      }
      checkAcceptedEarlyData(choice.psk, choice.suite.id, encrypted.alpn);
      this.accepted = true;
      this.reason = "accepted";
      this.#context.emit({
        type: "earlyData",
        accepted: true,
        reason: "accepted",
        afterHelloRetryRequest: false,
      });
      return;
    }
    if (!this.open) return;
    this.#reject("peer-declined");
    if (this.#context.carrier.endOfEarlyData) {
      this.#context.installWrite("handshake", choice.suite, keys.clientTraffic);
    }
  }

  /** The server's Finished has come: early data ends, over records with a message. */
  end(choice: ServerChoice, keys: HandshakeKeys): void {
    if (!this.open || !this.#context.carrier.endOfEarlyData) return;
    this.#context.send(encodeEndOfEarlyData());
    this.#context.installWrite("handshake", choice.suite, keys.clientTraffic);
  }
}
