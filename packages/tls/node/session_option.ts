/**
 * The option `session`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeSession, type Session } from "@sealane/handshake";

/** What `getSession()` gives where there is no session yet. */
export const NO_SESSION: Uint8Array = Uint8Array.of(0);

/**
 * The session of the option; a text has one byte a character, as in Node. `null` for none, and for what this version cannot
 * read: that costs a full handshake.
 */
export function sessionOf(session: Uint8Array | string | null | undefined): Session | null {
  if (session === undefined || session === null) return null;
  const bytes = typeof session === "string" ? Buffer.from(session, "latin1") : session;
  try {
    return decodeSession(bytes);
  } catch {
    return null;
  }
}
