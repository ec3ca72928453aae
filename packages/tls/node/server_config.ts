/**
 * From the options of a server to a connection.
 *
 * @module
 */
import { isIP } from "node:net";
import type { ServerConfig, Tickets } from "@sealane/handshake";
import { defaultTickets } from "../options/default_sessions.ts";
import { TlsError } from "@sealane/wire";
import { Connection } from "../connection/connection.ts";
import { deferred } from "../connection/deferred.ts";
import { type AlpnProtocols, protocolList } from "./alpn.ts";
import { allOf, commonConfig } from "./client_config.ts";
import { callbackError, calling, type End, judge, observerOf } from "./end.ts";
import { nodeError } from "./node_error.ts";
import type { ServerEvents } from "./server_event_hooks.ts";
import { serverPsk } from "./psk.ts";
import { SecureContext } from "./secure_context.ts";
import type { AlpnCallback, PskServerCallback, SniCallback } from "./socket_options.ts";
import { verifyClient } from "./verify.ts";

/** What a server's connection is made of. */
export interface ServerPlan {
  /** Whether clients are asked for a certificate. */
  readonly requestCert: boolean;
  /** Application protocols. */
  readonly ALPNProtocols?: AlpnProtocols | null;
  /** Chooses one. */
  readonly ALPNCallback?: AlpnCallback | null;
  /** Finds the context for a name. */
  readonly SNICallback?: SniCallback | null;
  /** Finds the key of an external PSK. */
  readonly pskCallback?: PskServerCallback | null;
  /** Whether an end without close_notify is an error. */
  readonly requireCloseNotify: boolean;
  /** Most bytes in a record that is sent. */
  readonly maxFragment: number | undefined;
  /** The socket, for the callbacks. */
  readonly socket: object;
  /** Sessions that the program keeps itself, and OCSP responses that it gives. */
  readonly events: ServerEvents;
  /** More, which wins. */
  readonly sealane?: Partial<ServerConfig>;
}

/**
 * A connection of a client.
 *
 * @throws {TlsError} `api/config`.
 */
export function serverConnection(plan: ServerPlan, end: End): Connection {
  const { SNICallback, ALPNCallback, socket } = plan;
  const alpn: { chosen: Uint8Array | null } = { chosen: null };
  const config: ServerConfig = {
    ...contextConfig(plan, end, end.state.context, alpn),
    onClientHello: (hello) => {
      end.state.peerSchemes = hello.signatureSchemes;
      const servername = hello.serverName ?? "";
      end.asked(servername);
      // Before the certificate is chosen, since it may set one.
      if (ALPNCallback && hello.alpn.length > 0) {
        const protocol = { callback: ALPNCallback, servername, offered: hello.alpn };
        alpn.chosen = chooseProtocol(protocol, socket, end);
      }
      if (!SNICallback || servername === "" || isIP(servername) !== 0) return;
      return contextFor(servername, SNICallback, end).then((context) => {
        if (context === null) return undefined;
        end.state.context = context;
        return contextConfig(plan, end, context, alpn);
      });
    },
  };
  return Connection.server(config, {
    allowTruncation: !plan.requireCloseNotify,
    maxFragment: plan.maxFragment,
  });
}

