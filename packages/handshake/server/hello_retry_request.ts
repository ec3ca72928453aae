/**
 * HelloRetryRequest as a server makes it, and the second ClientHello (RFC 9846 sections 4.2.4 and 4.3.2).
 *
 * @module
 */
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import {
  equalBytes,
  ExtensionType as E,
  extensionTypeName,
  namedGroupName,
  ProtocolVersion,
  TlsError,
} from "@sealane/wire";
import {
  cookieInHelloRetryRequest,
  encodeExtension,
  keyShareInHelloRetryRequest,
  type RawExtension,
  supportedVersionsInServerHello,
} from "../extensions/mod.ts";
import { WHERE_ALLOWED } from "../extensions/table.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import { encodeServerHello, HELLO_RETRY_REQUEST_RANDOM } from "../messages/server_hello.ts";
import { type ReceivedHello, shareFor } from "./client_hello.ts";

/** What a HelloRetryRequest says. */
export interface RetryParameters {
  /** The suite that was chosen. */
  readonly suite: CipherSuite;
  /** The group to send a share for; `null` if only the cookie is new. */
  readonly group: KeyExchangeGroup | null;
  /** The cookie; `null` without one. */
  readonly cookie: Uint8Array | null;
}

/** Encodes a HelloRetryRequest. The same parameters give the same bytes, which a stateless server relies on. */
export function encodeHelloRetryRequest(
  legacySessionId: Uint8Array,
  { suite, group, cookie }: RetryParameters,
): Uint8Array {
  const extensions: RawExtension[] = [
    encodeExtension(supportedVersionsInServerHello, ProtocolVersion.tls13),
  ];
  if (group !== null) extensions.push(encodeExtension(keyShareInHelloRetryRequest, group.id));
  if (cookie !== null) extensions.push(encodeExtension(cookieInHelloRetryRequest, cookie));
  return encodeServerHello({
    legacyVersion: ProtocolVersion.tls12,
    random: HELLO_RETRY_REQUEST_RANDOM,
    legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions,
  });
}

/** RFC 9846 §4.3.8: where a group was asked for, the second ClientHello has one share, for that group. */
export function checkRetryShare(
  hello: ReceivedHello,
  group: KeyExchangeGroup,
  asked: boolean,
): void {
  if (hello.keyShares === null) {
    throw new TlsError("peer/missing-extension", "the second ClientHello has no key_share");
  }
  if (asked && hello.keyShares.length !== 1 || shareFor(hello, group) === null) {
    const groups = hello.keyShares.map((entry) => namedGroupName(entry.group)).join(", ");
    throw new TlsError(
      "peer/client-hello-changed",
      `the second ClientHello has key shares for [${groups}], not for ${group.name}`,
    );
  }
}

/** The extensions that a second ClientHello may change (RFC 9846 section 4.2.2). */
const CHANGEABLE: ReadonlySet<number> = new Set([
  E.key_share,
  E.cookie,
  E.pre_shared_key,
  E.early_data,
  E.padding,
  // RFC 9849 §6.1.5: the inner hello is encrypted anew.
  E.encrypted_client_hello,
]);

/** Refuses a second ClientHello that differs from the first where it must not. */
export function checkSecondHello(first: ClientHello, second: ClientHello): void {
  const same = second.legacyVersion === first.legacyVersion &&
    equalBytes(second.random, first.random) &&
    equalBytes(second.legacySessionId, first.legacySessionId) &&
    sameList(second.cipherSuites, first.cipherSuites);
  if (!same) {
    throw new TlsError(
      "peer/client-hello-changed",
      "the second ClientHello changes a field of the first",
    );
  }
  const before = fixedExtensions(first);
  const after = fixedExtensions(second);
  for (const [type, data] of before) {
    const other = after.get(type);
    if (other === undefined || !equalBytes(data, other)) changed(type);
  }
  for (const type of after.keys()) if (!before.has(type)) changed(type);
}

function changed(type: number): never {
  throw new TlsError(
    "peer/client-hello-changed",
    `the second ClientHello changes the extension ${extensionTypeName(type)}`,
  );
}

function fixedExtensions(hello: ClientHello): ReadonlyMap<number, Uint8Array> {
  // What no extension of ours looks at may change: JDK 11 drops status_request_v2 from its second ClientHello.
  const fixed = hello.extensions.filter(({ type }) =>
    WHERE_ALLOWED.has(type) && !CHANGEABLE.has(type)
  );
  return new Map(fixed.map(({ type, data }) => [type, data]));
}

function sameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
