/**
 * The level at which a handshake message travels.
 *
 * @module
 */

/** The encryption levels of RFC 9001 section 2.1. Over records, `initial` is plaintext. */
export type Level = "initial" | "early" | "handshake" | "application";
