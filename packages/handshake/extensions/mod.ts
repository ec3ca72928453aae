/**
 * The extensions, one room each.
 *
 * @module
 */
export * from "./alpn.ts";
export * from "./certificate_authorities.ts";
export * from "./certificate_type.ts";
export * from "./compress_certificate.ts";
export * from "./compression_algorithms.ts";
export * from "./cookie.ts";
export * from "./delegated_credential.ts";
export * from "./early_data.ts";
export * from "./encrypted_client_hello.ts";
export * from "./extension.ts";
export * from "./key_share.ts";
export * from "./oid_filters.ts";
export * from "./padding.ts";
export * from "./post_handshake_auth.ts";
export * from "./pre_shared_key.ts";
export * from "./psk_key_exchange_modes.ts";
export * from "./record_size_limit.ts";
export * from "./server_name.ts";
export * from "./signature_algorithms.ts";
export * from "./signed_certificate_timestamp.ts";
export * from "./status_request.ts";
export * from "./supported_groups.ts";
export * from "./supported_versions.ts";
export * from "./table.ts";
export * from "./ticket_request.ts";
export * from "./tls_flags.ts";
