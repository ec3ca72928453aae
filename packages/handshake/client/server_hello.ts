/**
 * ServerHello and HelloRetryRequest as a client judges them (RFC 9846 sections 4.2.3 and 4.2.4).
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import {
  cipherSuiteName,
  equalBytes,
  type NamedGroup,
  namedGroupName,
  ProtocolVersion,
  TlsError,
} from "@sealane/wire";
import {
  checkResponseExtensions,
  cookieInHelloRetryRequest,
  decodeExtension,
  encryptedClientHelloInHelloRetryRequest,
  type KeyShareEntry,
  keyShareInHelloRetryRequest,
  keyShareInServerHello,
  preSharedKeyInServerHello,
  supportedVersionsInServerHello,
} from "../extensions/mod.ts";
import type { ServerHello } from "../messages/server_hello.ts";
import type { Psk } from "../engine/psk.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { checkProfileGroup } from "../config/suite_profile.ts";
import type { ClientOffer, RetryRequest } from "./hello.ts";

/** What a HelloRetryRequest fixed for the rest of the handshake. */
export interface RetryState {
  /** The suite that ServerHello has to repeat. */
  readonly suite: CipherSuite;
  /** The group that ServerHello has to use; `null` if the shares did not change. */
  readonly group: NamedGroup | null;
}

/** What ServerHello and HelloRetryRequest have in common; the suite that the server chose. */
function checkCommon(
  config: ResolvedClientConfig,
  offer: ClientOffer,
  hello: ServerHello,
  name: "ServerHello" | "HelloRetryRequest",
): CipherSuite {
  const version = decodeExtension(hello.extensions, supportedVersionsInServerHello);
  // RFC 9846 §4.3.1: a server that negotiates TLS 1.2 or older has no supported_versions.
  if (version === undefined || hello.legacyVersion !== ProtocolVersion.tls12) {
    throw new TlsError(
      "peer/version",
      `${name} is not of TLS 1.3: its legacy_version is 0x${hello.legacyVersion.toString(16)}`,
    );
  }
  if (version !== ProtocolVersion.tls13) {
    throw new TlsError(
      "peer/server-hello-changed",
      `${name} selected version 0x${version.toString(16)}`,
    );
  }
  if (!equalBytes(hello.legacySessionId, offer.hello.legacySessionId)) {
    throw new TlsError("peer/session-id", `${name} does not echo legacy_session_id`);
  }
  if (hello.legacyCompressionMethod !== 0) {
    throw new TlsError(
      "peer/compression-method",
      `${name} has legacy_compression_method ${hello.legacyCompressionMethod}`,
    );
  }
  const suite = config.suites.find(({ id }) => id === hello.cipherSuite);
  if (suite === undefined) {
    const chosen = cipherSuiteName(hello.cipherSuite);
    throw new TlsError("peer/cipher-suite", `${name} selected ${chosen}, which was not offered`);
  }
  return suite;
}

/** Judges a HelloRetryRequest and says what it wants. */
export function readHelloRetryRequest(
  config: ResolvedClientConfig,
  offer: ClientOffer,
  hello: ServerHello,
): { state: RetryState; request: RetryRequest } {
  const suite = checkCommon(config, offer, hello, "HelloRetryRequest");
  checkResponseExtensions("HelloRetryRequest", "HRR", hello.extensions, offer.offered);
  const group = decodeExtension(hello.extensions, keyShareInHelloRetryRequest) ?? null;
  const cookie = decodeExtension(hello.extensions, cookieInHelloRetryRequest) ?? null;
  // RFC 9849 §6.2.1: in response to an imitation it is checked and then ignored.
  decodeExtension(hello.extensions, encryptedClientHelloInHelloRetryRequest);
  if (group !== null) {
    checkRetryGroup(config, offer, group);
    checkProfileGroup(config, suite, group, "HelloRetryRequest");
  }
  // RFC 9846 §4.2.4: a HelloRetryRequest that would not change the ClientHello is illegal.
  if (group === null && cookie === null) {
    throw new TlsError("peer/unneeded-hello-retry-request", "HelloRetryRequest changes nothing");
  }
  return { state: { suite, group }, request: { group, cookie } };
}

