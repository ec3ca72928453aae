/**
 * From the options of a socket to its connection.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { clientConnection, type ClientPlan } from "./client_config.ts";
import type { End } from "./end.ts";
import { serverConnection, type ServerPlan } from "./server_config.ts";
import { NO_EVENTS } from "./server_event_hooks.ts";
import { sessionOf } from "./session_option.ts";
import { nodeError } from "./node_error.ts";
import type { TlsSocketOptions } from "./socket_options.ts";
import { validateString } from "./validate.ts";

/** OpenSSL's bound of the hint, bytes. */
const MAX_HINT = 256;

/** Options, and what was set on the socket since. */
export interface OpenOptions extends TlsSocketOptions {
  /** Most bytes in a record that is sent. */
  readonly maxFragment: number | undefined;
}

/**
 * The connection of a socket, not begun.
 *
 * @throws {TlsError} `api/config`; errors with Node's codes for callbacks that are none.
 */
export function openConnection(end: End, socket: object, options: OpenOptions): Connection {
  return options.isServer
    ? serverConnection(serverPlan(socket, options), end)
    : clientConnection(clientPlan(options), end);
}

function serverPlan(socket: object, options: OpenOptions): ServerPlan {
  const { ALPNCallback, SNICallback, pskCallback, pskIdentityHint } = options;
  if (pskIdentityHint) checkHint(pskIdentityHint);
  return {
    requestCert: options.requestCert === true,
    ALPNProtocols: options.ALPNProtocols,
    ALPNCallback,
    SNICallback,
    // On a server's end it is the callback of a server: it has two arguments.
    pskCallback: pskCallback as ServerPlan["pskCallback"],
    requireCloseNotify: options.requireCloseNotify === true,
    maxFragment: options.maxFragment,
    socket,
    events: options.serverEvents ?? NO_EVENTS,
    // The same: what is meant for a server.
    sealane: options.sealane as ServerPlan["sealane"],
  };
}

/** TLS 1.3 has no hint; one that is too long for older versions is refused as there. */
function checkHint(hint: string): void {
  validateString(hint, "options.pskIdentityHint");
  if (hint.length <= MAX_HINT) return;
  throw nodeError("ERR_TLS_PSK_SET_IDENTITY_HINT_FAILED", "Failed to set PSK identity hint");
}

function clientPlan(options: OpenOptions): ClientPlan {
  const { servername, host, pskCallback } = options;
  return {
    servername: servername ?? "",
    host: servername || host || "localhost",
    ALPNProtocols: options.ALPNProtocols,
    checkServerIdentity: options.checkServerIdentity,
    session: sessionOf(options.session),
    requestOCSP: options.requestOCSP === true,
    // On a client's end it is the callback of a client.
    pskCallback: pskCallback as ClientPlan["pskCallback"],
    requireCloseNotify: options.requireCloseNotify === true,
    maxFragment: options.maxFragment,
    // The same: what is meant for a client.
    sealane: options.sealane as ClientPlan["sealane"],
  };
}
