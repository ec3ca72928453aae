/**
 * How the status of the peer's certificate counts, as a configuration states it: OCSP staples (RFC 6960) and signed
 * certificate timestamps (RFC 6962).
 *
 * @module
 */
import type { TransparencyLog } from "@sealane/pki";

/**
 * What to do with stapled OCSP responses. Where a staple counts, it has to be signed by the issuer or its responder, of this
 * time, and say that the certificate is good.
 *
 * - `must-staple`: a staple counts and has to be there for certificates that say so themselves (RFC 7633).
 * - `verify`: a staple that is there counts, too.
 * - `require`: every peer has to staple.
 * - `ignore`: staples are only shown to the program.
 */
export type OcspPolicy = "must-staple" | "verify" | "require" | "ignore";

/** Which logs have to know of a certificate. */
export interface TransparencyPolicy {
  /** The logs that count. */
  readonly logs: readonly TransparencyLog[];
  /** How many of them have to have promised to publish the certificate; 2 unless given. */
  readonly minimum?: number;
}
