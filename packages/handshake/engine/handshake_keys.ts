/**
 * The handshake traffic secrets, which both roles derive alike (RFC 9846 section 7.1).
 *
 * @module
 */
import type { Hash } from "@sealane/providers";
import { wipe } from "@sealane/wire";
import type { FlowContext } from "./context.ts";
import { EarlySecret, type MainSecret } from "./key_schedule.ts";
import type { Psk } from "./psk.ts";

/** The secrets that belong to the transcript up to ServerHello. */
export interface HandshakeKeys {
  /** client_handshake_traffic_secret. */
  readonly clientTraffic: Uint8Array;
  /** server_handshake_traffic_secret. */
  readonly serverTraffic: Uint8Array;
  /** The next stage of the key schedule. */
  readonly main: MainSecret;
}

/**
 * Derives and logs the handshake secrets of a PSK, of a key exchange, whose secret it wipes, or of both; the transcript ends
 * with ServerHello.
 */
export function deriveHandshakeKeys(
  context: FlowContext,
  hash: Hash,
  psk: Psk | null,
  sharedSecret: Uint8Array | null,
): HandshakeKeys {
  const handshake = new EarlySecret(hash, psk?.key ?? null).handshakeSecret(sharedSecret);
  wipe(sharedSecret);
  const transcriptHash = context.transcript.digest();
  const clientTraffic = context.keep(handshake.clientTraffic(transcriptHash));
  const serverTraffic = context.keep(handshake.serverTraffic(transcriptHash));
  context.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientTraffic);
  context.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", serverTraffic);
  return { clientTraffic, serverTraffic, main: handshake.mainSecret() };
}

/** Wipes the traffic secrets once both Finished messages are through. */
export function forgetHandshakeKeys(
  context: FlowContext,
  { clientTraffic, serverTraffic }: HandshakeKeys,
): void {
  context.forget(clientTraffic);
  context.forget(serverTraffic);
}
