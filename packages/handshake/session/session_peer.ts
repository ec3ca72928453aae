/**
 * What a session remembers of the peer that was authenticated when it was made.
 *
 * @module
 */
import { type Certificate, parseCertificate } from "@sealane/pki";
import { CertificateType } from "@sealane/wire";
import { decodeDelegatedCredential, encodeDelegatedCredential } from "../identity/delegation.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { SessionPeer } from "./session.ts";

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
