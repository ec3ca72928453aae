/**
 * Which credential, which key of it and which scheme fit what the peer accepts (RFC 9846 sections 4.5.1.2 and 4.5.2).
 *
 * @module
 */
import {
  type Certificate,
  certificateSignatureScheme,
  isSelfIssued,
  matchesServerName,
  parseCertificate,
} from "@sealane/pki";
import type { Signer } from "@sealane/providers";
import { type CertificateType, equalBytes, requireTime, type SignatureScheme } from "@sealane/wire";
import type { ClientCredentialRequest, CredentialChoice } from "../config/credential_request.ts";
import type { Credential } from "../identity/credential.ts";
import type { DelegatedCredential } from "../extensions/delegated_credential.ts";
import { chooseDelegatedKey, delegatedKeysOf } from "../identity/delegated_key.ts";
import { allowedInCertificateVerify } from "../config/resolve_config.ts";

/** What the peer says about the certificates that it accepts. */
export interface PeerAcceptance {
  /** The types. */
  readonly certificateTypes: readonly CertificateType[];
  /** The schemes in CertificateVerify. */
  readonly schemes: readonly SignatureScheme[];
  /** The schemes in certificates. */
  readonly certificateSchemes: readonly SignatureScheme[];
  /** The schemes in a CertificateVerify with a delegated credential; `null` if it takes none. */
  readonly delegatedSchemes: readonly SignatureScheme[] | null;
  /** The authorities that it names, DER names; empty: any. */
  readonly authorities: readonly Uint8Array[];
  /** On a server, the name that the client asks for. */
  readonly serverName: string | null;
}

/** A credential, and the key and the scheme of it to sign with. */
export interface ChosenCredential {
  /** The credential. */
  readonly credential: Credential;
  /** The key of the certificate or of the delegated credential. */
  readonly signer: Signer;
  /** The scheme. */
  readonly scheme: SignatureScheme;
  /** The delegated credential whose key signs; `null` if the certificate's own does. */
  readonly delegated: DelegatedCredential | null;
}

/**
 * Chooses from what the program has: the first credential that fits, but first those for the name that the client asks
 * for, and of these first those whose whole chain the peer can verify. `null` if none fits.
 *
 * What the program chose by itself, one credential, has to fit by its type and its schemes only.
 */
export function chooseCredential(
  choice: CredentialChoice,
  peer: PeerAcceptance,
  now: number,
): ChosenCredential | null {
  if (choice === null) return null;
  if (!isList(choice)) return chooseKey(choice, peer, now);
  const fitting = choice
    .filter((credential) => fitsAuthorities(credential, peer.authorities))
    .map((credential) => chooseKey(credential, peer, now))
    .filter((chosen) => chosen !== null);
  const named = fitting.filter(({ credential }) => isFor(credential, peer.serverName));
  const candidates = named.length > 0 ? named : fitting;
  // RFC 9846 §4.5.1.2: signature_algorithms_cert is heeded where that is possible, and no more.
  const verifiable = candidates.find(({ credential }) =>
    fitsChain(credential, peer.certificateSchemes)
  );
  return verifiable ?? candidates[0] ?? null;
}

function isList(choice: Credential | readonly Credential[]): choice is readonly Credential[] {
  return Array.isArray(choice);
}

/** A delegated key if the peer takes one, else the key of the certificate, if the peer takes that. */
function chooseKey(
  credential: Credential,
  peer: PeerAcceptance,
  now: number,
): ChosenCredential | null {
  if (!peer.certificateTypes.includes(credential.type)) return null;
  const { leaf, signer } = credential;
  if (leaf !== null && peer.delegatedSchemes !== null) {
    const key = chooseDelegatedKey(delegatedKeysOf(credential, leaf), {
      certificate: leaf,
      offeredForCredentials: peer.delegatedSchemes,
      offered: peer.schemes,
      now,
    });
    if (key !== null) {
      const { credential: delegated, signer } = key;
      return { credential, signer, scheme: delegated.certVerifyAlgorithm, delegated };
    }
  }
  const scheme = credential.schemes.find((scheme) =>
    peer.schemes.includes(scheme) && allowedInCertificateVerify(scheme) &&
    signer.schemes.includes(scheme)
  );
  return scheme === undefined ? null : { credential, signer, scheme, delegated: null };
}

