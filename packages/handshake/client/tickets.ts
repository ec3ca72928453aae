/**
 * NewSessionTicket as a client takes it (RFC 9846 section 4.7.1).
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { HandshakeType, secretBytes, TlsError } from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  decodeExtension,
  earlyDataInNewSessionTicket,
  tlsFlagsInNewSessionTicket,
} from "../extensions/mod.ts";
import { ticketPsk } from "../engine/key_schedule.ts";
import { decodeNewSessionTicket } from "../messages/new_session_ticket.ts";
import type { PostHandshake } from "../engine/post_handshake.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { MAX_TICKET_LIFETIME, type Session, type SessionPeer } from "../session/session.ts";
import { settle, type Step } from "../engine/step.ts";
import { sessionKey } from "./psk.ts";

/** What every session of a connection has in common. */
export interface SessionFacts {
  /** The suite. */
  readonly suite: CipherSuite;
  /** resumption_secret. */
  readonly resumptionSecret: Uint8Array;
  /** ALPN. */
  readonly alpn: Uint8Array | null;
  /** The server. */
  readonly peer: SessionPeer | null;
  /** When it was last authenticated: milliseconds since 1970. */
  readonly authenticatedAt: number;
  /** What the server sent in the extension that is remembered. */
  readonly remembered: Uint8Array | null;
  /** The policy that the server was authenticated under. */
  readonly verification: string;
  /** A digest of what we authenticated with; `null` if we did not. It changes with post-handshake authentication. */
  localIdentity: Uint8Array | null;
}

/** Handles tickets from now on. */
export function receiveTickets(
  context: FlowContext,
  post: PostHandshake,
  config: ResolvedClientConfig,
  target: ClientTarget,
  facts: SessionFacts,
): void {
  context.keep(facts.resumptionSecret);
  const key = sessionKey(target);
  let kept = 0;
  post.handle(HandshakeType.new_session_ticket, function* (message): Step<void> {
    const session = readTicket(context, config, target, facts, message.body);
    if (session === null || ++kept > config.allLimits.tickets) return;
    context.emit({ type: "ticket", session });
    if (key !== null) yield* settle(config.sessionCache?.put(key, session));
  });
}

/** The session of a NewSessionTicket; `null` if it is not to be kept. */
function readTicket(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
  facts: SessionFacts,
  body: Uint8Array,
): Session | null {
  const ticket = decodeNewSessionTicket(body);
  const maxEarlyData = decodeExtension(ticket.extensions, earlyDataInNewSessionTicket) ?? 0;
  const only = context.carrier.ticketEarlyDataSize;
  // RFC 9001 §4.6.1: any other value is a connection error.
  if (only !== null && maxEarlyData !== 0 && maxEarlyData !== only) {
    throw new TlsError("peer/ticket", `NewSessionTicket has max_early_data_size ${maxEarlyData}`);
  }
  const flags = decodeExtension(ticket.extensions, tlsFlagsInNewSessionTicket) ?? [];
  // RFC 9846 §4.7.1: a lifetime of zero says that the ticket should be discarded at once.
  if (ticket.lifetime === 0) return null;
  const { hash } = facts.suite;
  return {
    cipherSuite: facts.suite.id,
    hash: hash.name,
    psk: secretBytes(ticketPsk(hash, facts.resumptionSecret, ticket.nonce)),
    ticket: ticket.ticket.slice(),
    // RFC 9846 §4.7.1: no longer than seven days, whatever the server says.
    lifetime: Math.min(ticket.lifetime, MAX_TICKET_LIFETIME),
    ageAdd: ticket.ageAdd,
    issuedAt: config.clock(),
    authenticatedAt: facts.authenticatedAt,
    maxEarlyData,
    serverName: target.serverName ?? null,
    alpn: facts.alpn,
    peer: facts.peer,
    verification: facts.verification,
    localIdentity: facts.localIdentity,
    context: facts.remembered,
    flags: Array.from(flags).sort((a, b) => a - b),
  };
}
