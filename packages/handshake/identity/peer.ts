/**
 * Who the peer is, as its Certificate message says.
 *
 * @module
 */
import type { Certificate } from "@sealane/pki";
import type { CertificateType } from "@sealane/wire";
import type { DelegatedCredential } from "../extensions/delegated_credential.ts";

/** What a peer authenticated with. */
export interface PeerIdentity {
  /** X.509 or raw public key (RFC 7250). */
  readonly type: CertificateType;
  /** The chain as sent, leaf first, DER. Empty for a raw public key. */
  readonly certificates: readonly Uint8Array[];
  /** The leaf, decoded; `null` for a raw public key. */
  readonly leaf: Certificate | null;
  /** The DER SubjectPublicKeyInfo of the leaf, or the raw public key. */
  readonly publicKey: Uint8Array;
  /** The OCSP response that was stapled to the leaf, DER; `null` without one. */
  readonly ocspResponse: Uint8Array | null;
  /** The signed certificate timestamps that came with the leaf (RFC 6962); empty without any. */
  readonly signedCertificateTimestamps: readonly Uint8Array[];
  /** The delegated credential whose key signed the handshake (RFC 9345); `null` if the leaf's own key did. */
  readonly delegatedCredential: DelegatedCredential | null;
}
