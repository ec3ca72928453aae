/**
 * TLS 1.3 over byte streams. {@link TlsStream} runs over anything with a `readable` and a `writable`, {@link Connection} over
 * nothing: bytes in, bytes out. With sockets of Deno there is `@sealane/tls/deno`, in the shape of `node:tls`
 * `@sealane/tls/node`.
 *
 * ```ts
 * import { Connection } from "@sealane/tls";
 * import { createCredential } from "@sealane/handshake";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { TrustStore } from "@sealane/pki";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const { chain, signer } = await authority.issue({ names: ["localhost"] });
 * const trust = TrustStore.fromCertificates([authority.certificate]);
 * const client = Connection.client({ provider, trust }, { serverName: "localhost" });
 * const server = Connection.server({
 *   provider,
 *   credentials: [createCredential({ certificates: chain, signer })],
 * });
 * await client.start();
 * await server.start();
 * while (!client.complete || !server.complete) {
 *   await server.receive(await client.take()); // what a socket would carry
 *   await client.receive(await server.take());
 * }
 * client.write(new TextEncoder().encode("hello"));
 * await server.receive(await client.take());
 * const data = [...server.events()].find((event) => event.type === "data");
 * console.assert(data?.data.length === 5);
 * ```
 *
 * It wants no permission of Deno.
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
