/**
 * Pre-shared keys: what both roles know of one, whether it came with a ticket or from outside (RFC 9846 section 2.2).
 *
 * @module
 */
import { type Certificate, parseCertificate } from "@sealane/pki";
import type { CipherSuite, Hash } from "@sealane/providers";
import { CertificateType, type CipherSuiteId, fromHex, toHex, utf8 } from "@sealane/wire";
import type { CommonConfig } from "../config/config.ts";
import type { Credential } from "../identity/credential.ts";
import { decodeDelegatedCredential, encodeDelegatedCredential } from "../identity/delegation.ts";
import { type BinderKind, EarlySecret } from "../engine/key_schedule.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { Session, SessionPeer } from "./session.ts";

/**
 * An external PSK: a key that both sides were given, and the name that they have for it. A key from people has to go
 * through a password-authenticated key exchange first: RFC 9257 says why. See `importPsk` for RFC 9258.
 */
export interface ExternalPsk {
  /** The name, 1 to 65,535 bytes; it is sent in the clear. */
  readonly identity: Uint8Array;
  /** The key: at least 128 bits of entropy. */
  readonly key: Uint8Array;
  /** The name of the hash that it is for: `SHA-256` unless given (RFC 9846 section 4.3.11). */
  readonly hash?: string;
  /** Whether RFC 9258 imported it, which is another binder label. */
  readonly imported?: boolean;
  /** What early data under it is like, the same on both sides; without it there is none. Not over QUIC. */
  readonly earlyData?: ExternalPskEarlyData;
}

/** What both sides were told about early data under an external PSK, along with the key (RFC 9846 section 4.3.10). */
export interface ExternalPskEarlyData {
  /** Most bytes of early data: max_early_data_size. */
  readonly maxSize: number;
  /** The cipher suite of early data, of the hash of the PSK; where the server chooses another one, early data is declined. */
  readonly cipherSuite: CipherSuiteId;
  /** The application protocol of early data, the same with the rest of the connection; none unless given. */
  readonly alpn?: string | Uint8Array;
  /**
   * Until when there is early data, milliseconds since 1970. An external PSK does not say how old a ClientHello is, so a server
   * keeps the record of each until then.
   */
  readonly expires: number;
}

/** What early data under a PSK is like. */
export interface EarlyDataParameters {
  /** Most bytes of early data. */
  readonly maxSize: number;
  /** The cipher suite. */
  readonly cipherSuite: CipherSuiteId;
  /** The application protocol; `null` for none. */
  readonly alpn: Uint8Array | null;
  /** Until when, milliseconds since 1970; `null` for a session, which has its own times. */
  readonly expires: number | null;
}

/** A PSK that may be used in a handshake. */
export interface Psk {
  /** What the client names it by. */
  readonly identity: Uint8Array;
  /** The key; with a session the session's, which a server wipes when it has done its work. */
  readonly key: Uint8Array;
  /** Name of the hash. */
  readonly hash: string;
  /** Which binder label it has. */
  readonly kind: BinderKind;
  /** The session that is resumed; `null` for an external PSK. */
  readonly session: Session | null;
  /** What early data under it is like; `null` without any. */
  readonly early: EarlyDataParameters | null;
}

/** An external PSK, ready for use. */
export function fromExternal(psk: ExternalPsk): Psk {
  return {
    identity: psk.identity,
    key: psk.key,
    hash: psk.hash ?? "SHA-256",
    kind: psk.imported ? "imported" : "external",
    session: null,
    early: psk.earlyData === undefined ? null : fromExternalEarlyData(psk.earlyData),
  };
}

function fromExternalEarlyData(early: ExternalPskEarlyData): EarlyDataParameters {
  const { alpn = null } = early;
  return { ...early, alpn: typeof alpn === "string" ? utf8(alpn) : alpn };
}

/** The PSK of a session, under the name of its ticket. */
export function fromSession(session: Session, identity: Uint8Array): Psk {
  const { psk: key, hash, maxEarlyData: maxSize, cipherSuite, alpn } = session;
  const early = maxSize === 0 ? null : { maxSize, cipherSuite, alpn, expires: null };
  return { identity, key, hash, kind: "resumption", session, early };
}

/** The binder of a PSK over a transcript hash that ends before the binders (RFC 9846 section 4.3.11.2). */
export function computeBinder(hash: Hash, psk: Psk, transcriptHash: Uint8Array): Uint8Array {
  const early = new EarlySecret(hash, psk.key);
  const binder = early.binder(psk.kind, transcriptHash);
  early.end();
  return binder;
}

/** The hash of this name among suites; `null` if none has it. */
export function hashNamed(suites: readonly CipherSuite[], name: string): Hash | null {
  return suites.find((suite) => suite.hash.name === name)?.hash ?? null;
}

/** What a session remembers of a peer. */
export function rememberPeer(peer: PeerIdentity | null): SessionPeer | null {
  if (peer === null) return null;
  const raw = peer.type === CertificateType.RawPublicKey;
  return {
    type: peer.type,
    certificates: raw ? [peer.publicKey] : peer.certificates,
    ocspResponse: peer.ocspResponse,
    signedCertificateTimestamps: peer.signedCertificateTimestamps,
    delegatedCredential: peer.delegatedCredential === null
      ? null
      : encodeDelegatedCredential(peer.delegatedCredential),
  };
}

/** The peer that a session remembers. */
export function recallPeer(peer: SessionPeer | null): PeerIdentity | null {
  if (peer === null) return null;
  const { type, certificates, ocspResponse, signedCertificateTimestamps } = peer;
  const delegatedCredential = peer.delegatedCredential === null
    ? null
    : decodeDelegatedCredential(peer.delegatedCredential);
  const common = { type, ocspResponse, signedCertificateTimestamps, delegatedCredential };
  if (type === CertificateType.RawPublicKey) {
    return { ...common, certificates: [], leaf: null, publicKey: certificates[0] };
  }
  // Few programs look at the peer of a resumed session: its certificate is parsed when one does.
  let parsed: Certificate | null = null;
  const leaf = () => parsed ??= parseCertificate(certificates[0]);
  return {
    ...common,
    certificates,
    get leaf() {
      return leaf();
    },
    get publicKey() {
      return leaf().subjectPublicKeyInfo.raw;
    },
  };
}

/**
 * The policy by which peers are verified, in a word: a session is resumed only under the policy that it was made under,
 * so that a connection without verification does not open the door for the next one.
 */
export function verificationPolicy(config: CommonConfig): string {
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
export function comesFromOutside({ session }: Psk): boolean {
  return session === null || pskOfPolicy(session.verification) !== null;
}

/**
 * The policy that a new session of a connection is under: that of the session or external PSK that authenticated the
 * connection, where one did, since a resumption verifies nothing anew.
 */
export function inheritedPolicy(psk: Psk | null, config: CommonConfig): string {
  if (psk === null) return verificationPolicy(config);
  return psk.session?.verification ?? pskPolicy(psk.identity);
}

/** What a session says of the certificate or raw public key that its client authenticated with: a digest. */
export function credentialDigest(hash: Hash, { certificates }: Credential): Uint8Array {
  return hash.create().update(certificates[0]).digest();
}
