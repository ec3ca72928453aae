/**
 * Floor 2: the provider interface and what every provider shares.
 *
 * @module
 */
export * from "./provider.ts";
