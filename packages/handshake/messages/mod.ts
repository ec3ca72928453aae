/**
 * The handshake messages of TLS 1.3, one codec each.
 *
 * @module
 */
export * from "./certificate.ts";
export * from "./certificate_request.ts";
export * from "./certificate_verify.ts";
export * from "./client_hello.ts";
export * from "./compressed_certificate.ts";
export * from "./encrypted_extensions.ts";
export * from "./end_of_early_data.ts";
export * from "./finished.ts";
export * from "./key_update.ts";
export * from "./message.ts";
export * from "./new_session_ticket.ts";
export * from "./server_hello.ts";