function isFor({ leaf }: Credential, serverName: string | null): boolean {
  // A raw public key has no name: it serves all of them, in its place in the list.
  return serverName !== null && (leaf === null || matchesServerName(leaf, serverName));
}

/** What selection has to know of a chain. */
interface ChainFacts {
  /** The issuers, DER names. */
  readonly issuers: readonly Uint8Array[];
  /** The schemes of the signatures that a peer has to verify; `null` if there is one that is not known. */
  readonly schemes: readonly SignatureScheme[] | null;
}

const chainFacts = new WeakMap<Credential, ChainFacts>();

/** The facts of a chain, found out once for each credential. */
function factsOf(credential: Credential): ChainFacts {
  let facts = chainFacts.get(credential);
  if (facts === undefined) {
    const chain = readChain(credential);
    facts = { issuers: chain.map(({ issuer }) => issuer.raw), schemes: schemesOfChain(chain) };
    chainFacts.set(credential, facts);
  }
  return facts;
}

/** The certificates; what cannot be read above the leaf is left for the peer to judge. */
function readChain({ leaf, certificates }: Credential): readonly Certificate[] {
  if (leaf === null) return [];
  const above = certificates.slice(1).flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch {
      return [];
    }
  });
  return [leaf, ...above];
}

function schemesOfChain(chain: readonly Certificate[]): readonly SignatureScheme[] | null {
  try {
    // RFC 9846 §4.5.1.2: the signature of a trust anchor is not verified, so it does not matter.
    return chain.filter((certificate) => !isSelfIssued(certificate)).map((certificate) => {
      const issuer = chain.find(({ subject }) => subject.key === certificate.issuer.key);
      // Only RSASSA-PSS depends on the issuer's key; where that is not in the chain, the usual kind is meant.
      const key = issuer ?? chain[0];
      return certificateSignatureScheme(
        certificate.signatureAlgorithm,
        key.subjectPublicKeyInfo,
      );
    });
  } catch {
    return null;
  }
}

/** Whether the peer says that it can verify all signatures of the chain. */
function fitsChain(credential: Credential, schemes: readonly SignatureScheme[]): boolean {
  return factsOf(credential).schemes?.every((scheme) => schemes.includes(scheme)) ?? false;
}

/** Whether an issuer of the chain is among the peer's authorities; asked only of credentials that insist on it. */
function fitsAuthorities(credential: Credential, authorities: readonly Uint8Array[]): boolean {
  if (!credential.mustMatchIssuer) return true;
  return factsOf(credential).issuers.some((issuer) =>
    authorities.some((authority) => equalBytes(authority, issuer))
  );
}

/** What a client's credential has to fit: the part of `ClientCredentialRequest` that {@link findCredential} looks at. */
export type CredentialDemand =
  & Pick<
    ClientCredentialRequest,
    "certificateType" | "signatureSchemes" | "certificateAuthorities"
  >
  & Partial<
    Pick<ClientCredentialRequest, "certificateSignatureSchemes" | "delegatedCredentialSchemes">
  >;

/**
 * The first credential that fits a CertificateRequest, or `null`: what a client does with a list of credentials. For
 * functions that choose, and want more said where none fits. `now` is milliseconds since 1970, for delegated credentials.
 *
 * ```ts
 * import { type ClientConfig, type Credential, findCredential } from "@sealane/handshake";
 * import { TlsError } from "@sealane/wire";
 *
 * function insistOn(credentials: Credential[]): ClientConfig["credentials"] {
 *   return (request) => {
 *     const credential = findCredential(credentials, request);
 *     if (credential !== null) return credential;
 *     throw new TlsError("peer/no-common-signature-scheme", "the server takes no certificate of ours");
 *   };
 * }
 * ```
 */
export function findCredential(
  credentials: readonly Credential[],
  demand: CredentialDemand,
  now: number = Date.now(),
): Credential | null {
  requireTime("now", now);
  return chooseCredential(credentials, acceptanceOf(demand), now)?.credential ?? null;
}

/** What a server accepts, as its CertificateRequest says. */
export function acceptanceOf(demand: CredentialDemand): PeerAcceptance {
  return {
    certificateTypes: [demand.certificateType],
    schemes: demand.signatureSchemes,
    certificateSchemes: demand.certificateSignatureSchemes ?? demand.signatureSchemes,
    delegatedSchemes: demand.delegatedCredentialSchemes ?? null,
    authorities: demand.certificateAuthorities,
    serverName: null,
  };
}
