/**
 * Early data on streams: what a client sends before it has heard from the server (RFC 9846 section 2.3). Anybody who sees
 * it can send it again, to the same server or another one: it is for what may happen twice.
 *
 * @module
 */
import type { EarlyDataParameters, EarlyDataReason, HandshakeInfo } from "@sealane/handshake";

/** What became of the early data of a client. */
export interface EarlyDataResult {
  /** Whether the server took it. */
  readonly accepted: boolean;
  /** Why not, or `accepted`. */
  readonly reason: EarlyDataReason | null;
  /**
   * What the server has not seen: all of it where early data was not accepted or not possible, what went over the limit of the
   * session where it was. Nothing is sent again by itself (RFC 9846 section 4.3.10): write it, if it still makes sense.
   */
  readonly unsent: Uint8Array;
  /** Whether the connection has the application protocol that the early data was made for: if not, it has to be made anew. */
  readonly sameProtocol: boolean;
}

/** The result of sending `data`, of which `taken` bytes went out, as `parameters` say. */
export function earlyDataResult(
  info: HandshakeInfo,
  data: Uint8Array,
  taken: number,
  parameters: EarlyDataParameters | null,
): EarlyDataResult {
  const accepted = info.earlyDataAccepted;
  return {
    accepted,
    reason: info.earlyDataReason,
    unsent: data.subarray(accepted ? taken : 0),
    sameProtocol: parameters === null || protocolOf(parameters) === info.alpn,
  };
}

/** The application protocol; `null` without one. */
function protocolOf({ alpn }: EarlyDataParameters): string | null {
  return alpn === null ? null : new TextDecoder().decode(alpn);
}
