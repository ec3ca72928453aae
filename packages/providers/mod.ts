/**
 * Floor 2: the provider interface and what every provider shares.
 *
 * @module
 */
export * from "./answers.ts";
export { combineProviders } from "./combine.ts";
export { defaultProvider } from "./default.ts";
export * from "./hkdf.ts";
export { importPrivateKey } from "./keys.ts";
export { chain, isPromise, promised } from "./maybe_promise.ts";
export * from "./provider.ts";
export { isCertificateOnlyScheme, isClientOnlyScheme } from "./schemes.ts";
export type { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
