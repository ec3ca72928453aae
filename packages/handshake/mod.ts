/**
 * The TLS 1.3 handshake, client and server, without I/O. One engine serves both carriers: `@sealane/tls` puts
 * its messages into records, `@sealane/quic-tls` into CRYPTO frames.
 *
 * @module
 */
export * from "./engine/carrier.ts";
export * from "./config/config.ts";
export {
  CLIENT_OPTIONS,
  type OptionNames,
  pickOptions,
  requireKnownOptions,
  SERVER_OPTIONS,
  TARGET_OPTIONS,
} from "./config/option_names.ts";
export * from "./identity/credential.ts";
export { type CredentialDemand, findCredential } from "./authentication/credential_selection.ts";
export * from "./config/custom_extension.ts";
export {
  decodeEchConfig,
  decodeEchConfigList,
  type EchConfig,
  type EchConfigContents,
  type EchConfigExtension,
  encodeEchConfig,
  encodeEchConfigList,
} from "./config/ech_config.ts";
export {
  echConfigList,
  type EchKey,
  type EchKeyOptions,
  generateEchKey,
} from "./config/ech_keys.ts";
export { type EchPem, encodeEchPem, readEchPem } from "./config/ech_pem.ts";
export * from "./engine/events.ts";
export type { Level } from "./messages/level.ts";
export type {
  ClientCredentialRequest,
  ClientCredentialSelector,
  CredentialChoice,
} from "./config/credential_request.ts";
export * from "./config/psk_importer.ts";
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
} from "./identity/delegated_key.ts";
export {
  decodeDelegatedCredential,
  delegationExpiry,
  type DelegationOptions,
  type DelegationRole,
  encodeDelegatedCredential,
  issueDelegatedCredential,
  MAX_DELEGATION_VALIDITY,
} from "./identity/delegation.ts";
export * from "./exported_authenticators/mod.ts";
export type { ExtensionContext } from "./extensions/table.ts";
export type { TicketRequest } from "./extensions/ticket_request.ts";
export * from "./handshake.ts";
export {
  DEFAULT_LIMITS,
  type HandshakeLimitOptions,
  type HandshakeLimits,
} from "./config/limits.ts";
export * from "./config/observer.ts";
export * from "./identity/peer.ts";
export type {
  AuthenticationAfter,
  AuthenticationRequester,
  ClientAuthenticationOptions,
} from "./engine/authentication_after.ts";
export type { ApplicationKeys } from "./engine/key_updates.ts";
export type {
  ConnectionStart,
  PostHandshake,
  PostHandshakeHandler,
} from "./engine/post_handshake.ts";
export type {
  EarlyDataParameters,
  ExternalPsk,
  ExternalPskEarlyData,
} from "./config/external_psk.ts";
export { TlsFlag } from "./extensions/tls_flags.ts";
export type { OcspPolicy, TransparencyPolicy } from "./config/policies.ts";
export {
  DEFAULT_GROUPS,
  DEFAULT_SIGNATURE_SCHEMES,
  DELEGATED_CREDENTIAL_SCHEMES,
} from "./config/defaults.ts";
export { verificationPolicyOf } from "./config/resolve_config.ts";
export * from "./session/mod.ts";
export type { HandshakeMessage } from "./messages/message.ts";
export type { Need, Step } from "./engine/step.ts";
