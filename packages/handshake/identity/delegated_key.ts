/**
 * The delegated credentials that a side has for its handshakes: with the key, and chosen by what the peer takes.
 *
 * @module
 */
import { type Certificate, signatureSchemesOfKey } from "@sealane/pki";
import type { Signer } from "@sealane/providers";
import { equalBytes, type SignatureScheme, signatureSchemeName, TlsError } from "@sealane/wire";
import type { DelegatedCredential } from "../extensions/delegated_credential.ts";
import {
  certificateProblem,
  delegationExpiry,
  fail,
  keyProblem,
  MAX_DELEGATION_VALIDITY,
} from "./delegation.ts";

/** A delegated credential with its private key. */
export interface DelegatedKey {
  /** The credential. */
  readonly credential: DelegatedCredential;
  /** Its private key, here or far away. */
  readonly signer: Signer;
}

/**
 * Checks that a credential and a private key belong together and to a certificate.
 *
 * @throws {TlsError} `api/config`.
 */
export function checkDelegatedKey({ credential, signer }: DelegatedKey, leaf: Certificate): void {
  const { spki, certVerifyAlgorithm, algorithm } = credential;
  const problem = certificateProblem(leaf) ?? keyProblem(spki, certVerifyAlgorithm);
  if (problem !== null) fail("api/config", problem);
  if (signer.publicKey !== undefined && !equalBytes(signer.publicKey, spki)) {
    fail("api/config", "the private key does not belong to it");
  }
  if (!signer.schemes.includes(certVerifyAlgorithm)) {
    fail(
      "api/config",
      `the private key cannot sign with ${signatureSchemeName(certVerifyAlgorithm)}`,
    );
  }
  if (!signatureSchemesOfKey(leaf.subjectPublicKeyInfo).includes(algorithm)) {
    fail("api/config", "its signature is not of the certificate's kind of key");
  }
}

/** Delegated keys that may change at any time: a list, or a function that gives the list of the moment. */
export type DelegatedKeys = readonly DelegatedKey[] | (() => readonly DelegatedKey[]);

/** Keys that {@link checkDelegatedKey} found right, with the certificate that they are right for. */
const checked = new WeakMap<DelegatedKey, Certificate>();

/**
 * The delegated keys of a credential, each of them checked once.
 *
 * @throws {TlsError} `local/callback` if a key that was swapped in does not belong to the certificate.
 */
export function delegatedKeysOf(
  { delegatedKeys = [] }: { readonly delegatedKeys?: DelegatedKeys },
  leaf: Certificate,
): readonly DelegatedKey[] {
  const keys = typeof delegatedKeys === "function" ? delegatedKeys() : delegatedKeys;
  for (const key of keys) {
    if (checked.get(key) === leaf) continue;
    try {
      checkDelegatedKey(key, leaf);
    } catch (cause) {
      throw new TlsError("local/callback", TlsError.from(cause).message, { cause });
    }
    checked.set(key, leaf);
  }
  return keys;
}

/** What a peer takes, and when. */
export interface DelegationChoice {
  /** The certificate that delegates. */
  readonly certificate: Certificate;
  /** What the peer's delegated_credential extension offers; `null` without one. */
  readonly offeredForCredentials: readonly SignatureScheme[] | null;
  /** What the peer's signature_algorithms extension offers. */
  readonly offered: readonly SignatureScheme[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The first of these keys that the peer takes and that is valid now, or `null`: then the certificate's own key signs. Keys that have
 * expired may stay in the list, and new ones may be put into it at any time.
 */
export function chooseDelegatedKey(
  keys: readonly DelegatedKey[],
  { certificate, offeredForCredentials, offered, now }: DelegationChoice,
): DelegatedKey | null {
  if (offeredForCredentials === null) return null;
  return keys.find(({ credential }) => {
    const expiry = delegationExpiry(credential, certificate);
    return now <= expiry && expiry <= now + MAX_DELEGATION_VALIDITY &&
      offeredForCredentials.includes(credential.certVerifyAlgorithm) &&
      offered.includes(credential.algorithm);
  }) ?? null;
}
