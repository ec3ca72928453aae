/**
 * The options that `@sealane/tls/deno` adds to those of a stream and of a handshake. What `connect` and the like take as a
 * whole is in the files beside this one.
 *
 * @module
 */
import type { TlsStreamOptions } from "../stream/stream_options.ts";

/** What `startTls` takes besides the rest. */
export interface StartTlsOwnOptions {
  /** The name that the server must have; see `ClientTarget`. */
  readonly hostname?: string;
  /**
   * What to send as early data, if a session allows it: see `TlsConn.earlyDataResult`, which has to be looked at. Anybody can
   * replay it (RFC 9846 appendix F.5).
   */
  readonly earlyMessage?: Uint8Array;
}

/** What `connect` takes besides the rest. */
export interface ConnectOwnOptions {
  /** The host to connect to, and the name that it must have; 127.0.0.1 unless given. */
  readonly hostname?: string;
  /** The TCP port. */
  readonly port: number;
  /** The name that the server must have, where it is not `hostname`. */
  readonly serverName?: string;
}

/** What `listen` takes besides the rest. */
export interface ListenOwnOptions {
  /** The address to listen on; 0.0.0.0 unless given. */
  readonly hostname?: string;
  /** The TCP port; 0 for one that is free. */
  readonly port: number;
}

/** Options of a `TlsListener` and of the streams that it makes. */
export interface ListenerOptions extends TlsStreamOptions {
  /**
   * Told of each error that kept a connection from being accepted: one that was reset before, or the system's when it has no
   * descriptor left. The listener goes on: it waits where it has to, 5 ms at first and at most a second.
   */
  readonly onAcceptError?: (error: unknown) => void;
}
