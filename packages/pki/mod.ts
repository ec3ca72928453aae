/**
 * X.509 certificates for TLS: parsing, path building and validation, service identity, trust stores.
 *
 * ```ts
 * import { systemTrust, verifyServerCertificate } from "@sealane/pki";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const verify = (chain: Uint8Array[], serverName: string) =>
 *   verifyServerCertificate({ chain, serverName, now: Date.now(), trust: systemTrust(), provider });
 * console.assert(typeof verify === "function");
 * ```
 *
 * @module
 */
export * from "./certificate/certificate.ts";
export {
  type DistinguishedName,
  formatDistinguishedName,
  type NameAttribute,
  parseDistinguishedName,
} from "./names/distinguished_name.ts";
export {
  ANY_POLICY,
  type BasicConstraints,
  type CertificateExtension,
  type CertificateExtensions,
  ExtensionId,
  KeyPurpose,
  type KeyUsage,
  KeyUsages,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyMapping,
} from "./certificate/extensions.ts";
export type { GeneralName, GeneralSubtree } from "./names/general_name.ts";
export * from "./names/ip_address.ts";
export {
  canonicalServerName,
  type ReferenceIdentity,
  referenceIdentity,
} from "./names/reference_identity.ts";
export * from "./path/service_identity.ts";
export * from "./status/crl.ts";
export * from "./status/ocsp.ts";
export * from "./status/ocsp_response.ts";
export { type PathOptions, type VerifiedPath, verifyPath } from "./path/path.ts";
export { DEFAULT_PATH_LIMITS, type PathLimits, resolveLimits } from "./limits.ts";
export * from "./certificate/chain_order.ts";
export {
  type CertificateFile,
  certificatesFromPem,
  readCertificateFile,
} from "./certificate/pem.ts";
export type { PolicyInputs } from "./path/policy.ts";
export {
  type AlgorithmIdentifier,
  parseSubjectPublicKeyInfo,
  rsaModulusBits,
  type SubjectPublicKeyInfo,
} from "./certificate/public_key.ts";
export * from "./status/sct.ts";
export * from "./certificate/signature_algorithm.ts";
export { systemTrust } from "./path/system_trust.ts";
export * from "./path/trust.ts";
export type { ValidationInputs } from "./path/validate.ts";
export * from "./path/verify.ts";
