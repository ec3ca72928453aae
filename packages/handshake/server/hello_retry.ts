/**
 * Suite and group, with a HelloRetryRequest where the client lacks a share or has to show a cookie.
 *
 * @module
 */
import { type CipherSuite, hashOf, type KeyExchangeGroup } from "@sealane/providers";
import { ExtensionType, TlsError } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import { confirmHelloRetryRequest } from "../ech/confirmation.ts";
import type { EchServer } from "../ech/server.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import { cookieInClientHello, decodeExtension } from "../extensions/mod.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import type { Step } from "../engine/step.ts";
import { messageHash } from "../engine/transcript.ts";
import { receiveClientHello, type ReceivedHello } from "./client_hello.ts";
import { type CookieState, openCookie, sealCookie } from "./cookie.ts";
import { chooseGroup, commonSuites, shareFor } from "./negotiate.ts";
import { recheckPsk, type SelectedPsk, selectPsk, usePsk } from "./psk.ts";
import {
  checkRetryShare,
  checkSecondHello,
  encodeHelloRetryRequest,
  type RetryParameters,
} from "./retry.ts";

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
export function* agreeOnGroup(
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

  const parameters: RetryParameters = {
    suite,
    group: enough ? null : group,
    cookie: makeCookie(config, suite, enough ? null : group, first),
  };
  context.transcript.start(suite.hash);
  context.transcript.add(first.bytes);
  context.transcript.replaceByMessageHash();
  const message = encodeHelloRetryRequest(first.hello.legacySessionId, parameters);
  context.send(
    first.echInner
      ? confirmHelloRetryRequest(context.transcript, suite.hash, first.hello.random, message)
      : message,
  );
  context.stage("helloRetry");
  const earlyDataDeclined = first.offered.has(ExtensionType.early_data)
    ? declinedWithRetry(config, selected)
    : null;
  if (earlyDataDeclined !== null) {
    context.emit({
      type: "earlyData",
      accepted: false,
      reason: earlyDataDeclined,
      afterHelloRetryRequest: true,
    });
  }

  const hello = yield* receiveClientHello(context, ech, false);
  // RFC 9849 §7.2.1: behind a server that opens ECH for us, the second hello comes the same way.
  if (first.echInner && !hello.echInner) {
    throw new TlsError("peer/ech", "the second ClientHello is not an inner one as the first was");
  }
  checkSecondHello(first.hello, hello.hello);
  if (group !== null) checkRetryShare(hello, group, !enough);
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

function cookieHash(config: ResolvedServerConfig): CipherSuite["hash"] {
  return config.suites[0].hash;
}

function makeCookie(
  config: ResolvedServerConfig,
  suite: CipherSuite,
  group: KeyExchangeGroup | null,
  first: ReceivedHello,
): Uint8Array | null {
  const { cookieKey } = config;
  if (cookieKey === undefined) {
    if (config.alwaysRetry) throw new TlsError("api/config", "alwaysRetry needs a cookieKey");
    return null;
  }
  const state: CookieState = {
    suite: suite.id,
    group: group?.id ?? 0,
    clientHelloHash: hashOf(suite.hash, first.bytes),
    time: config.clock(),
  };
  return sealCookie(cookieHash(config), cookieKey, state);
}

/** The cookie of a ClientHello, and what it says; `null` without one. */
function receivedCookie(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): { cookie: Uint8Array; state: CookieState } | null {
  const cookie = decodeExtension(hello.hello.extensions, cookieInClientHello);
  if (cookie === undefined) return null;
  if (config.cookieKey === undefined) {
    // RFC 9846 §4.3.2: a client sends none but the server's.
    throw new TlsError("peer/cookie", "ClientHello has a cookie, and no server sent one");
  }
  const state = openCookie(cookieHash(config), config.cookieKey, cookie, config.clock());
  return { cookie, state };
}

/** A second ClientHello has the cookie of the HelloRetryRequest, which had one if there is a key for it. */
function checkCookie(config: ResolvedServerConfig, hello: ReceivedHello): void {
  if (receivedCookie(config, hello) === null && config.cookieKey !== undefined) {
    throw new TlsError("peer/missing-extension", "the second ClientHello has no cookie");
  }
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
