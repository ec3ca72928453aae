/**
 * What a session is bound to: the policy that its peer was verified under, the external PSK that authenticated it, and the
 * certificate that the client used. It is resumed only where that is still so.
 *
 * @module
 */
import { type Hash, hashOf } from "@sealane/providers";
import { fromHex, toHex } from "@sealane/wire";
import type { Credential } from "../identity/credential.ts";
import type { Session } from "./session.ts";

/** What of a configuration says how peers are verified. */
export interface VerificationConfig {
  /** Judges the peer in place of the built-in verification. */
  readonly verifyPeer?: unknown;
  /** Accepts every peer. */
  readonly dangerouslyDisableCertificateVerification?: boolean;
  /** Names the policy, where there is more than one. */
  readonly verificationPolicy?: string;
}

/** A PSK, by what it is bound to. */
export interface BoundPsk {
  /** What the client names it by. */
  readonly identity: Uint8Array;
  /** The session that is resumed; `null` for an external PSK. */
  readonly session: Session | null;
}

/**
 * The policy by which peers are verified, in a word: a session is resumed only under the policy that it was made under,
 * so that a connection without verification does not excuse the next one from it.
 */
export function verificationPolicy(config: VerificationConfig): string {
  const name = config.verificationPolicy === undefined ? "" : `:${config.verificationPolicy}`;
  if (config.verifyPeer !== undefined) return `callback${name}`;
  if (config.dangerouslyDisableCertificateVerification) return `none${name}`;
  return `trust${name}`;
}

/** The policy of a session that an external PSK authenticated: it is resumed only by those who still have that PSK. */
export function pskPolicy(identity: Uint8Array): string {
  return `psk:${toHex(identity)}`;
}

/** The external PSK that a session with this policy belongs to; `null` if it is another kind of session. */
export function pskOfPolicy(verification: string): Uint8Array | null {
  return verification.startsWith("psk:") ? fromHex(verification.slice(4)) : null;
}

/** Whether a PSK is an external one, or of a session that an external one authenticated. */
export function dependsOnExternalPsk({ session }: BoundPsk): boolean {
  return session === null || pskOfPolicy(session.verification) !== null;
}

/**
 * The policy that a new session of a connection is under: that of the session or external PSK that authenticated the
 * connection, where one did, since a resumption verifies nothing anew.
 */
export function inheritedPolicy(psk: BoundPsk | null, config: VerificationConfig): string {
  if (psk === null) return verificationPolicy(config);
  return psk.session?.verification ?? pskPolicy(psk.identity);
}

/** What a session says of the certificate or raw public key that its client authenticated with: a digest. */
export function credentialDigest(hash: Hash, { certificates }: Credential): Uint8Array {
  return hashOf(hash, certificates[0]);
}
