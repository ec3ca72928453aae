/**
 * The cipher suites and groups that client and server have in common (RFC 9846 section 4.2.1).
 *
 * @module
 */
import { signatureSchemesOfKey } from "@sealane/pki";
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import { cipherSuiteName, compared, type SignatureScheme, TlsError } from "@sealane/wire";
import { isPostQuantum } from "../config/group_kind.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { profileOf } from "../config/suite_profile.ts";
import type { Credential } from "../identity/credential.ts";
import { type ReceivedHello, shareFor } from "./client_hello.ts";

/** The suites that both sides can use, most preferred first, by the client's order or by ours; at least one. */
export function commonSuites(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): readonly CipherSuite[] {
  const offered = hello.hello.cipherSuites;
  const common = config.suites.filter(({ id }) => offered.includes(id));
  if (!config.preferServerCipherSuites) {
    common.sort((a, b) => offered.indexOf(a.id) - offered.indexOf(b.id));
  }
  const fitting = common.filter((suite) => fitsProfile(suite, config, hello));
  if (fitting.length > 0) return fitting;
  if (config.shangmiProfile === "strict") common.length = 0;
  if (common.length === 0) {
    throw new TlsError(
      "peer/no-common-cipher-suite",
      `ClientHello has no cipher suite of ours: ${
        compared(offered, config.suites.map(({ id }) => id), cipherSuiteName)
      }`,
    );
  }
  return common;
}

/**
 * RFC 8998 §3.3.1: its suites are for clients with curveSM2 and sm2sig_sm3, and §3.3.3 for servers with an SM2 certificate;
 * between others there may be another suite.
 */
export function fitsProfile(
  suite: CipherSuite,
  { credentials }: ResolvedServerConfig,
  { groups, signatureSchemes }: ReceivedHello,
): boolean {
  const profile = profileOf(suite);
  if (profile === null) return true;
  const { group, scheme } = profile;
  // What a function will choose is not known yet; what is missing altogether has an alert of its own.
  const certified = credentials === undefined || typeof credentials === "function" ||
    credentials.some((credential) => hasScheme(credential, scheme));
  return certified && (groups?.includes(group) ?? true) &&
    (signatureSchemes?.includes(scheme) ?? true);
}

/** Whether the key of a credential has a scheme; that of a certificate that delegates counts, too. */
function hasScheme(
  { schemes, delegatedKeys, leaf }: Credential,
  scheme: SignatureScheme,
): boolean {
  if (schemes.includes(scheme)) return true;
  return delegatedKeys !== undefined && leaf !== null &&
    signatureSchemesOfKey(leaf.subjectPublicKeyInfo).includes(scheme);
}

/**
 * The group that the suite demands, or of the groups in common the first in our order, but before it the first that the
 * client sent a share for: a HelloRetryRequest costs a round trip, and which of two classical groups is used does not matter
 * that much. It does where our order puts a post-quantum group first. `null` if there is no group in common.
 */
export function commonGroup(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
): KeyExchangeGroup | null {
  const profile = profileOf(suite);
  const only = profile !== null && fitsProfile(suite, config, hello) ? profile.group : undefined;
  const common = config.groupList.filter(({ id }) =>
    hello.groups?.includes(id) && (only === undefined || only === id)
  );
  const [preferred = null] = common;
  const shared = common.find((group) => shareFor(hello, group) !== null);
  if (preferred === null || shared === undefined || config.preferServerGroups) return preferred;
  return isPostQuantum(preferred.id) && !isPostQuantum(shared.id) ? preferred : shared;
}
