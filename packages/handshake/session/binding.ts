/**
 * What a session is bound to: the policy that its peer was verified under, the external PSK that authenticated it, and the
 * certificate that the client used. It is resumed only where that is still so.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { TrustStore } from "@sealane/pki";
import { type Hash, hashOf } from "@sealane/providers";
import { concat, fromHex, toHex, utf8 } from "@sealane/wire";
import type { Credential } from "../identity/credential.ts";
import type { Session } from "./session.ts";

/** What of a checked configuration says how peers are judged. */
export interface VerificationConfig {
  /** Judges the peer in place of the built-in verification. */
  readonly verifyPeer?: object;
  /** Accepts every peer. */
  readonly dangerouslyDisableCertificateVerification?: boolean;
  /** Names the policy, where there is more than one. */
  readonly verificationPolicy?: string;
  /** Whether a resumption verifies the remembered peer again. */
  readonly verifyOnResumption?: boolean;
  /** Where chains may end. */
  readonly trust?: TrustStore;
  /** Pins of raw public keys. */
  readonly trustedPublicKeys?: readonly Uint8Array[];
  /** How staples count. */
  readonly ocspPolicy: string;
  /** Whether a staple is asked for. */
  readonly asksForOcsp: boolean;
  /** The logs that have to know of the certificate. */
  readonly certificateTransparency?: {
    readonly logs: readonly { readonly publicKey: Uint8Array }[];
    readonly minimum?: number;
  };
  /** The schemes of CertificateVerify and, unless there are others, of certificates. */
  readonly offeredSchemes: readonly number[];
  /** The schemes of certificates. */
  readonly offeredCertificateSchemes: readonly number[] | null;
  /** The schemes of delegated credentials. */
  readonly delegatedVerifiers: ReadonlyMap<number, unknown>;
  /** X.509, raw public keys. */
  readonly peerTypes: readonly number[];
}

/** A PSK, by what it is bound to. */
export interface BoundPsk {
  /** What the client names it by. */
  readonly identity: Uint8Array;
  /** The session that is resumed; `null` for an external PSK. */
  readonly session: Session | null;
}

/** The mark of a session that packets made: it is not resumed over records, nor the other way round. */
const OVER_PACKETS = "packets/";

/** What the sessions of a carrier begin with. */
function mark({ alpnRequired }: BoundCarrier): string {
  return alpnRequired ? OVER_PACKETS : "";
}

/** What of a carrier a session is bound to. */
export interface BoundCarrier {
  /** Whether an application protocol must be agreed, as it must over packets and need not over records. */
  readonly alpnRequired: boolean;
}

/** Whether a session was made over this carrier. */
export function isOfCarrier(verification: string, carrier: BoundCarrier): boolean {
  return verification.startsWith(OVER_PACKETS) === carrier.alpnRequired;
}

/**
 * The policy by which peers are verified: what judges them, and a digest of everything that it goes by. A session is resumed
 * only under the policy that it was made under, so that a connection that was judged by less does not excuse the next one
 * from more.
 */
export function verificationPolicy(config: VerificationConfig, carrier: BoundCarrier): string {
  return mark(carrier) + policyOf(config);
}

const policies = new WeakMap<VerificationConfig, string>();

/** The same for any carrier. */
export function policyOf(config: VerificationConfig): string {
  let policy = policies.get(config);
  if (policy === undefined) policies.set(config, policy = describe(config));
  return policy;
}

function describe(config: VerificationConfig): string {
  const name = config.verificationPolicy === undefined ? "" : `:${config.verificationPolicy}`;
  const judge = config.verifyPeer !== undefined
    ? "callback"
    : config.dangerouslyDisableCertificateVerification
    ? "none"
    : "trust";
  return judge === "none" ? `none${name}` : `${judge}${name}:${policyDigest(config)}`;
}

/** How much of the digest stands in a session: it is compared with our own, never with one that a peer chose. */
const DIGEST_LENGTH = 16;

