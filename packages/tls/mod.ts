/**
 * TLS 1.3 over byte streams. Besides this entry there are `@sealane/tls/deno` and `@sealane/tls/node`, with
 * sockets.
 *
 * @module
 */
export * from "./connection/connection.ts";
export type { ConnectionEvent, ConnectionOptions } from "./connection/connection_options.ts";
export type { EarlyDataResult } from "./connection/early_data.ts";
export type { TrafficSecrets, TrafficState } from "./connection/traffic_secrets.ts";
export { type PaddingPolicy, padRandomly, padToMultiple, type RecordLimits } from "@sealane/record";
export * from "./stream/stream.ts";
export type { TlsStreamOptions } from "./stream/stream_options.ts";
export type { ResumeOption, WithDefaults } from "./options/defaults.ts";
export * from "./options/pem_credential.ts";
export type { ByteTransport, StreamPair } from "./stream/transport.ts";
