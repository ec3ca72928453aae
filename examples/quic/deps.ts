/**
 * What this transport takes from Sealane, in one place.
 *
 * @module
 */
export type { ClientConfig, ClientTarget, Level, ServerConfig } from "@sealane/handshake";
export * from "@sealane/quic-tls";
