/**
 * ClientHello to ServerHello, with a HelloRetryRequest in between if the server wants one (RFC 9846 sections 4.2.1 to 4.2.4).
 *
 * @module
 */
import { HandshakeType, TlsError } from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { bindingProfile } from "../config/suite_profile.ts";
import type { FlowContext } from "../engine/context.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import type { Step } from "../engine/step.ts";
import {
  decodeServerHello,
  isHelloRetryRequest,
  type ServerHello,
} from "../messages/server_hello.ts";
import { rejectEarlyData } from "./early_data.ts";
import { type ClientOffer, makeOffer, makeRetryOffer, offerAfterEch, sendOffer } from "./hello.ts";
import {
  readHelloRetryRequest,
  readServerHello,
  type RetryState,
  type ServerChoice,
} from "./server_hello.ts";

/** What the hellos agreed on. */
export interface Agreement {
  /** The ClientHello that was answered. */
  readonly offer: ClientOffer;
  /** The answer. */
  readonly choice: ServerChoice;
  /** Whether a HelloRetryRequest came in between. */
  readonly retried: boolean;
  /** Why the first ClientHello had no early data; `null` if it had. */
  readonly noEarlyData: EarlyDataReason | null;
}

/** A ServerHello or HelloRetryRequest that has come. */
interface ReceivedServerHello {
  readonly hello: ServerHello;
  /** The whole message. */
  readonly bytes: Uint8Array;
}

/** Sends ClientHello, the second one too if it has to be, and judges ServerHello. */
export function* exchangeHellos(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<Agreement> {
  let offer = yield* makeOffer(context, config, target);
  const { noEarlyData } = offer;
  yield* sendOffer(context, config, offer, false);
  let received = yield* receiveServerHello(context);
  offer = judgeEch(context, config, offer, received);
  let retry: RetryState | null = null;
  if (isHelloRetryRequest(received.hello)) {
    ({ offer, state: retry } = yield* answerRetry(context, config, offer, received));
    received = yield* receiveServerHello(context);
    if (isHelloRetryRequest(received.hello)) {
      throw new TlsError("peer/second-hello-retry-request", "a second HelloRetryRequest arrived");
    }
    offer = judgeEch(context, config, offer, received);
  }
  const choice = readServerHello(config, offer, received.hello, retry);
  context.requireMessageBoundary();
  context.profile = bindingProfile(choice.suite, config);
  context.clientHello = { offered: offer.offered, demand: null };
  context.transcript.start(choice.suite.hash);
  context.transcript.add(received.bytes);
  context.stage("helloDone");
  return { offer, choice, retried: retry !== null, noEarlyData };
}

function* receiveServerHello(context: FlowContext): Step<ReceivedServerHello> {
  const { body, bytes } = yield* context.receive(HandshakeType.server_hello);
  return { hello: decodeServerHello(body), bytes };
}

/** Judges a HelloRetryRequest and sends the second ClientHello. */
function* answerRetry(
  context: FlowContext,
  config: ResolvedClientConfig,
  first: ClientOffer,
  { hello, bytes }: ReceivedServerHello,
): Step<{ offer: ClientOffer; state: RetryState }> {
  const { state, request } = readHelloRetryRequest(config, first, hello);
  context.requireMessageBoundary();
  context.stage("helloRetry");
  if (first.noEarlyData === null) {
    rejectEarlyData(context, "hello-retry-request");
    context.writeLevel = "initial";
  }
  context.transcript.start(state.suite.hash);
  context.transcript.replaceByMessageHash();
  context.transcript.add(bytes);
  const offer = yield* makeRetryOffer(config, first, state.suite, request);
  yield* sendOffer(context, config, offer, true);
  return { offer, state };
}

/** The offer to go on with: without ECH as it is. */
function judgeEch(
  context: FlowContext,
  { suites }: ResolvedClientConfig,
  offer: ClientOffer,
  { hello, bytes }: ReceivedServerHello,
): ClientOffer {
  const verdict = offer.ech?.judge(context, suites, offer.hello.random, hello, bytes);
  return verdict === undefined ? offer : offerAfterEch(offer, verdict);
}