function policyDigest(config: VerificationConfig): string {
  const { trust, trustedPublicKeys = [], certificateTransparency: transparency } = config;
  const numbers = (list: Iterable<number>): string => [...list].sort((a, b) => a - b).join();
  const parts = [
    trust === undefined ? "" : trustDigest(trust),
    digestOfSet(trustedPublicKeys),
    `${config.ocspPolicy} ${config.asksForOcsp}`,
    transparency === undefined
      ? ""
      : `${transparency.minimum ?? ""} ${
        digestOfSet(transparency.logs.map((log) => log.publicKey))
      }`,
    numbers(config.offeredSchemes),
    config.offeredCertificateSchemes === null ? "" : numbers(config.offeredCertificateSchemes),
    numbers(config.delegatedVerifiers.keys()),
    numbers(config.peerTypes),
    callbackName(config),
  ];
  return toHex(sha256(utf8(JSON.stringify(parts)))).slice(0, 2 * DIGEST_LENGTH);
}

/**
 * What stands for a callback: the name that the configuration gives it. Without one it is the function itself, which another
 * process does not have, unless it is asked again at each resumption.
 */
function callbackName(
  { verifyPeer, verificationPolicy, verifyOnResumption }: VerificationConfig,
): string {
  if (verifyPeer === undefined || verificationPolicy !== undefined || verifyOnResumption) return "";
  let name = callbacks.get(verifyPeer);
  if (name === undefined) {
    name = toHex(crypto.getRandomValues(new Uint8Array(DIGEST_LENGTH)));
    callbacks.set(verifyPeer, name);
  }
  return name;
}

const callbacks = new WeakMap<object, string>();
const trustDigests = new WeakMap<TrustStore, string>();

function trustDigest(trust: TrustStore): string {
  let digest = trustDigests.get(trust);
  if (digest === undefined) {
    const anchors = Array.from(
      trust.anchors(),
      ({ subject, subjectPublicKeyInfo, certificate }) =>
        certificate?.raw ?? concat([subject.raw, subjectPublicKeyInfo.raw]),
    );
    trustDigests.set(trust, digest = digestOfSet(anchors));
  }
  return digest;
}

/** A digest of byte strings in any order. */
function digestOfSet(values: readonly Uint8Array[]): string {
  const digests = values.map((value) => toHex(sha256(value))).sort();
  return toHex(sha256(utf8(digests.join())));
}

/** Of a session whose server asked its client for nothing. */
const UNASKED = "unasked";

/** What a server's session says of a client that it did not ask who it is. */
export function unaskedPolicy(carrier: BoundCarrier): string {
  return mark(carrier) + UNASKED;
}

/** The policy of a session that an external PSK authenticated: it is resumed only by those who still have that PSK. */
export function pskPolicy(identity: Uint8Array, carrier: BoundCarrier): string {
  return `${mark(carrier)}psk:${toHex(identity)}`;
}

/** The external PSK that a session with this policy belongs to; `null` if it is another kind of session. */
export function pskOfPolicy(verification: string): Uint8Array | null {
  const [, identity] = /^(?:packets\/)?psk:(.*)$/.exec(verification) ?? [];
  return identity === undefined ? null : fromHex(identity);
}

/** Whether a PSK is an external one, or of a session that an external one authenticated. */
export function dependsOnExternalPsk({ session }: BoundPsk): boolean {
  return session === null || pskOfPolicy(session.verification) !== null;
}

/**
 * The policy that a new session of a connection is under: that of the session or external PSK that authenticated the
 * connection, where one did, since a resumption verifies nothing anew; else `fresh`.
 */
export function inheritedPolicy(
  psk: BoundPsk | null,
  fresh: string,
  carrier: BoundCarrier,
): string {
  if (psk === null) return fresh;
  return psk.session?.verification ?? pskPolicy(psk.identity, carrier);
}

/** What a session says of the certificate or raw public key that its client authenticated with: a digest. */
export function credentialDigest(hash: Hash, { certificates }: Credential): Uint8Array {
  return hashOf(hash, certificates[0]);
}
