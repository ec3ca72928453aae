/**
 * What a connection is told and what it tells, beside its bytes.
 *
 * @module
 */
import { requireCount } from "@sealane/wire";
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
  /** Most bytes that wait while an earlier `Connection.receive` is pending; 262,144 unless given. */
  readonly pendingBytes?: number;
  /**
   * Most bytes of declined early data that a server skips, records with their headers. Unless given 16,384, and where the
   * configuration takes more early data than is usual, as much more.
   */
  readonly skippedEarlyData?: number;
}

/** Throws `api/argument` for a bound that is no number of bytes. */
export function checkConnectionOptions(options: ConnectionOptions): void {
  for (const name of ["pendingBytes", "heldBytes", "skippedEarlyData"] as const) {
    const bytes = options[name];
    if (bytes !== undefined) requireCount(name, bytes);
  }
}

/** The `pendingBytes` unless given. */
export const DEFAULT_PENDING_BYTES = 262_144;

/** The `skippedEarlyData` of a server that takes `maxSize` bytes of early data. */
export function skipLimit(maxSize = 14_336): number {
  // RFC 9846 §4.3.10: up to the configured max_early_data_size, and what records add to it.
  return 16_384 + Math.ceil(1.25 * Math.max(0, maxSize - 14_336));
}

/** What happens on a connection, in order. */
export type ConnectionEvent =
  | { readonly type: "data"; readonly data: Uint8Array; readonly early: boolean }
  | { readonly type: "close" }
  | Exclude<HandshakeEvent, { type: "message" | "secret" | "alert" | "recordSizeLimit" }>;
