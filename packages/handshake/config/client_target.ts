/**
 * Whom a client wants to reach, checked once, before anything is sent (RFC 6066 section 3, RFC 9525 section 6.1).
 *
 * @module
 */
import { canonicalServerName } from "@sealane/pki";
import { TlsError } from "@sealane/wire";
import type { ClientConfig, ClientTarget } from "./config.ts";
import { requireKnownOptions, TARGET_OPTIONS } from "./option_names.ts";

/**
 * The target with its name as it is sent and verified: A-labels without a dot at the end, or an address.
 *
 * @throws {TlsError} `api/argument` if the name is neither; `api/config` if certificates are verified and there is no name
 * to verify.
 */
export function canonicalTarget(config: ClientConfig, target: ClientTarget): ClientTarget {
  requireKnownOptions(target, TARGET_OPTIONS, "the target of a client");
  if (target.serverName !== undefined) {
    const serverName = canonicalServerName(target.serverName);
    return serverName === target.serverName ? target : { ...target, serverName };
  }
  const verifies = config.trust !== undefined && config.verifyPeer === undefined &&
    config.dangerouslyDisableCertificateVerification !== true;
  // A certificate of anybody that an authority knows would do.
  if (verifies && config.dangerouslyAcceptAnyServerName !== true) {
    throw new TlsError(
      "api/config",
      "a client that verifies certificates needs a serverName, or dangerouslyAcceptAnyServerName",
    );
  }
  return target;
}
