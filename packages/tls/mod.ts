/**
 * Floor 5: TLS 1.3 over byte streams.
 *
 * @module
 */
export * from "./connection.ts";
