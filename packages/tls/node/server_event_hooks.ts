/**
 * What a connection of a server asks the listeners of its `Server` for.
 *
 * @module
 */
import type { Tickets } from "@sealane/handshake";
import type { SecureContext } from "./secure_context.ts";

/** What the events of a `Server` stand for. */
export interface ServerEvents {
  /** The tickets of sessions that the program keeps; `null` if it does not. */
  tickets(context: SecureContext): Tickets | null;
  /** Asks the program for an OCSP response; `null` if nobody listens. */
  readonly ocsp:
    | ((certificate: Uint8Array, issuer: Uint8Array | null) => Promise<Uint8Array | null>)
    | null;
}

/** A server's end without a `Server`. */
export const NO_EVENTS: ServerEvents = { tickets: () => null, ocsp: null };
