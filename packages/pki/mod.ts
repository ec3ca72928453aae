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
export * from "./certificate.ts";
export {
  type DistinguishedName,
  formatDistinguishedName,
  type NameAttribute,
  parseDistinguishedName,
} from "./distinguished_name.ts";
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
} from "./extensions.ts";
export type { GeneralName, GeneralSubtree } from "./general_name.ts";
export * from "./ip_address.ts";
export * from "./names.ts";
export * from "./ocsp.ts";
export * from "./ocsp_response.ts";
export {
  DEFAULT_PATH_LIMITS,
  type PathLimits,
  type PathOptions,
  type VerifiedPath,
  verifyPath,
} from "./path.ts";
export * from "./pem.ts";
export type { PolicyInputs } from "./policy.ts";
export {
  type AlgorithmIdentifier,
  parseSubjectPublicKeyInfo,
  rsaModulusBits,
  type SubjectPublicKeyInfo,
} from "./public_key.ts";
export * from "./sct.ts";
export * from "./signature_algorithm.ts";
export { systemTrust } from "./system_trust.ts";
export * from "./trust.ts";
export type { ValidationInputs } from "./validate.ts";
export * from "./verify.ts";
