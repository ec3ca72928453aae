/**
 * The names of the options of streams and connections: a name that is missing here does not compile.
 *
 * @module
 */
import type { OptionNames } from "@sealane/handshake";
import type { TlsStreamOptions } from "./stream_options.ts";

/** Of a stream, those of its connection among them. */
export const STREAM_OPTIONS: OptionNames<TlsStreamOptions> = {
  signal: true,
  handshakeTimeout: true,
  closeTimeout: true,
  onEvent: true,
  maxFragment: true,
  padding: true,
  recordLimits: true,
  allowTruncation: true,
  heldBytes: true,
  pendingBytes: true,
  skippedEarlyData: true,
};
