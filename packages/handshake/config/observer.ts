/**
 * The one hook to watch a handshake with: key logs, qlog, tests and pages all hang on it.
 *
 * @module
 */
import { toHex } from "@sealane/wire";
import type { Level } from "../messages/level.ts";

/** The labels of an NSS key log, draft-ietf-tls-keylogfile. */
export type KeyLogLabel =
  | "CLIENT_EARLY_TRAFFIC_SECRET"
  | "EARLY_EXPORTER_SECRET"
  | "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
  | "SERVER_HANDSHAKE_TRAFFIC_SECRET"
  | "CLIENT_TRAFFIC_SECRET_0"
  | "SERVER_TRAFFIC_SECRET_0"
  | "EXPORTER_SECRET";

/** The stages of a handshake, in order; `helloRetry` only where there is one. */
export type Stage =
  | "start"
  | "helloRetry"
  | "helloDone"
  | "peerAuthenticated"
  | "finished"
  | "complete"
  | "failed";

/** Watches a handshake. It is called synchronously and must not throw. */
export interface Observer {
  /** A handshake message, header and body, that was sent or has arrived whole. */
  message?(direction: "read" | "write", level: Level, bytes: Uint8Array): void;
  /**
   * The ClientHello inside of an encrypted one (RFC 9849), header and body: before the outer one that is sent, after the one
   * that has arrived and was opened.
   */
  clientHelloInner?(direction: "read" | "write", bytes: Uint8Array): void;
  /** A stage was reached, at `now` milliseconds of the configured clock. */
  stage?(stage: Stage, now: number): void;
  /**
   * A secret. Giving this function is what switches key logging on: whoever has these secrets can read the connection.
   * The views are valid during the call only.
   */
  secret?(label: KeyLogLabel, clientRandom: Uint8Array, secret: Uint8Array): void;
}

/** A line of an NSS key log, as Wireshark reads it, without the newline. */
export function keyLogLine(
  label: KeyLogLabel,
  clientRandom: Uint8Array,
  secret: Uint8Array,
): string {
  return `${label} ${toHex(clientRandom)} ${toHex(secret)}`;
}
