/**
 * Suite and group, with a HelloRetryRequest where the client lacks a share or has to show a cookie.
 *
 * @module
 */
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import { cookieInClientHello, decodeExtension } from "../extensions/mod.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import type { Step } from "../step.ts";
import { messageHash } from "../transcript.ts";
import { receiveClientHello, type ReceivedHello } from "./client_hello.ts";
import { type CookieState, openCookie, sealCookie } from "./cookie.ts";
import { chooseGroup, chooseSuite, shareFor } from "./negotiate.ts";
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
  /** The group, for which `hello` has a share. */
  readonly group: KeyExchangeGroup;
  /** Whether there was a HelloRetryRequest. */
  readonly retried: boolean;
}

/** Chooses suite and group; asks again if the ClientHello is not enough. */
export function* agreeOnGroup(
  context: FlowContext,
  config: ResolvedServerConfig,
  first: ReceivedHello,
): Step<Agreement> {
  const returned = resumeFromCookie(context, config, first);
  if (returned !== null) return returned;
  const suite = chooseSuite(config, first);
  const group = chooseGroup(config, first);
  const share = shareFor(first, group);
  if (share !== null && !config.alwaysRetry) return { hello: first, suite, group, retried: false };

  const parameters: RetryParameters = {
    suite,
    group: share === null ? group : null,
    cookie: makeCookie(config, suite, share === null ? group : null, first),
  };
  context.transcript.start(suite.hash);
  context.transcript.add(first.bytes);
  context.transcript.replaceByMessageHash();
  context.send(encodeHelloRetryRequest(first.hello.legacySessionId, parameters));
  context.stage("helloRetry");

  const hello = yield* receiveClientHello(context);
  checkSecondHello(first.hello, hello.hello);
  checkRetryShare(hello, group);
  if (parameters.cookie !== null) requireCookie(config, hello);
  return { hello, suite, group, retried: true };
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
    clientHelloHash: suite.hash.create().update(first.bytes).digest(),
    time: config.clock(),
  };
  return sealCookie(cookieHash(config), cookieKey, state);
}

function requireCookie(config: ResolvedServerConfig, hello: ReceivedHello): CookieState | null {
  const cookie = decodeExtension(hello.hello.extensions, cookieInClientHello);
  if (config.cookieKey === undefined) return null;
  if (cookie === undefined) {
    throw new TlsError("peer/missing-extension", "the second ClientHello has no cookie");
  }
  return openCookie(cookieHash(config), config.cookieKey, cookie, config.clock());
}

/**
 * A first ClientHello with a cookie of ours answers a HelloRetryRequest that this object did not send: another server,
 * or this one without state. The transcript is made up from the cookie.
 */
function resumeFromCookie(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Agreement | null {
  const cookie = decodeExtension(hello.hello.extensions, cookieInClientHello);
  if (cookie === undefined || config.cookieKey === undefined) return null;
  const state = openCookie(cookieHash(config), config.cookieKey, cookie, config.clock());
  const suite = config.suites.find(({ id }) => id === state.suite);
  if (suite === undefined || !hello.hello.cipherSuites.includes(suite.id)) {
    throw new TlsError(
      "peer/client-hello-changed",
      "the second ClientHello lacks the suite that was chosen",
    );
  }
  const asked = config.groupList.find(({ id }) => id === state.group) ?? null;
  const group = asked ?? chooseGroup(config, hello);
  checkRetryShare(hello, group);
  context.transcript.start(suite.hash);
  context.transcript.add(messageHash(state.clientHelloHash));
  context.transcript.add(
    encodeHelloRetryRequest(hello.hello.legacySessionId, { suite, group: asked, cookie }),
  );
  return { hello, suite, group, retried: true };
}
