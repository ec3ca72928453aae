/**
 * The provider interface and what every provider shares.
 *
 * It wants no permission of Deno.
 *
 * @module
 */
export * from "./answers.ts";
export { combineProviders } from "./combine.ts";
export { defaultProvider } from "./default.ts";
export * from "./hkdf.ts";
export { importPrivateKey, type PrivateKeyOptions, privateKeyToPkcs8 } from "./keys.ts";
export type { Passphrase } from "./key_files/encrypted.ts";
export { isPkcs12, type Pkcs12, readPkcs12 } from "./key_files/pkcs12.ts";
export { chain, isPromise, promised } from "./maybe_promise.ts";
export * from "./provider.ts";
export { isCertificateOnlyScheme, isClientOnlyScheme } from "./schemes.ts";
export type { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
