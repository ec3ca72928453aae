/**
 * Floor 5: TLS 1.3 over byte streams. Besides this entry there are `@sealane/tls/deno` and `@sealane/tls/node`, with
 * sockets.
 *
 * @module
 */
export * from "./connection.ts";
export type { ConnectionEvent, ConnectionOptions } from "./connection_options.ts";
export type { EarlyDataResult } from "./early_data.ts";
export type { TrafficSecrets, TrafficState } from "./traffic_secrets.ts";
export { type PaddingPolicy, padRandomly, padToMultiple, type RecordLimits } from "@sealane/record";
export * from "./stream.ts";
export type { TlsStreamOptions } from "./stream_options.ts";
export type { ResumeOption, WithDefaults } from "./defaults.ts";
export * from "./pem_credential.ts";
export type { ByteTransport, StreamPair } from "./transport.ts";