/** RFC 9846 §4.3.8: the group was offered in supported_groups, and no share was sent for it. */
function checkRetryGroup(
  config: ResolvedClientConfig,
  offer: ClientOffer,
  group: NamedGroup,
): void {
  const name = namedGroupName(group);
  if (!config.groupList.some(({ id }) => id === group)) {
    throw new TlsError("peer/group", `HelloRetryRequest selected ${name}, which was not offered`);
  }
  if (offer.keyPairs.has(group)) {
    throw new TlsError(
      "peer/unneeded-hello-retry-request",
      `HelloRetryRequest asks for a share of ${name}, which was sent`,
    );
  }
}

/** What a ServerHello agreed on. */
export interface ServerChoice {
  /** The cipher suite. */
  readonly suite: CipherSuite;
  /** The server's share; `null` with a PSK alone. */
  readonly share: KeyShareEntry | null;
  /** The PSK that the server took; `null` without one. */
  readonly psk: Psk | null;
}

/** Judges a ServerHello. */
export function readServerHello(
  config: ResolvedClientConfig,
  offer: ClientOffer,
  hello: ServerHello,
  retry: RetryState | null,
): ServerChoice {
  const suite = checkCommon(config, offer, hello, "ServerHello");
  checkResponseExtensions("ServerHello", "SH", hello.extensions, offer.offered);
  if (retry !== null && suite !== retry.suite) {
    throw new TlsError(
      "peer/server-hello-changed",
      `ServerHello selected ${suite.name} after HelloRetryRequest selected ${retry.suite.name}`,
    );
  }
  const share = decodeExtension(hello.extensions, keyShareInServerHello) ?? null;
  if (share !== null) {
    checkShareGroup(offer, share.group, retry);
    checkProfileGroup(config, suite, share.group, "ServerHello");
  }
  const psk = selectedPsk(offer, hello, suite);
  // RFC 9846 §9.2: a key_share is missing, unless a PSK is used alone, which only psk_ke allows.
  const mayBeAlone = config.allowPskOnly || config.pskOnly;
  if (share === null && (psk === null || !mayBeAlone)) {
    throw new TlsError("peer/missing-extension", "ServerHello has no key_share");
  }
  // RFC 9846 §4.3.9: a server selects no mode that is not listed, and with psk_ke sends no key_share.
  if (share !== null && psk !== null && config.pskOnly) {
    throw new TlsError(
      "peer/psk-mode",
      "ServerHello has a key_share with a PSK that is used alone",
    );
  }
  return { suite, share, psk };
}

function selectedPsk(offer: ClientOffer, hello: ServerHello, suite: CipherSuite): Psk | null {
  const index = decodeExtension(hello.extensions, preSharedKeyInServerHello);
  if (index === undefined) return null;
  // RFC 9846 §4.3.11: the selected identity is in range, and its hash is the suite's.
  const psk = offer.psks.at(index);
  if (psk === undefined) {
    throw new TlsError(
      "peer/psk-identity",
      `ServerHello selected PSK ${index} of ${offer.psks.length}`,
    );
  }
  if (psk.hash !== suite.hash.name) {
    throw new TlsError(
      "peer/psk-hash",
      `ServerHello selected a PSK of ${psk.hash} with ${suite.name}`,
    );
  }
  return psk;
}

/** RFC 9846 §4.3.8: the server's share is for a group that the client sent a share for. */
function checkShareGroup(offer: ClientOffer, group: NamedGroup, retry: RetryState | null): void {
  const name = namedGroupName(group);
  if (retry !== null && retry.group !== null && group !== retry.group) {
    throw new TlsError(
      "peer/server-hello-changed",
      `ServerHello selected group ${name}, not that of HelloRetryRequest`,
    );
  }
  if (!offer.keyPairs.has(group)) {
    throw new TlsError(
      "peer/group",
      `ServerHello selected group ${name}, for which no share was sent`,
    );
  }
}
