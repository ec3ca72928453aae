/**
 * What a client's credential has to fit, and how a program chooses one.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import type { CertificateType, SignatureScheme } from "@sealane/wire";
import type { Credential } from "../identity/credential.ts";
import type { PeerIdentity } from "../identity/peer.ts";

/** What a program chose to authenticate with: a credential, or several to choose from. */
export type CredentialChoice = Credential | readonly Credential[] | null;

/** Chooses a client's credential, or gives a list to choose from; `null` sends an empty Certificate. */
export type ClientCredentialSelector = (
  request: ClientCredentialRequest,
) => MaybePromise<CredentialChoice>;

/** What a client's credential has to fit. */
export interface ClientCredentialRequest {
  /** X.509, or a raw public key if that was negotiated. */
  readonly certificateType: CertificateType;
  /** The schemes that the server accepts in CertificateVerify. */
  readonly signatureSchemes: readonly SignatureScheme[];
  /** The schemes that the server accepts in certificates. */
  readonly certificateSignatureSchemes: readonly SignatureScheme[];
  /** The schemes that the server accepts with a delegated credential (RFC 9345); `null` if it takes none. */
  readonly delegatedCredentialSchemes: readonly SignatureScheme[] | null;
  /** The authorities that the server names, DER names; empty: any. */
  readonly certificateAuthorities: readonly Uint8Array[];
  /** The server that asks. */
  readonly server: PeerIdentity | null;
  /** Aborted when the handshake is. */
  readonly signal: AbortSignal;
}

/** What a request of the peer wants a credential to fit. */
export type RequestDemand = Pick<
  ClientCredentialRequest,
  | "signatureSchemes"
  | "certificateSignatureSchemes"
  | "delegatedCredentialSchemes"
  | "certificateAuthorities"
>;
