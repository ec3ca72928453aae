/**
 * Floor 5: TLS 1.3 over byte streams. Besides this entry there are `@sealane/tls/deno` and `@sealane/tls/node`, with
 * sockets.
 *
 * @module
 */
export * from "./connection.ts";
export * from "./connection_options.ts";
export * from "./stream.ts";
export type { WithDefaults } from "./defaults.ts";
export * from "./pem_credential.ts";
export type { ByteTransport, StreamPair } from "./transport.ts";
