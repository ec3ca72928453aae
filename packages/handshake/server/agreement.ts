/**
 * Chooses the cipher suite, the group and the PSK, with a HelloRetryRequest where the client lacks a share or has to show a
 * cookie (RFC 9846 sections 4.2.1 and 4.2.4).
 *
 * @module
 */
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import {
  compared,
  ExtensionType,
  namedGroupName,
  PskKeyExchangeMode,
  TlsError,
} from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import { confirmHelloRetryRequest } from "../ech/confirmation.ts";
import type { EchServer } from "../ech/server.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import type { Step } from "../engine/step.ts";
import { messageHash } from "../engine/transcript.ts";
import { receiveClientHello, type ReceivedHello, shareFor } from "./client_hello.ts";
import { commonGroup, commonSuites } from "./common_algorithms.ts";
import { checkCookie, makeCookie, receivedCookie } from "./cookie.ts";
import { recheckPsk, type SelectedPsk, selectPsk, usePsk } from "./psk.ts";
import {
  checkRetryShare,
  checkSecondHello,
  encodeHelloRetryRequest,
  type RetryParameters,
} from "./hello_retry_request.ts";

/** What the key exchange will use. */
export interface Agreement {
  /** The ClientHello to answer: the second one after a retry. */
  readonly hello: ReceivedHello;
  /** The suite. */
  readonly suite: CipherSuite;
  /** The group, for which `hello` has a share; `null` with a PSK alone. */
  readonly group: KeyExchangeGroup | null;
  /** The PSK; `null` without one. */
  readonly selected: SelectedPsk | null;
  /** Why early data of the first ClientHello was declined with a HelloRetryRequest; `null`: it was not. */
  readonly earlyDataDeclined: EarlyDataReason | null;
  /** Whether there was a HelloRetryRequest. */
  readonly retried: boolean;
}

/** Chooses suite and group; asks again if the ClientHello is not enough. */
export function* agree(
  context: FlowContext,
  config: ResolvedServerConfig,
  first: ReceivedHello,
  ech: EchServer,
): Step<Agreement> {
  const returned = yield* resumeFromCookie(context, config, first);
  if (returned !== null) return returned;
  const suites = commonSuites(config, first);
  let selected = yield* selectPsk(context, config, first, suites);
  const suite = selected?.suite ?? suites[0];
  let { group, enough } = examineShare(config, first, suite, selected);
  if (enough && !config.alwaysRetry) {
    const alone = selected?.alone ?? false;
    selected = yield* usePsk(config, selected);
    // A PSK that cannot be used after all leaves the key exchange to do.
    if (alone && selected === null) ({ group, enough } = examineShare(config, first, suite, null));
    if (enough) {
      return { hello: first, suite, group, selected, retried: false, earlyDataDeclined: null };
    }
  }
  return yield* retry(context, config, ech, { hello: first, suite, group, enough, selected });
}

/** What was chosen from a first ClientHello that needs a second one. */
interface Draft {
  readonly hello: ReceivedHello;
  readonly suite: CipherSuite;
  readonly group: KeyExchangeGroup | null;
  /** Whether there is what the group needs: only the cookie is asked for. */
  readonly enough: boolean;
  readonly selected: SelectedPsk | null;
}

/** HelloRetryRequest, and the second ClientHello. */
function* retry(
  context: FlowContext,
  config: ResolvedServerConfig,
  ech: EchServer,
  { hello: first, suite, group, enough, selected }: Draft,
): Step<Agreement> {
  const asked = enough ? null : group;
  const cookie = makeCookie(config, suite, asked, first);
  sendHelloRetryRequest(context, first, { suite, group: asked, cookie });
  const earlyDataDeclined = declineEarlyData(context, config, first, selected);
  const hello = yield* receiveClientHello(context, ech, false);
  // RFC 9849 §7.2.1: behind a server that opens ECH for us, the second hello comes the same way.
  if (first.echInner && !hello.echInner) {
    throw new TlsError("peer/ech", "the second ClientHello is not an inner one as the first was");
  }
  checkSecondHello(first.hello, hello.hello);
  if (group !== null) checkRetryShare(hello, group, asked !== null);
  checkCookie(config, hello);
  const renewed = selected === null ? null : recheckPsk(context, suite, hello, selected);
  return yield* agreeAfterRetry(config, {
    hello,
    suite,
    group,
    selected: renewed,
    earlyDataDeclined,
  });
}

