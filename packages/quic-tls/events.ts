/**
 * What a session tells the transport.
 *
 * @module
 */
import type { EarlyDataReason, HandshakeInfo, Level, TicketEvent } from "@sealane/handshake";
import type { TlsError } from "@sealane/wire";
import type { QuicError, TransportErrorCode } from "./errors.ts";
import type { TransportParameters } from "./parameters/transport_parameters.ts";
import type { QuicVersion } from "./packets/version.ts";

/** What a session tells the transport, in order. */
export type QuicTlsEvent =
  | KeysEvent
  | KeysDiscardedEvent
  | VersionEvent
  | TransportParametersEvent
  | QuicEarlyDataEvent
  | TicketEvent
  | QuicCompleteEvent
  | ConfirmedEvent
  | CloseEvent;

/** Packets of a level can be sent, or opened: see {@link QuicTls.takeHeldPackets}. */
export interface KeysEvent {
  /** Which event this is. */
  readonly type: "keys";
  /** The encryption level. */
  readonly level: Level;
  /** Whether packets can be opened or sent. */
  readonly direction: "read" | "write";
}

/** A level is over: forget its packets, its unacknowledged data and its timers (RFC 9002 section 6.4). */
export interface KeysDiscardedEvent {
  /** Which event this is. */
  readonly type: "keysDiscarded";
  /** The encryption level. */
  readonly level: Level;
}

/** The version in use changed (RFC 9368 section 2.3): later long headers have it, but for 0-RTT. */
export interface VersionEvent {
  /** Which event this is. */
  readonly type: "version";
  /** The version that is in use now. */
  readonly version: QuicVersion;
}

/** The peer's transport parameters, checked. They are not to be trusted before `complete`. */
export interface TransportParametersEvent {
  /** Which event this is. */
  readonly type: "transportParameters";
  /** The parameters. */
  readonly parameters: TransportParameters;
}

/** Whether 0-RTT counts. A client whose 0-RTT was declined sends its data again in 1-RTT packets. */
export interface QuicEarlyDataEvent {
  /** Which event this is. */
  readonly type: "earlyData";
  /** Whether the server took it. */
  readonly accepted: boolean;
  /** Why, or why not. */
  readonly reason: EarlyDataReason;
}

/** The handshake is complete (RFC 9001 section 4.1.1). A server now sends HANDSHAKE_DONE. */
export interface QuicCompleteEvent {
  /** Which event this is. */
  readonly type: "complete";
  /** What was agreed on. */
  readonly info: HandshakeInfo;
}

/** The handshake is confirmed (RFC 9001 section 4.1.2). */
export interface ConfirmedEvent {
  /** Which event this is. */
  readonly type: "confirmed";
}

/** The connection has to be closed: send CONNECTION_CLOSE of type 0x1c with `code`. The last event. */
export interface CloseEvent {
  /** Which event this is. */
  readonly type: "close";
  /** The error code of the frame. */
  readonly code: TransportErrorCode;
  /** What happened. */
  readonly error: TlsError | QuicError;
}