function contextConfig(
  plan: ServerPlan,
  end: End,
  context: SecureContext,
  alpn: { readonly chosen: Uint8Array | null },
): ServerConfig {
  const { requestCert, ALPNProtocols, ALPNCallback, pskCallback, sealane } = plan;
  const verifies = requestCert || sealane?.trust === undefined; // for renegotiate() too
  const { ocsp } = plan.events;
  return {
    ...commonConfig(context),
    ...(ALPNProtocols && { alpn: protocolList(ALPNProtocols) }),
    ...(ALPNCallback && { selectAlpn: () => alpn.chosen }),
    ...(pskCallback && { findPsk: pskFinder(pskCallback, plan.socket, end) }),
    ...(ocsp &&
      {
        ocspResponse: (credential: { certificates: readonly Uint8Array[] }) =>
          ocsp(credential.certificates[0], credential.certificates[1] ?? null),
      }),
    ...(context.givesTickets && {
      tickets: plan.events.tickets(context) ?? ticketsOf(context),
    }),
    ...(context.sessionTimeout !== undefined && { ticketLifetime: context.sessionTimeout }),
    ...(context.preferServerCipherSuites && { preferServerCipherSuites: true }),
    observer: observerOf(end),
    verifyOnResumption: true,
    credentials: () => credentialsOf(end.state.keyCert ?? context),
    ...(requestCert && {
      clientAuthentication: end.rejectUnauthorized ? "required" : "requested",
      certificateAuthorities: context.hasOwnTrust ? authoritiesOf(context) : [],
    }),
    ...(verifies && {
      verifyPeer: (peer, { now }) => judge(end, () => verifyClient(peer, { context, now })),
    }),
    ...sealane,
  };
}

function credentialsOf({ credentials }: SecureContext) {
  if (credentials.length > 0) return allOf(credentials);
  throw new TlsError(
    "peer/no-common-signature-scheme",
    "no suitable signature algorithm: the context has no certificate",
  );
}

const tickets = new WeakMap<SecureContext, Tickets>();

/** The tickets that a context seals. */
function ticketsOf(context: SecureContext): Tickets {
  let own = tickets.get(context);
  if (own === undefined) {
    const { provider, ticketKeys: keys, sessionContext } = context;
    own = defaultTickets(provider, { keys, context: sessionContext });
    tickets.set(context, own);
  }
  return own;
}

/** Most names of authorities to send: RFC 9846 §4.3.4 has no bound, but records are better small. */
const MAX_AUTHORITIES = 64;

function authoritiesOf({ trust }: SecureContext): Uint8Array[] {
  return [...trust.anchors()].slice(0, MAX_AUTHORITIES).map(({ subject }) => subject.raw);
}

/** What a client offers, and who chooses from it. */
interface ProtocolChoice {
  readonly callback: AlpnCallback;
  readonly servername: string;
  readonly offered: readonly Uint8Array[];
}

function chooseProtocol(
  { callback, servername, offered }: ProtocolChoice,
  socket: object,
  end: End,
): Uint8Array {
  const protocols = offered.map((bytes) => new TextDecoder("latin1").decode(bytes));
  const chosen = calling(end, () => {
    const result = callback.call(socket, { servername, protocols });
    if (result === undefined || protocols.includes(result)) return result;
    throw nodeError(
      "ERR_TLS_ALPN_CALLBACK_INVALID_RESULT",
      `ALPN callback returned a value (${result}) that did not match any of the client's ` +
        `offered protocols (${protocols.join(", ")})`,
      TypeError,
    );
  });
  if (chosen !== undefined) return offered[protocols.indexOf(chosen)];
  throw new TlsError("peer/no-application-protocol", "the ALPN callback refused what was offered");
}

function pskFinder(callback: PskServerCallback, socket: object, end: End) {
  return (identity: Uint8Array) =>
    calling(end, () => serverPsk(identity, callback(socket, new TextDecoder().decode(identity))));
}

/** The context that a callback finds; `null` for the server's own. */
async function contextFor(
  name: string,
  callback: SniCallback,
  end: End,
): Promise<SecureContext | null> {
  const { promise, resolve, reject } = deferred<unknown>();
  let called = false;
  const done = (error: Error | null, context?: unknown) => {
    if (called) {
      end.callbackFailed(nodeError("ERR_MULTIPLE_CALLBACK", "Callback called multiple times"));
    }
    called = true;
    if (error) reject(error);
    else resolve(context);
  };
  try {
    callback(name, done);
    const found = await promise;
    if (!found) return null;
    if (found instanceof SecureContext) return found;
    throw nodeError("ERR_TLS_INVALID_CONTEXT", "Invalid SNI context", TypeError);
  } catch (error) {
    throw callbackError(end, error);
  }
}
