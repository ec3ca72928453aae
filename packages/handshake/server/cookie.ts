/**
 * Cookies that hold the state of a HelloRetryRequest, so that the server need not (RFC 9846 section 4.3.2): the suite,
 * the group, the hash of the first ClientHello and the time, under an HMAC.
 *
 * @module
 */
import {
  type CipherSuite,
  type Hash,
  hashOf,
  hmacOf,
  type KeyExchangeGroup,
} from "@sealane/providers";
import {
  CLOCK_MARGIN,
  concat,
  equalBytes,
  Reader,
  requireTime,
  TlsError,
  Writer,
} from "@sealane/wire";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { cookieInClientHello, decodeExtension } from "../extensions/mod.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** What a cookie says. */
export interface CookieState {
  /** The suite that was chosen. */
  readonly suite: number;
  /** The group that was asked for; 0 if only the cookie was. */
  readonly group: number;
  /** Hash(ClientHello1), with the suite's hash. */
  readonly clientHelloHash: Uint8Array;
  /** When it was made: milliseconds since 1970. */
  readonly time: number;
}

/** How long a cookie counts, milliseconds: one round trip and a slow client. */
export const COOKIE_LIFETIME = 60_000;

/** Makes a cookie. The HMAC is of a hash that does not depend on the connection. */
export function sealCookie(hash: Hash, key: Uint8Array, state: CookieState): Uint8Array {
  const content = new Writer()
    .u16(state.suite)
    .u16(state.group)
    .u64(BigInt(Math.floor(state.time)))
    .vector8(state.clientHelloHash)
    .finish();
  return concat([content, hmacOf(hash, key, content)]);
}

/**
 * Opens a cookie.
 *
 * @throws {TlsError} `peer/cookie` if it is not ours or too old.
 */
export function openCookie(
  hash: Hash,
  key: Uint8Array,
  cookie: Uint8Array,
  now: number,
): CookieState {
  requireTime("now", now);
  const split = cookie.length - hash.outputLength;
  const content = cookie.subarray(0, Math.max(split, 0));
  if (split < 0 || !equalBytes(hmacOf(hash, key, content), cookie.subarray(split))) {
    throw new TlsError("peer/cookie", "the cookie of ClientHello is not ours");
  }
  const reader = new Reader(content, "cookie");
  const state = {
    suite: reader.u16("suite"),
    group: reader.u16("group"),
    time: Number(reader.u64("time")),
    clientHelloHash: reader.vector8("hash"),
  };
  reader.end();
  // The clock of the server that made it may be ahead of ours.
  const age = now - state.time;
  if (!(age <= COOKIE_LIFETIME && age >= -CLOCK_MARGIN)) {
    throw new TlsError("peer/cookie", "the cookie of ClientHello has expired");
  }
  return state;
}

function cookieHash(config: ResolvedServerConfig): CipherSuite["hash"] {
  return config.suites[0].hash;
}

/** The cookie of a HelloRetryRequest, which asks for a share of `group`; `null` without a key for cookies. */
export function makeCookie(
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
export function receivedCookie(
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
export function checkCookie(config: ResolvedServerConfig, hello: ReceivedHello): void {
  if (receivedCookie(config, hello) === null && config.cookieKey !== undefined) {
    throw new TlsError("peer/missing-extension", "the second ClientHello has no cookie");
  }
}