/** Sends HelloRetryRequest; in the transcript a hash stands for the first ClientHello (RFC 9846 section 4.1). */
function sendHelloRetryRequest(
  context: FlowContext,
  first: ReceivedHello,
  parameters: RetryParameters,
): void {
  const { hash } = parameters.suite;
  context.transcript.start(hash);
  context.transcript.add(first.bytes);
  context.transcript.replaceByMessageHash();
  const message = encodeHelloRetryRequest(first.hello.legacySessionId, parameters);
  context.send(
    first.echInner
      ? confirmHelloRetryRequest(context.transcript, hash, first.hello.random, message)
      : message,
  );
  context.stage("helloRetry");
}

/** RFC 9846 §4.3.10: a HelloRetryRequest rejects early data. Tells the carrier why; `null` if none was announced. */
function declineEarlyData(
  context: FlowContext,
  config: ResolvedServerConfig,
  first: ReceivedHello,
  selected: SelectedPsk | null,
): EarlyDataReason | null {
  if (!first.offered.has(ExtensionType.early_data)) return null;
  const reason = declinedWithRetry(config, selected);
  context.emit({ type: "earlyData", accepted: false, reason, afterHelloRetryRequest: true });
  return reason;
}

/** The group to use; the client may lack a share for it. */
function chooseGroup(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
): KeyExchangeGroup {
  if (hello.groups === null) {
    // RFC 9846 §9.2: with a PSK it need not be there, but a PSK alone may be what we do not have, or do not do.
    if (hello.offered.has(ExtensionType.pre_shared_key) && onlyAlone(hello)) {
      throw new TlsError(
        "peer/unknown-psk-identity",
        "ClientHello offers PSKs without a key exchange only, and none of them can be used so",
      );
    }
    throw new TlsError("peer/missing-extension", "ClientHello has no supported_groups");
  }
  const group = commonGroup(config, hello, suite);
  if (group === null) {
    throw new TlsError(
      "peer/no-common-group",
      `ClientHello has no group of ours: ${
        compared(hello.groups, config.groupList.map(({ id }) => id), namedGroupName)
      }`,
    );
  }
  return group;
}

function onlyAlone({ pskModes }: ReceivedHello): boolean {
  return pskModes !== null && !pskModes.includes(PskKeyExchangeMode.psk_dhe_ke);
}

/** The group to use, and whether there is a share for it: with a PSK alone there is neither. */
function examineShare(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
  selected: SelectedPsk | null,
): { group: KeyExchangeGroup | null; enough: boolean } {
  if (selected?.alone) return { group: null, enough: true };
  const group = chooseGroup(config, hello, suite);
  return { group, enough: shareFor(hello, group) !== null };
}

/** Uses the PSK; one that is to be used alone and cannot be used ends the handshake, since there is no second retry. */
function* agreeAfterRetry(
  config: ResolvedServerConfig,
  agreement: Omit<Agreement, "retried">,
): Step<Agreement> {
  const selected = yield* usePsk(config, agreement.selected);
  const { group, enough } = agreement.group === null
    ? examineShare(config, agreement.hello, agreement.suite, selected)
    : { group: agreement.group, enough: true };
  if (!enough) {
    throw new TlsError(
      "peer/unknown-psk-identity",
      "the PSK of the second ClientHello was used up",
    );
  }
  return { ...agreement, group, selected, retried: true };
}

/** Why there would be no early data without the retry too, or the retry itself. */
function declinedWithRetry(
  config: ResolvedServerConfig,
  selected: SelectedPsk | null,
): EarlyDataReason {
  if (config.earlyData === undefined) return "disabled";
  return selected === null ? "session-not-resumed" : "hello-retry-request";
}

/**
 * A first ClientHello with a cookie of ours answers a HelloRetryRequest that this object did not send: another server,
 * or this one without state. The transcript is made up from the cookie.
 */
function* resumeFromCookie(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<Agreement | null> {
  const received = receivedCookie(config, hello);
  if (received === null) return null;
  const { cookie, state } = received;
  const suite = config.suites.find(({ id }) => id === state.suite);
  if (suite === undefined || !hello.hello.cipherSuites.includes(suite.id)) {
    throw new TlsError(
      "peer/client-hello-changed",
      "the second ClientHello lacks the suite that was chosen",
    );
  }
  const asked = config.groupList.find(({ id }) => id === state.group) ?? null;
  context.transcript.start(suite.hash);
  context.transcript.add(messageHash(state.clientHelloHash));
  context.transcript.add(
    encodeHelloRetryRequest(hello.hello.legacySessionId, { suite, group: asked, cookie }),
  );
  const selected = yield* selectPsk(context, config, hello, [suite]);
  const alone = asked === null && selected?.alone === true;
  const group = alone ? null : asked ?? chooseGroup(config, hello, suite);
  if (group !== null) checkRetryShare(hello, group, asked !== null);
  return yield* agreeAfterRetry(config, {
    hello,
    suite,
    group,
    selected,
    earlyDataDeclined: null,
  });
}
