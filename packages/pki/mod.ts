/**
 * Floor 3: certificates.
 *
 * @module
 */
export * from "./certificate.ts";
export * from "./distinguished_name.ts";
export * from "./extensions.ts";
export * from "./general_name.ts";
export * from "./ip_address.ts";
export * from "./public_key.ts";
export * from "./signature_algorithm.ts";
