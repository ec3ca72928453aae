/**
 * What a connection is told and what it tells, beside its bytes.
 *
 * @module
 */
import type { HandshakeEvent } from "@sealane/handshake";
import type { PaddingPolicy, RecordLimits } from "@sealane/record";

/** Options of a connection besides the configuration of its handshake. */
export interface ConnectionOptions {
  /** Most bytes of content in a record that is sent: 64 to 16,384, which is what it is unless given. */
  readonly maxFragment?: number;
  /** How much to pad records that are sent; not at all unless given. */
  readonly padding?: PaddingPolicy;
  /** Bounds on the records of the peer. */
  readonly recordLimits?: Partial<RecordLimits>;
  /** Whether the end of the stream without close_notify is taken for an end; unless given it is `peer/truncated`. */
  readonly allowTruncation?: boolean;
  /** Most bytes that `Connection.write` holds until the handshake is done; 1 MiB unless given. */
  readonly heldBytes?: number;
  /** Most bytes of declined early data that a server skips, records with their headers; 16,384 unless given. */
  readonly skippedEarlyData?: number;
}

/** What happens on a connection, in order. */
export type ConnectionEvent =
  | { readonly type: "data"; readonly data: Uint8Array; readonly early: boolean }
  | { readonly type: "close" }
  | Exclude<HandshakeEvent, { type: "message" | "secret" | "alert" | "recordSizeLimit" }>;
