/**
 * Events of a server that ask the program for something: sessions that it keeps itself, OCSP responses.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import { decodeSession, encodeSession, type Session, type Tickets } from "@sealane/handshake";
import { concat } from "@sealane/wire";
import { deferred } from "../connection/deferred.ts";
import type { SecureContext } from "./secure_context.ts";
import type { ServerEvents } from "./server_event_hooks.ts";

/** The first bytes of a ticket that only names its session. */
const STORED = Buffer.from("sealane session ");

/** Bytes of the name of a session. */
const ID_LENGTH = 32;

/** What the listeners of a server stand for, at the time of a connection. */
export function serverEvents(server: EventEmitter): ServerEvents {
  const keeps = ["newSession", "resumeSession"].some((name) => server.listenerCount(name) > 0);
  return {
    tickets: (context) => keeps ? eventTickets(server, context) : null,
    ocsp: server.listenerCount("OCSPRequest") === 0 ? null : (certificate, issuer) => {
      const { promise, resolve, reject } = deferred<Uint8Array | null>();
      const done = (error: Error | null, response?: Uint8Array | null) =>
        error ? reject(error) : resolve(response ?? null);
      server.emit("OCSPRequest", Buffer.from(certificate), issuer && Buffer.from(issuer), done);
      return promise;
    },
  };
}

/** Tickets that name a session which the program keeps: `newSession` gives it away, `resumeSession` asks for it. */
function eventTickets(server: EventEmitter, context: SecureContext): Tickets {
  return {
    async issue(session: Session): Promise<Uint8Array> {
      const id = Buffer.from(context.provider.random(ID_LENGTH));
      const { promise, resolve } = deferred<void>();
      const data = Buffer.from(encodeSession(session));
      if (server.emit("newSession", id, data, () => resolve())) await promise;
      return concat([STORED, id]);
    },
    async open(ticket: Uint8Array): Promise<Session | null> {
      const id = Buffer.from(ticket.subarray(STORED.length));
      if (id.length !== ID_LENGTH || !STORED.equals(ticket.subarray(0, STORED.length))) return null;
      const { promise, resolve, reject } = deferred<Uint8Array | null>();
      const done = (error: Error | null, data?: Uint8Array | null) =>
        error ? reject(error) : resolve(data ?? null);
      if (!server.emit("resumeSession", id, done)) return null;
      const data = await promise;
      return data === null ? null : decodeSession(data);
    },
    consume: () => true, // how often a session is resumed is for the program to say
  };
}
