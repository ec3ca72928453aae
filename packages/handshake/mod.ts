/**
 * Floor 4: the TLS 1.3 handshake, client and server, without I/O. One engine serves both carriers: `@sealane/tls` puts
 * its messages into records, `@sealane/quic-tls` into CRYPTO frames.
 *
 * @module
 */
export * from "./carrier.ts";
export * from "./config.ts";
export * from "./credential.ts";
export {
  type CredentialChoice,
  type CredentialDemand,
  findCredential,
} from "./credential_selection.ts";
export * from "./custom_extension.ts";
export {
  decodeEchConfig,
  decodeEchConfigList,
  type EchConfig,
  type EchConfigContents,
  type EchConfigExtension,
  encodeEchConfig,
  encodeEchConfigList,
} from "./ech/config.ts";
export { echConfigList, type EchKey, type EchKeyOptions, generateEchKey } from "./ech/keys.ts";
export * from "./events.ts";
export type { HpkeSymmetricCipherSuite } from "./extensions/encrypted_client_hello.ts";
export {
  builtinCompression,
  type CertificateCompression,
} from "./extensions/compression_algorithms.ts";
export type { DelegatedCredential } from "./extensions/delegated_credential.ts";
export {
  checkDelegatedKey,
  type DelegatedKey,
  type DelegatedKeys,
} from "./extensions/delegated_key.ts";
export {
  decodeDelegatedCredential,
  delegationExpiry,
  type DelegationOptions,
  type DelegationRole,
  encodeDelegatedCredential,
  issueDelegatedCredential,
  MAX_DELEGATION_VALIDITY,
} from "./extensions/delegation.ts";
export * from "./exported_authenticators/mod.ts";
export type { ExtensionContext } from "./extensions/table.ts";
export type { TicketRequest } from "./extensions/ticket_request.ts";
export * from "./handshake.ts";
export { DEFAULT_LIMITS, type HandshakeLimits } from "./limits.ts";
export * from "./observer.ts";
export * from "./peer.ts";
export type {
  ClientAuthenticationOptions,
  PostHandshake,
  PostHandshakeHandler,
} from "./post_handshake.ts";
export type { EarlyDataParameters, ExternalPsk, ExternalPskEarlyData } from "./psk.ts";
export { TlsFlag } from "./extensions/tls_flags.ts";
export type { OcspPolicy, TransparencyPolicy } from "./verify_status.ts";
export {
  DEFAULT_GROUPS,
  DEFAULT_SIGNATURE_SCHEMES,
  DELEGATED_CREDENTIAL_SCHEMES,
} from "./resolve_config.ts";
export * from "./session/mod.ts";
export type { HandshakeMessage } from "./messages/message.ts";
export type { Need, Step } from "./step.ts";
