/**
 * The two ends of a connection.
 *
 * @module
 */

/** Which end of a connection. */
export type Role = "client" | "server";
