/**
 * NewSessionTicket as a server sends it (RFC 9846 section 4.7.1).
 *
 * @module
 */
import { secretBytes } from "@sealane/wire";
import { customExtensions } from "../engine/custom_extensions.ts";
import type { CipherSuite } from "@sealane/providers";
import type { FlowContext } from "../engine/context.ts";
import {
  earlyDataInNewSessionTicket,
  encodeExtension,
  type RawExtension,
  tlsFlagsInNewSessionTicket,
} from "../extensions/mod.ts";
import { greaseValue } from "../extensions/grease.ts";
import { ticketPsk } from "../engine/key_schedule.ts";
import { encodeNewSessionTicket } from "../messages/new_session_ticket.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { MAX_TICKET_LIFETIME, type Session, type SessionPeer } from "../session/session.ts";
import { settle, type Step } from "../engine/step.ts";
import type { ReceivedHello } from "./client_hello.ts";
import {
  DEFAULT_MAX_EARLY_DATA,
  DEFAULT_MAX_TICKET_COUNT,
  DEFAULT_TICKET_COUNT,
  DEFAULT_TICKET_LIFETIME,
} from "../config/defaults.ts";

/** A server's session has none. */
const NO_TICKET = new Uint8Array();

/** How many tickets a client that asked gets (RFC 9149 section 3); `null` if it did not ask, or there are none. */
export function requestedTickets(
  config: ResolvedServerConfig,
  { ticketRequest }: ReceivedHello,
  resumed: boolean,
): number | null {
  if (ticketRequest === null || config.tickets === undefined) return null;
  const wanted = resumed ? ticketRequest.resumptionCount : ticketRequest.newSessionCount;
  return Math.min(wanted, config.maxTicketCount ?? DEFAULT_MAX_TICKET_COUNT);
}

/** What every session of a connection has in common. */
export interface ServerSessionFacts {
  /** The suite. */
  readonly suite: CipherSuite;
  /** resumption_secret. */
  readonly resumptionSecret: Uint8Array;
  /** ALPN. */
  readonly alpn: Uint8Array | null;
  /** The name that the client asked for. */
  readonly serverName: string | null;
  /** The client, if it authenticated. */
  readonly peer: SessionPeer | null;
  /** When it did: milliseconds since 1970. */
  readonly authenticatedAt: number;
  /** The policy under which it did. */
  readonly verification: string;
}

/** Makes the tickets of one connection. */
export class TicketIssuer {
  readonly #context: FlowContext;
  readonly #config: ResolvedServerConfig;
  #facts: ServerSessionFacts;
  #issued = 0;

  /** Used by the server's flow. */
  constructor(context: FlowContext, config: ResolvedServerConfig, facts: ServerSessionFacts) {
    this.#context = context;
    this.#config = config;
    this.#facts = facts;
    context.keep(facts.resumptionSecret);
  }

  /** The client has authenticated after the handshake: the tickets from now on say so (RFC 9846 section 4.7.1). */
  authenticated(peer: SessionPeer, verification: string, at: number): void {
    this.#facts = { ...this.#facts, peer, verification, authenticatedAt: at };
  }

  /** Sends `count` tickets, or as many as the configuration says. */
  *send(count: number = this.#config.ticketCount ?? DEFAULT_TICKET_COUNT): Step<void> {
    for (let i = 0; i < count; i++) yield* this.#sendOne();
  }

  *#sendOne(): Step<void> {
    const { tickets, randomBytes } = this.#config;
    if (tickets === undefined) return;
    // RFC 9846 §4.7.1: a nonce that is unique across all tickets of the connection.
    const nonce = new Uint8Array(4);
    new DataView(nonce.buffer).setUint32(0, this.#issued++);
    const [a, b, c, d] = randomBytes(4);
    const session = this.#session(nonce, (a << 24 | b << 16 | c << 8 | d) >>> 0);
    const ticket = yield* settle(tickets.issue(session));
    session.psk.fill(0);
    if (ticket === null) return;
    this.#context.sendUnhashed(encodeNewSessionTicket({
      lifetime: session.lifetime,
      ageAdd: session.ageAdd,
      nonce,
      ticket,
      extensions: this.#extensions(session),
    }));
  }

  #extensions(session: Session): RawExtension[] {
    const extensions: RawExtension[] = [];
    if (session.maxEarlyData > 0) {
      extensions.push(encodeExtension(earlyDataInNewSessionTicket, session.maxEarlyData));
    }
    if (session.flags.length > 0) {
      extensions.push(encodeExtension(tlsFlagsInNewSessionTicket, new Set(session.flags)));
    }
    if (this.#config.grease) {
      const [random] = this.#config.randomBytes(1);
      extensions.push({ type: greaseValue(random), data: new Uint8Array() });
    }
    return extensions.concat(customExtensions(this.#context, "NST"));
  }

  #session(nonce: Uint8Array, ageAdd: number): Session {
    const config = this.#config;
    const { suite, resumptionSecret, ...facts } = this.#facts;
    const { earlyData } = config;
    const size = this.#context.carrier.ticketEarlyDataSize;
    return {
      ...facts,
      cipherSuite: suite.id,
      hash: suite.hash.name,
      psk: secretBytes(ticketPsk(suite.hash, resumptionSecret, nonce)),
      ticket: NO_TICKET,
      lifetime: Math.min(config.ticketLifetime ?? DEFAULT_TICKET_LIFETIME, MAX_TICKET_LIFETIME),
      ageAdd,
      issuedAt: config.clock(),
      maxEarlyData: earlyData === undefined
        ? 0
        : size ?? earlyData.maxSize ?? DEFAULT_MAX_EARLY_DATA,
      localIdentity: null,
      context: config.earlyDataContext ?? null,
      flags: config.ticketFlags ?? [],
    };
  }
}
