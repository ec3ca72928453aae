/**
 * What the exchange of a test needs of a connection, whichever carrier it is on.
 *
 * @module
 */
import type { EarlyDataReason, HandshakeInfo, Session } from "@sealane/handshake";
import type { AlertDescription } from "@sealane/wire";

/** What a connection has shown so far, for the `-expect-…` flags. */
export interface EndpointState {
  /** What was agreed; `null` until it is known. */
  readonly info: HandshakeInfo | null;
  /** Whether the handshake is done. */
  readonly complete: boolean;
  /** Whether early data may be sent (a client) or read (a server), the handshake not being done. */
  readonly inEarlyData: boolean;
  /** The verdict on early data; `null` until there is one. */
  readonly earlyData: { readonly accepted: boolean; readonly reason: EarlyDataReason } | null;
  /** The newest session that the server gave a client. */
  readonly session: Session | null;
  /** The peer's QUIC transport parameters. */
  readonly transportParameters: Uint8Array | null;
}

/** One connection to the runner. */
export interface Endpoint {
  /** What it has shown so far. */
  readonly state: EndpointState;
  /** Runs until the handshake is done, or until a client may write early data. */
  handshake(): Promise<void>;
  /** As a client in early data: goes on until a handshake message of this type has come. */
  handshakeUntil(messageType: number): Promise<void>;
  /** At most `most` bytes of application data, or `null` at the end of the peer's data. */
  read(most: number): Promise<Uint8Array | null>;
  /** Sends application data, in early data where that is open. */
  write(data: Uint8Array): Promise<void>;
  /** Holds all but the first byte of `data` back until {@link Endpoint.releaseWrite}. */
  writeUnfinished(data: Uint8Array): Promise<void>;
  /** Sends what {@link Endpoint.writeUnfinished} held back. */
  releaseWrite(): Promise<void>;
  /** Sends a KeyUpdate that asks for none in return. */
  keyUpdate(): Promise<void>;
  /** Sends a fatal alert. */
  sendAlert(description: AlertDescription): Promise<void>;
  /** Keying material of the exporter. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
  /** The current traffic secrets. */
  trafficSecrets(): { readonly read: Uint8Array; readonly write: Uint8Array };
  /** Sends close_notify, and with `wait` reads on until the peer's. */
  shutdown(wait: boolean): Promise<void>;
}

/** Which of the connections of a run this is. */
export interface ExchangeRole {
  /** Whether it is not the first. */
  readonly isResume: boolean;
  /** Whether it goes on after its early data was declined. */
  readonly isRetry: boolean;
}
