/**
 * The options of a stream.
 *
 * @module
 */
import type { ConnectionEvent, ConnectionOptions } from "../connection/connection_options.ts";

/** Options of a stream besides the configuration of its handshake. */
export interface TlsStreamOptions extends ConnectionOptions {
  /** Ends the connection with an error as soon as it is aborted, during the handshake and after it. */
  readonly signal?: AbortSignal;
  /** How long the handshake may take, milliseconds; 60,000 unless given. */
  readonly handshakeTimeout?: number;
  /**
   * How long an end waits, milliseconds; 1,000 unless given. `TlsStream.close` waits as long for the transport to take
   * more of what was written, and any end, after it, as long for the last alert to go out and the peer to close: a socket
   * that is closed with unread bytes resets the connection, and the last data or the alert would be lost with it.
   */
  readonly closeTimeout?: number;
  /** Told of everything that happens on the connection except data, in order; it must not throw. */
  readonly onEvent?: (event: Exclude<ConnectionEvent, { type: "data" }>) => void;
}
