/**
 * Why tests are skipped.
 *
 * @module
 */

/** The programs that `.ci/run` installs. */
const REQUIRED_PEERS = /\b(openssl|gnutls|redis|curl|aioquic|caddy|chromium|node\b|git\b)/i;

/** What a test needs that is not there, from its name: `needs openssl`. */
export function skipReason(name: string): string | null {
  const match = /\((needs [^()]+)\)/.exec(name);
  return match === null ? null : match[1];
}

/**
 * Whether a skipped test needs a peer that `.ci/run` installs. "needs gnutls-cli with zstd" does not count: how a peer was
 * built is not for us to say.
 */
export function isRequiredPeer(name: string): boolean {
  const reason = skipReason(name) ?? "";
  return REQUIRED_PEERS.test(reason) && !reason.includes(" with ");
}
