/**
 * What a QUIC session adds to a TLS session: the version it belongs to (RFC 9369 section 5) and the transport parameters
 * that 0-RTT starts with (RFC 9000 section 7.4.1).
 *
 * A client's session has the server's parameters as they came; a server's has what {@link encodeContext} makes.
 *
 * @module
 */
import type {
  ClientConfig,
  ClientTarget,
  ServerConfig,
  Session,
  Tickets,
} from "@sealane/handshake";
import { chain, type MaybePromise } from "@sealane/providers";
import { concat, equalBytes, Reader, Writer } from "@sealane/wire";
import type { ConnectionHooks } from "./connection_hooks.ts";
import {
  decodeRemembered,
  encodeRemembered,
  mayAcceptEarlyData,
  type RememberedParameters,
  rememberParameters,
} from "../parameters/remembered_parameters.ts";
import {
  decodeTransportParameters,
  encodeTransportParameters,
} from "../parameters/transport_parameter_codec.ts";
import type { TransportParameters } from "../parameters/transport_parameters.ts";
import { QUIC_V1, type QuicVersion } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);

/** What a server's session remembers of its connection. */
export interface ServerContext {
  /** The number of the version in use. */
  readonly version: number;
  /** The server's limits. */
  readonly parameters: RememberedParameters;
  /** What the application's early data depends on besides. */
  readonly application: Uint8Array;
}

/** The bytes of a server's context. */
export function encodeContext(context: ServerContext): Uint8Array {
  return new Writer().u32(context.version).vector16(encodeRemembered(context.parameters))
    .bytes(context.application).finish();
}

/** The reverse of {@link encodeContext}; `null` for other bytes. */
export function decodeContext(bytes: Uint8Array): ServerContext | null {
  try {
    const reader = new Reader(bytes, "session context");
    const version = reader.u32("version");
    const parameters = decodeRemembered(reader.vector16("parameters"));
    return { version, parameters, application: reader.rest() };
  } catch {
    return null; // Of another program or another time: the session is not resumed.
  }
}

/** What a server's connection knows about itself. */
export interface ServerState {
  /** The version of the client's first packet. */
  readonly originalVersion: QuicVersion;
  /** Our transport parameters. */
  readonly parameters: TransportParameters;
  /** The version in use now. */
  version(): QuicVersion;
}

/** The parts of a server's TLS configuration that bind tickets to the version and early data to the parameters. */
export function serverResumption(
  { tickets, earlyDataContext: application = EMPTY }: ServerConfig,
  state: ServerState,
): Pick<ServerConfig, "tickets" | "earlyDataContext"> {
  const parameters = rememberParameters(state.parameters);
  const contextOf = (version: QuicVersion): Uint8Array =>
    encodeContext({ version: version.id, parameters, application });
  const earlyDataContext = contextOf(state.originalVersion);
  if (tickets === undefined) return { earlyDataContext };

  /** The session as the handshake compares it: its context is ours if its early data is welcome. */
  const recognize = (session: Session | null): Session | null => {
    const context = session?.context ? decodeContext(session.context) : null;
    // RFC 9369 §5: a ticket of another version is not accepted.
    if (session === null || context?.version !== state.originalVersion.id) return null;
    const welcome = mayAcceptEarlyData(context.parameters, parameters) &&
      equalBytes(context.application, application);
    return welcome ? { ...session, context: earlyDataContext } : session;
  };
  const bound: Tickets = {
    // RFC 9369 §5: after compatible negotiation a ticket belongs to the negotiated version.
    issue: (session) => tickets.issue({ ...session, context: contextOf(state.version()) }),
    open: (ticket) => chain(tickets.open(ticket), recognize),
    consume: (ticket, session) => tickets.consume(ticket, session),
  };
  return { tickets: bound, earlyDataContext };
}

/**
 * A client's new session, which says the version of its connection: RFC 9369 section 5 has no session resumed with another
 * one, and not every server sends `version_information`.
 */
export function withVersion(session: Session, version: QuicVersion): Session {
  if (session.context === null) return session;
  const known = decodeTransportParameters(session.context, "server").versionInformation;
  if (known !== undefined) return session;
  const versionInformation = { chosenVersion: version.id, availableVersions: [] };
  const said = encodeTransportParameters({ versionInformation }, "server");
  return { ...session, context: concat([session.context, said]) };
}

/** What a client's session says about 0-RTT, or `null` for a session of another version. */
export function rememberedOf(session: Session, version: QuicVersion): RememberedParameters | null {
  if (session.context === null) return null;
  let parameters;
  try {
    parameters = decodeTransportParameters(session.context, "server");
  } catch {
    return null; // The cache is the program's, and may be from another time.
  }
  const chosen = parameters.versionInformation?.chosenVersion ?? QUIC_V1.id;
  return chosen === version.id ? rememberParameters(parameters) : null;
}

/** A client's configuration and target that offer sessions of `version` only; the connection is told which is offered. */
export function clientResumption(
  tls: ClientConfig,
  target: ClientTarget,
  version: QuicVersion,
  hooks: Pick<ConnectionHooks, "onSession" | "version">,
): { tls: ClientConfig; target: ClientTarget } {
  const pick = (session: Session | null): Session | null => {
    const remembered = session === null ? null : rememberedOf(session, version);
    if (remembered === null) return null;
    hooks.onSession(remembered);
    return session;
  };
  const { session, ...rest } = target;
  const picked = session === undefined ? null : pick(session);
  const { sessionCache } = tls;
  return {
    target: picked === null ? rest : { ...rest, session: picked },
    tls: sessionCache === undefined ? tls : {
      ...tls,
      sessionCache: {
        take: (server): MaybePromise<Session | null> => chain(sessionCache.take(server), pick),
        put: (server, kept) => sessionCache.put(server, withVersion(kept, hooks.version())),
        rememberedGroup: (server) => sessionCache.rememberedGroup?.(server) ?? null,
        rememberGroup: (server, group) => sessionCache.rememberGroup?.(server, group),
      },
    },
  };
}
