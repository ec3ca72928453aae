/**
 * The extensions, one room each.
 *
 * @module
 */
export * from "./alpn.ts";
export * from "./extension.ts";
export * from "./key_share.ts";
export * from "./server_name.ts";
export * from "./signature_algorithms.ts";
export * from "./supported_groups.ts";
export * from "./supported_versions.ts";
export * from "./table.ts";
